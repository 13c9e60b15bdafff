"""How fast stores are planned: fleets with their curves, beside one linear program of one battery by HiGHS.

Run as ``python benchmarks/bench_battery.py``; medians of five calls on one machine in the same minute. The program is
the plan alone, built column by column and solved once; its curves would take many more.
"""

from __future__ import annotations

import highspy
import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.battery import Battery, BatteryRatings
from micromarket.assets.ev import ElectricVehicle, Sessions, VehicleRatings
from micromarket.assets.profile import Profile
from micromarket.domain.curves import Floats
from micromarket.kernels import storage
from micromarket.kernels.backend import NAME
from timing import duration, median_of, table

STEPS = 96
DEVICES = 1000
SOLVED = 50


def day_ahead(devices: int, tendered: int) -> Outlook:
    """Return prices of a day with two peaks and noise, different for each device."""
    hours = np.arange(STEPS) / 4
    usual = 0.15 + 0.08 * np.sin((hours - 7) * np.pi / 6)
    prices = usual + np.random.default_rng(1).normal(0, 0.03, (devices, STEPS))
    return Outlook(np.arange(STEPS + 1), 0.25, prices, tendered)


def next_interval(devices: int) -> Outlook:
    """Return one market interval ahead, then hours: what a running market plans over every 15 minutes."""
    edges = np.concatenate([np.arange(5), 4 + 4 * np.arange(1, 24)])
    prices = np.random.default_rng(2).uniform(0.05, 0.35, (devices, len(edges) - 1))
    return Outlook(edges, 0.25, prices, 1)


def batteries(devices: int) -> Battery:
    """Return batteries of 10 kWh and 5 kW, filled differently."""
    names, stored = tuple(str(number) for number in range(devices)), np.linspace(0, 10, devices)
    return Battery(names, BatteryRatings(10.0, 5.0, 5.0, self_discharge_per_day=0.01), 0.25, stored)


def vehicles(devices: int) -> ElectricVehicle:
    """Return cars that leave at 7:30, come back at 17:00 and have used 9 kWh."""
    step = np.arange(STEPS)
    plugged = np.tile(np.where((step >= 30) & (step < 68), 0.0, 1.0), (devices, 1))
    used = np.tile(np.where(step == 67, 9.0, 0.0), (devices, 1))
    sessions = Sessions(Profile(plugged, STEPS), Profile(used, STEPS))
    names, stored = tuple(str(number) for number in range(devices)), np.linspace(10, 40, devices)
    return ElectricVehicle(names, VehicleRatings(50.0, 7.4, 40.0), sessions, 0.25, stored)


def linear_program(prices: Floats) -> float:
    """Build and solve the plan of one battery; return what it costs."""
    model, count, loss = highspy.Highs(), len(prices), 0.95
    model.silent()
    none = np.zeros(count)
    model.addVars(3 * count, np.tile(none, 3), np.repeat([5.0, 5.0, 10.0], count))
    costs = np.concatenate([prices / 4, -prices / 4, none])
    costs[-1] -= prices.mean()
    model.changeColsCost(3 * count, np.arange(3 * count, dtype=np.int32), costs)
    kept = 0.99 ** (1 / 96)
    for step in range(count):
        columns = [step, count + step, 2 * count + step, 2 * count + step - 1][: 4 if step else 3]
        values = [-loss / 4, 1 / (4 * loss), 1.0, -kept][: len(columns)]
        start = 0.0 if step else kept * 5.0
        model.addRow(start, start, len(columns), np.array(columns, dtype=np.int32), np.array(values))
        shared = np.array([step, count + step], dtype=np.int32)
        model.addRow(-highspy.kHighsInf, 1.0, 2, shared, np.array([0.2, 0.2]))
    model.run()
    return float(model.getInfo().objective_function_value)


def against_the_solver() -> None:
    """Print a day ahead of a thousand batteries with every curve, beside fifty programs of one battery."""
    ahead, fleet = day_ahead(DEVICES, STEPS), batteries(DEVICES)
    program = median_of(lambda: [linear_program(ahead.prices[0]) for _ in range(SOLVED)])
    plan = median_of(lambda: fleet.schedule(ahead))
    both = median_of(lambda: (fleet.schedule(ahead), fleet.curves(ahead)))
    few = storage.Stores(ahead.hours, np.full(10, 5.0), 5.0, 5.0, 0.95, 1 / 0.95, 0.0, 10.0, 0.99 ** (1 / 96))
    twin = median_of(lambda: storage.plan_plain(few, ahead.prices[:10]), 3)
    rows = [
        ("one battery by HiGHS, plan only", program / SOLVED),
        ("the plain twin, plan only", twin / 10),
        ("the kernel, plan only", plan / DEVICES),
        ("the kernel, plan and 96 curves", both / DEVICES),
    ]
    table(
        [
            {"one device": name, "time": duration(each), "times faster than HiGHS": program / SOLVED / each}
            for name, each in rows
        ],
        f"A day ahead in {STEPS} intervals ({NAME} kernels)",
    )
    print(
        f"\n{DEVICES} batteries with all their curves: {duration(both)}; one battery by HiGHS {SOLVED} times: "
        f"{duration(program)}; ratio {program / both:.1f}"
    )


def in_a_running_market() -> None:
    """Print what re-planning every 15 minutes takes, one tendered interval and a day ahead."""
    ahead = next_interval(DEVICES)
    fleets = {"battery": batteries(DEVICES), "ev": vehicles(DEVICES)}
    rows = []
    for kind, fleet in fleets.items():
        each = median_of(lambda fleet=fleet: fleet.curves(ahead)) / DEVICES  # type: ignore[misc]
        rows.append({"fleet": kind, "one device": duration(each)})
    table(rows, f"The next interval's curve, {len(ahead.hours)} steps ahead, fleets of {DEVICES}")


if __name__ == "__main__":
    against_the_solver()
    in_a_running_market()
