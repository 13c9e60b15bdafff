"""The kinds of local assets a customer may own, as a scenario file describes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Struct, field

from micromarket.domain.units import Dimension
from micromarket.simulation.scenario.fields import (
    Area,
    Conductance,
    DailyTemperatures,
    Duration,
    Energy,
    Flow,
    Forecast,
    Fraction,
    FractionPerDay,
    HeatCapacity,
    Hours,
    Identifier,
    Irradiance,
    Money,
    MoneyPerHour,
    Power,
    PowerForecast,
    Price,
    PriceSlope,
    SeriesRef,
    Temperature,
    TemperatureDifference,
    TemperatureSlope,
    Volume,
    Weekdays,
    Yield,
    about,
    series_of,
)

INDOORS = {"least": -40, "most": 60}
OUTDOORS = {"least": -90, "most": 70}
WATER = {"least": 0, "most": 100}
"""Limits of temperatures [°C] that catch kelvins and Fahrenheits written as °C."""


class _Asset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    id: Annotated[Identifier | None, about("Name; by default customer/kind, numbered if there are several.")] = None


class Load(_Asset, frozen=True, kw_only=True, tag="load"):
    """What a home draws whatever the price."""

    power: Annotated[Power | SeriesRef, about("Average power drawn, a positive number.", least=0)]
    forecast: PowerForecast = "yesterday"


class ByWeekday(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each day of the week adds; by name, since published tables begin on Sunday or on Monday."""

    mon: Annotated[Power, about("Monday.")]
    tue: Annotated[Power, about("Tuesday.")]
    wed: Annotated[Power, about("Wednesday.")]
    thu: Annotated[Power, about("Thursday.")]
    fri: Annotated[Power, about("Friday.")]
    sat: Annotated[Power, about("Saturday.")]
    sun: Annotated[Power, about("Sunday.")]


class Lines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A straight line over the outdoor temperature for each of the 24 local hours."""

    intercept: Annotated[tuple[Power, ...], about("Power at 0 °F, for the hours from 00:00 on; 24 of them.")]
    slope: Annotated[
        tuple[TemperatureSlope, ...], about("Rise with the temperature, for the hours from 00:00 on; 24 of them.")
    ]


class Seasons(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines for each season; spring and autumn have others up to 56.6 °F, when buildings heat."""

    winter: Annotated[Lines, about("December to February.")]
    spring: Annotated[Lines, about("March to May, above 56.6 °F.")]
    spring_cold: Annotated[Lines, about("March to May, up to 56.6 °F.")]
    summer: Annotated[Lines, about("June to August.")]
    autumn: Annotated[Lines, about("September to November, above 56.6 °F.")]
    autumn_cold: Annotated[Lines, about("September to November, up to 56.6 °F.")]


class OpenLoopLoad(_Asset, frozen=True, kw_only=True, tag="open_loop_load"):
    """A load that follows from calendar and outdoor temperature, such as a city: nobody steers it."""

    weekdays: Annotated[ByWeekday, about("What each day of the week adds to the line.")]
    seasons: Annotated[Seasons, about("Lines over the outdoor temperature.")]
    scale: Annotated[float, about("Factor on all of it.", above=0)] = 1.0
    outdoor: Annotated[Temperature | SeriesRef, about("Temperature outdoors, as it is.", **OUTDOORS)]
    outdoor_forecast: Annotated[
        Annotated[SeriesRef, series_of(Dimension.TEMPERATURE)] | None,
        about("Temperature outdoors as it is foreseen; instead of `forecast`.", **OUTDOORS),
    ] = None
    forecast: Forecast = "perfect"


class Photovoltaic(_Asset, frozen=True, kw_only=True, tag="pv"):
    """A photovoltaic plant, as rated power times a yield, or as a series of its power."""

    peak: Annotated[Power | None, about("Rated power; goes with `yield`.", above=0)] = None
    production: Annotated[
        Yield | SeriesRef | None, about("Power for each kW of rated power; goes with `peak`.", least=0)
    ] = field(default=None, name="yield")
    power: Annotated[
        Power | SeriesRef | None, about("Power produced, a positive number; instead of `peak` and `yield`.", least=0)
    ] = None
    curtailable: Annotated[bool, about("Whether it gives less when the price is negative.")] = True
    forecast: PowerForecast = "perfect"


class Engagement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What starting, running and stopping cost, and for how long they bind; the fleet plans over it exactly."""

    start: Annotated[Money, about("Cost of each start.", least=0)] = 0.0
    stop: Annotated[Money, about("Cost of each stop.", least=0)] = 0.0
    hold: Annotated[MoneyPerHour, about("Cost of running, whatever is produced.", least=0)] = 0.0
    minimum_on: Annotated[Duration, about("Least time it runs once started.")] = timedelta(0)
    minimum_off: Annotated[Duration, about("Least time it rests once stopped.")] = timedelta(0)


class Generator(_Asset, frozen=True, kw_only=True, tag="generator"):
    """A dispatchable generator, whose cost is quadratic in its power."""

    maximum: Annotated[Power, about("Highest power.", above=0)]
    minimum: Annotated[Power, about("Lowest power when it runs.", least=0)] = 0.0
    price: Annotated[Price, about("Marginal cost of the first kW.")]
    slope: Annotated[PriceSlope, about("Rise of the marginal cost with each kW.", least=0)] = 0.0
    engagement: Annotated[Engagement | None, about("What running costs beyond fuel; goes with `minimum`.")] = None


class CombinedHeatAndPower(_Asset, frozen=True, kw_only=True, tag="combined_heat_and_power"):
    """An engine whose heat serves a given need; a boiler serves what is missing."""

    maximum: Annotated[Power, about("Highest electrical power.", above=0)]
    minimum: Annotated[Power, about("Lowest electrical power when it runs.", above=0)]
    efficiency: Annotated[Fraction, about("Electricity for the fuel burnt at the highest power.", above=0, below=1)]
    heat_efficiency: Annotated[Fraction, about("Heat that can be used for the fuel burnt.", above=0, below=1)]
    idle_fuel: Annotated[Power, about("Fuel burnt at no load; from there it rises straight.", least=0)] = 0.0
    fuel_price: Annotated[Price, about("Price of its fuel.", least=0)]
    slope: Annotated[PriceSlope, about("Rise of its marginal cost with each kW.", least=0)] = 0.0
    heat_need: Annotated[Power | SeriesRef, about("Heat that must be served.", least=0)]
    boiler_fuel_price: Annotated[
        Price | None, about("Price of the boiler's fuel; by default `fuel_price`.", least=0)
    ] = None
    boiler_efficiency: Annotated[Fraction, about("Heat for the fuel that the boiler burns.", above=0, most=1)] = 0.9
    engagement: Annotated[Engagement | None, about("What running costs beyond fuel.")] = None
    forecast: PowerForecast = "perfect"


class Battery(_Asset, frozen=True, kw_only=True, tag="battery"):
    """A battery that buys low and sells high."""

    energy: Annotated[Energy, about("Energy it can hold.", above=0)]
    charge: Annotated[Power, about("Highest charging power, at its terminals.", least=0)]
    discharge: Annotated[Power, about("Highest discharging power, at its terminals.", least=0)]
    round_trip_efficiency: Annotated[
        Fraction, about("Energy that comes out for what went in; half of the loss each way.", above=0, most=1)
    ] = 0.9
    self_discharge: Annotated[
        FractionPerDay, about("Share of the stored energy lost each day.", least=0, below=1)
    ] = 0.0
    initial: Annotated[Fraction, about("Energy stored at the start, as a share.", least=0, most=1)] = 0.5
    minimum: Annotated[Fraction, about("Energy that always stays, as a share.", least=0, below=1)] = 0.0
    wear: Annotated[Price, about("Cost of wear for each kWh through its meter, both ways.", least=0)] = 0.0
    end_value: Annotated[
        Price | None, about("Worth of a kWh left at the end of a plan; by default what prices lead to expect.")
    ] = None


DesiredIndoors = Annotated[
    Temperature | DailyTemperatures,
    about("Desired temperature: one, or from each local time of day on.", **INDOORS),
]
ToleranceIndoors = Annotated[TemperatureDifference, about("Deviation that the occupants accept.", above=0, most=20)]
ComfortValue = Annotated[
    MoneyPerHour, about("Worth of avoiding a deviation by the whole tolerance, at a `comfort` of 0.5.", least=0)
]
InitialIndoors = Annotated[
    Temperature | None, about("Temperature at the start; by default the desired one.", **INDOORS)
]
"""What buildings have in common: how warm it shall be, and what that is worth."""


class House(_Asset, frozen=True, kw_only=True, tag="house"):
    """A house with thermostat and heat pump; air and mass store heat (equivalent thermal parameters)."""

    mode: Annotated[Literal["heating", "cooling"], about("What the heat pump does.")]
    power: Annotated[Power, about("Highest electrical power.", above=0)]
    cop: Annotated[float, about("Heat moved for each kWh of electricity (coefficient of performance).", above=0)] = (
        3.0
    )
    conductance: Annotated[Conductance, about("Between air and outdoors.", above=0)] = 0.25
    capacity: Annotated[HeatCapacity, about("Heat the air and light furniture hold for each K.", above=0)] = 2.0
    mass_conductance: Annotated[Conductance, about("Between air and building mass.", least=0)] = 1.5
    mass_capacity: Annotated[HeatCapacity, about("Heat the building mass holds for each K.", least=0)] = 6.0
    outdoor: Annotated[Temperature | SeriesRef, about("Temperature outdoors.", **OUTDOORS)]
    solar_area: Annotated[Area, about("Window area that lets `irradiance` in.", least=0)] = 0.0
    irradiance: Annotated[Irradiance | SeriesRef, about("Sunshine on the windows.", least=0)] = 0.0
    solar_gain: Annotated[Power | SeriesRef, about("Heat gained from the sun, if known directly.", least=0)] = 0.0
    solar_to_mass: Annotated[
        Fraction,
        about("Share of the sun's heat that the building mass takes; the air takes the rest.", least=0, most=1),
    ] = 0.5
    internal_gain: Annotated[Power | SeriesRef, about("Heat given off by people and devices.", least=0)] = 0.0
    desired: DesiredIndoors
    tolerance: ToleranceIndoors = 1.5
    comfort_value: ComfortValue = 0.1
    initial: InitialIndoors = None
    forecast: Forecast = "perfect"


class Zone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rooms of a commercial building that are kept at one temperature."""

    conductance: Annotated[Conductance, about("To the outdoors.", above=0)]
    capacity: Annotated[HeatCapacity, about("Heat that air, furniture and walls hold for each K.", above=0)]
    offset: Annotated[
        TemperatureDifference, about("How much warmer it is kept than the building.", least=-10, most=10)
    ] = 0.0
    swing: Annotated[float, about("How far it moves when the building moves by 1 K.", above=0, most=10)] = 1.0
    internal_gain: Annotated[Power | SeriesRef, about("Heat given off by people and devices.", least=0)] = 0.0
    solar_area: Annotated[Area, about("Window area that lets `irradiance` in.", least=0)] = 0.0


class CommercialBuilding(_Asset, frozen=True, kw_only=True, tag="commercial_building"):
    """A building cooled by an air handler with boxes of variable air volume (VAV), or by rooftop units."""

    zones: Annotated[tuple[Zone, ...], about("Its zones, which move together; at least one.")]
    system: Annotated[Literal["vav", "rooftop"], about("Whether air flow varies, or units run in turn.")]
    cooling: Annotated[Power, about("Heat that full air flow takes out of the zones.", above=0)]
    fan: Annotated[Power, about("Power of all fans at full air flow.", above=0)]
    cop: Annotated[float, about("Heat taken from the air for each kWh of electricity.", above=0)] = 3.5
    supply: Annotated[Temperature, about("Temperature of the air supplied.", **INDOORS)] = 13.0
    fresh_air: Annotated[Fraction, about("Least share of outdoor air.", least=0, most=1)] = 0.15
    economizer: Annotated[bool, about("Whether dampers open when it is colder outdoors than inside.")] = False
    outdoor: Annotated[Temperature | SeriesRef, about("Temperature outdoors.", **OUTDOORS)]
    irradiance: Annotated[Irradiance | SeriesRef, about("Sunshine on the windows.", least=0)] = 0.0
    desired: DesiredIndoors
    tolerance: ToleranceIndoors = 1.5
    comfort_value: ComfortValue = 1.0
    initial: InitialIndoors = None
    forecast: Forecast = "perfect"


class Chiller(_Asset, frozen=True, kw_only=True, tag="chiller"):
    """A chiller with a tank of cold water; the need for cooling is always served."""

    cooling: Annotated[Power, about("Highest cooling.", above=0)]
    cop: Annotated[float, about("Cooling for each kWh of electricity at full load.", above=0)] = 4.0
    bent: Annotated[
        Fraction, about("Share of the power at full load that grows with the square of the load.", least=0, most=1)
    ] = 0.0
    tank: Annotated[Energy, about("Cooling that the tank can hold.", least=0)] = 0.0
    loss: Annotated[FractionPerDay, about("Share of what is stored that is lost each day.", least=0, below=0.999)] = (
        0.0
    )
    initial: Annotated[Fraction, about("What is stored at the start, as a share.", least=0, most=1)] = 0.5
    need: Annotated[Power | SeriesRef, about("Cooling that must be served.", least=0)]
    forecast: PowerForecast = "perfect"


class ElectricVehicle(_Asset, frozen=True, kw_only=True, tag="ev"):
    """An electric vehicle (EV), plugged in at regular hours or as a series says."""

    energy: Annotated[Energy, about("Energy its battery can hold.", above=0)]
    charge: Annotated[Power, about("Highest charging power, at the plug.", above=0)]
    efficiency: Annotated[Fraction, about("Energy stored for what was drawn.", above=0, most=1)] = 0.92
    discharge: Annotated[Power, about("Highest power back to the home; by default none.", least=0)] = 0.0
    discharge_efficiency: Annotated[Fraction, about("Energy given for what was stored.", above=0, most=1)] = 0.92
    minimum: Annotated[Fraction, about("Energy that always stays, as a share.", least=0, below=1)] = 0.0
    wear: Annotated[Price, about("Cost of wear for each kWh through its plug.", least=0)] = 0.0
    plugged: Annotated[
        Hours | Annotated[SeriesRef, series_of(Dimension.FRACTION)],
        about("Local hours at which it is plugged in; or a series, 100 % plugged in, 0 % away.", least=0, most=1),
    ]
    weekdays: Annotated[Weekdays, about("Days on which it drives; on others it stays plugged in.")] = (
        0,
        1,
        2,
        3,
        4,
        5,
        6,
    )
    trip: Annotated[
        Energy | SeriesRef, about("Energy used before each return; or a series of energy used in each row.", least=0)
    ]
    ready: Annotated[Fraction, about("Energy it needs when it leaves, as a share.", least=0, most=1)] = 0.8
    initial: Annotated[
        Fraction | None, about("Energy stored at the start, as a share; by default `ready`.", least=0, most=1)
    ] = None
    forecast: Forecast = "perfect"


class WaterHeater(_Asset, frozen=True, kw_only=True, tag="water_heater"):
    """An electric water heater: one well-stirred tank."""

    volume: Annotated[Volume, about("Water in the tank.", above=0)]
    power: Annotated[Power, about("Highest electrical power.", above=0)]
    draw: Annotated[Flow | SeriesRef, about("Hot water drawn.", least=0)]
    desired: Annotated[Temperature, about("Desired temperature of the water.", **WATER)] = 55.0
    tolerance: Annotated[TemperatureDifference, about("Deviation that is still comfortable.", above=0, most=40)] = 5.0
    comfort_value: ComfortValue = 0.1
    inlet: Annotated[Temperature | SeriesRef, about("Temperature of the cold water.", **WATER)] = 12.0
    ambient: Annotated[Temperature | SeriesRef, about("Temperature around the tank.", **OUTDOORS)] = 20.0
    conductance: Annotated[Conductance, about("From the tank to its surroundings.", least=0)] = 0.002
    cop: Annotated[float, about("Heat for each kWh of electricity; above 1 for a heat pump.", above=0)] = 1.0
    initial: Annotated[
        Temperature | None, about("Temperature at the start; by default the desired one.", **WATER)
    ] = None
    forecast: PowerForecast = "yesterday"


LocalAsset = (
    Load
    | OpenLoopLoad
    | Photovoltaic
    | Generator
    | CombinedHeatAndPower
    | Battery
    | House
    | CommercialBuilding
    | Chiller
    | ElectricVehicle
    | WaterHeater
)


def kind_of(asset: Struct) -> str:
    """Return the word that stands for the asset's kind in the file."""
    return str(asset.__struct_config__.tag)


def asset_ids(owner: str, assets: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the name of each of an owner's assets; by default owner/kind, numbered if there are several."""
    kinds = [kind_of(asset) for asset in assets]
    names = []
    for at, (kind, asset) in enumerate(zip(kinds, assets, strict=True)):
        number = f"-{kinds[: at + 1].count(kind)}" if kinds.count(kind) > 1 else ""
        names.append(asset.id or f"{owner}/{kind}{number}")
    return tuple(names)
