"""Reading a SimBench low-voltage grid and its measured year out of the simbench package (extra ``grids``)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.errors import InvalidValue, MissingExtra, Problem, ScenarioError

ZONE = "Europe/Berlin"
STEP = timedelta(minutes=15)
FIRST = datetime(2015, 12, 31, 23, tzinfo=UTC)
"""Start of the measured year: 1 January 2016, 00:00 in Germany."""
ROWS = 366 * 96


@dataclass(frozen=True, slots=True)
class Branch:
    """A line, or a transformer, that connects two buses and is in service.

    Parameters
    ----------
    name : str
        Its name.
    ends : tuple of int
        The two buses, as positions among the grid's buses.
    rated_kva : float
        Apparent power it may carry [kVA].
    rated_loss_kw : float
        What it turns to heat when it carries that [kW].
    """

    name: str
    ends: tuple[int, int]
    rated_kva: float
    rated_loss_kw: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A load or a plant with its measured year.

    Parameters
    ----------
    name : str
        Its name.
    bus : int
        Position of its bus.
    profile : str
        Name of its profile, such as ``H0-A`` (household) or ``HLS_A_11.0`` (home charging station).
    power_kw : array of float, shape (35136,)
        Average power in each quarter hour [kW], a positive number.
    """

    name: str
    bus: int
    profile: str
    power_kw: Floats


@dataclass(frozen=True, slots=True)
class Store:
    """A battery: energy [kWh], power each way [kW], efficiency of one way, self-discharge per day (both shares)."""

    name: str
    bus: int
    energy_kwh: float
    power_kw: float
    efficiency: float
    self_discharge: float


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredGrid:
    """A low-voltage grid with a year of measurements.

    Parameters
    ----------
    code : str
        SimBench code.
    buses : tuple of str
        Names of the buses.
    root : int
        The bus at which the grid hangs on the next voltage level.
    branches : tuple of Branch
        Everything that connects two buses; open switches are left out.
    loads, plants : tuple of Measured
        What draws, and what feeds in.
    stores : tuple of Store
        Batteries.
    """

    code: str
    buses: tuple[str, ...]
    root: int
    branches: tuple[Branch, ...]
    loads: tuple[Measured, ...]
    plants: tuple[Measured, ...]
    stores: tuple[Store, ...]


def load_grid(code: str) -> MeasuredGrid:
    """Return the SimBench grid of that code with its measured year 2016.

    Parameters
    ----------
    code : str
        Code of one low-voltage grid, such as ``1-LV-rural1--2-no_sw``.

    Raises
    ------
    MissingExtra
        If the simbench package is not installed.
    ScenarioError
        If there is no such low-voltage grid.
    """
    simbench = _package()
    _check_code(code, simbench)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        net = simbench.get_simbench_net(code)
        powers = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    _check_times(net.profiles["load"]["time"].tolist(), code)
    place = {bus: at for at, bus in enumerate(net.bus.index)}
    return MeasuredGrid(
        code,
        tuple(net.bus.name),
        place[net.ext_grid.bus.iloc[0]],
        tuple(_lines(net, place) + _transformers(net, place)),
        _measured(net.load, powers["load", "p_mw"], place),
        _measured(net.sgen, powers["sgen", "p_mw"], place),
        _stores(net.storage, place),
    )


def local_texts() -> list[str]:
    """Return the times a SimBench file shows for its rows, if its clock is Germany's with summer time.

    Notes
    -----
    The files carry times without zone, as ``27.03.2016 03:00``. On 27 March 2016 they skip from 01:45 to 03:00, and
    on 30 October they show 02:00 to 02:45 twice: so they are German local time, and row k begins k quarter hours
    after 31 December 2015, 23:00 UTC. `load_grid` checks this for every file.
    """
    zone = ZoneInfo(ZONE)
    return [(FIRST + row * STEP).astimezone(zone).strftime("%d.%m.%Y %H:%M") for row in range(ROWS)]


def _package() -> Any:
    try:
        import simbench  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            f"importing SimBench grids needs the packages of the extra `grids` ({error.name} is missing); "
            "install them with: pip install 'micromarket[grids]'"
        ) from error
    return simbench


def _check_code(code: str, simbench: Any) -> None:
    codes = [known for known in simbench.collect_all_simbench_codes() if known.startswith("1-LV-")]
    if code not in codes:
        allowed = f"the code of one low-voltage grid: {', '.join(codes)}"
        raise ScenarioError(Problem("micromarket import simbench", 0, 0, "CODE", code, allowed))


def _check_times(times: list[str], code: str) -> None:
    if times != local_texts():
        raise InvalidValue(
            f"expected the year 2016 in quarter hours of German local time in the profiles of {code}; "
            f"found {len(times)} rows from {times[0]} to {times[-1]}"
        )


def _lines(net: Any, place: dict[int, int]) -> list[Branch]:
    opened = set(net.switch[(net.switch.et == "l") & ~net.switch.closed].element)
    branches = []
    for index, line in net.line[net.line.in_service].iterrows():
        if index in opened:
            continue
        amperes = line.max_i_ka * 1000 * line.parallel * line.df * line.max_loading_percent / 100
        kilovolts = float(net.bus.vn_kv[line.from_bus])
        heat = 3 * amperes**2 * line.r_ohm_per_km * line.length_km / line.parallel / 1000
        ends = place[line.from_bus], place[line.to_bus]
        branches.append(Branch(line["name"], ends, np.sqrt(3) * kilovolts * amperes, heat))
    return branches


def _transformers(net: Any, place: dict[int, int]) -> list[Branch]:
    """Return transformers in service; of their losses only those that grow with the square of the power."""
    opened = set(net.switch[(net.switch.et == "t") & ~net.switch.closed].element)
    branches = []
    for index, trafo in net.trafo[net.trafo.in_service].iterrows():
        if index in opened:
            continue
        loading = trafo.max_loading_percent / 100
        rated = trafo.sn_mva * 1000 * trafo.parallel
        heat = trafo.vkr_percent / 100 * rated * loading**2
        branches.append(Branch(trafo["name"], (place[trafo.hv_bus], place[trafo.lv_bus]), rated * loading, heat))
    return branches


def _measured(table: Any, powers_mw: Any, place: dict[int, int]) -> tuple[Measured, ...]:
    in_service = table[table.in_service]
    return tuple(
        Measured(row["name"], place[row.bus], row.profile, np.maximum(powers_mw[index].to_numpy() * 1000, 0.0))
        for index, row in in_service.iterrows()
    )


def _stores(table: Any, place: dict[int, int]) -> tuple[Store, ...]:
    """Return batteries; SimBench writes their efficiency as a share though the column says percent."""
    return tuple(
        Store(
            row["name"],
            place[row.bus],
            1000 * (row.max_e_mwh - row.min_e_mwh),
            1000 * max(abs(row.min_p_mw), abs(row.max_p_mw)),
            row.efficiency_percent if row.efficiency_percent <= 1 else row.efficiency_percent / 100,
            row["self-discharge_percent_per_day"] / 100,
        )
        for _, row in table[table.in_service].iterrows()
    )
