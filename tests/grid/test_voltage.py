"""Markets that keep voltages, against closed forms and an alternating-current power flow."""

import numpy as np
import power_grid_model as pgm
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import BrokenTree, InvalidValue, NotCleared, WrongShape
from micromarket.grid.voltage import Feeder, clear_on_feeder

SUPPLY = Curves.offer([[0.2]], -1e4, 1e4)
"""Buys and sells any power at 0.20."""


def chain(lines=2, reactive=0.0, **limits):
    """Return a feeder of equal lines of 0.1 + 0.05j ohm at 0.4 kV."""
    count = lines + 1
    each = (np.arange(-1, lines), np.full(count, 0.1), np.full(count, 0.05), np.full(count, np.inf))
    return Feeder(tuple(f"n{k}" for k in range(count)), *each, 0.4, np.full(count, reactive), **limits)


def solar(*kilowatts):
    """Return plants that give up to so much, for nothing."""
    return Curves.offer(np.zeros((len(kilowatts), 1)), 0.0, np.array(kilowatts)[:, None])


def random_feeder(seed):
    """Return a feeder of 6 to 14 nodes with loads and plants that move its voltages by some hundredths."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(6, 15))
    parent = np.array([-1] + [int(rng.integers(max(0, k - 3), k)) for k in range(1, count)])
    ohms = rng.uniform(0.01, 0.06, (2, count)) * [[1.0], [0.4]]
    feeder = Feeder(
        tuple(f"n{k}" for k in range(count)), parent, *ohms, np.full(count, np.inf), 0.4, rng.uniform(0, 0.3, count)
    )
    kw = rng.uniform(-6, 8, count - 1)
    home = Curves.inelastic(np.minimum(kw, 0)[:, None])
    curves = Curves.concatenate([SUPPLY, home, solar(*np.maximum(kw, 0))])
    return feeder, curves, np.concatenate([[0], np.arange(1, count), np.arange(1, count)])


def alternating_current_voltages(feeder, drawn_kw):
    """Return each node's voltage per unit by the power flow of power-grid-model, losses included."""
    count = len(feeder.nodes)
    node = pgm.initialize_array("input", "node", count)
    node["id"], node["u_rated"] = np.arange(count), 1000 * feeder.kilovolts
    line = pgm.initialize_array("input", "line", count - 1)
    line["id"], line["from_node"], line["to_node"] = (
        count + np.arange(1, count),
        feeder.parent[1:],
        np.arange(1, count),
    )
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["c1"], line["tan1"] = feeder.resistance_ohm[1:], feeder.reactance_ohm[1:], 0.0, 0.0
    load = pgm.initialize_array("input", "sym_load", count - 1)
    load["id"], load["node"], load["status"] = 2 * count + np.arange(1, count), np.arange(1, count), 1
    load["type"] = pgm.LoadGenType.const_power
    load["p_specified"], load["q_specified"] = 1000 * drawn_kw[1:], 1000 * feeder.reactive[1:] * drawn_kw[1:]
    source = pgm.initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"], source["sk"] = 3 * count, 0, 1, 1.0, 1e20
    model = pgm.PowerGridModel({"node": node, "line": line, "sym_load": load, "source": source})
    return model.calculate_power_flow()["node"]["u_pu"]


def test_a_load_drops_the_voltage_by_the_formula():
    """10 kW over 0.1 ohm at 400 V: squares fall by 2 x 0.1 x 10 / 160 = 0.0125 for each line."""
    curves = Curves.concatenate([SUPPLY, Curves.inelastic([[-10.0]])])
    cleared = clear_on_feeder(chain(), curves, [0, 2])

    assert np.sqrt([1.0, 0.9875, 0.975]) == pytest.approx(cleared.voltage[:, 0])


def test_reactive_power_drops_it_further():
    """Half a kvar for each kW over half the reactance adds a quarter."""
    curves = Curves.concatenate([SUPPLY, Curves.inelastic([[-10.0]])])
    cleared = clear_on_feeder(chain(reactive=0.5), curves, [0, 2])

    assert np.sqrt([1.0, 1 - 0.0125 * 1.25, 1 - 0.025 * 1.25]) == pytest.approx(cleared.voltage[:, 0])


def test_too_much_sun_is_held_back_where_it_lifts_the_voltage_most():
    """At most 1.02 at the end of two lines: a square of 1.0404, which is 0.0404 / 0.00125 = 32.32 kW over one line.
    A kW from the far plant counts twice, so it is the far one that gives way; its power is worth nothing there, that
    of the near one half of the price."""
    feeder = chain(highest=1.02)
    cleared = clear_on_feeder(feeder, Curves.concatenate([SUPPLY, solar(20.0, 20.0)]), [0, 1, 2])

    assert ([20.0, 6.16], [0.2, 0.1, 0.0], 1.02) == (
        cleared.powers_kw[1:, 0].round(6).tolist(),
        cleared.price[:, 0].round(9).tolist(),
        pytest.approx(cleared.voltage[2, 0]),
    )


@pytest.mark.parametrize("seed", range(40))
def test_voltages_are_those_of_a_power_flow(seed):
    """The linear voltages are the higher ones, by less than 0.8 times the square of the drop."""
    feeder, curves, member_of = random_feeder(seed)
    cleared = clear_on_feeder(feeder, curves, member_of)
    drawn = -np.bincount(member_of[1:], cleared.powers_kw[1:, 0], minlength=len(feeder.nodes))
    exact = alternating_current_voltages(feeder, drawn)
    error, moved = cleared.voltage[:, 0] - exact, np.abs(exact - 1.0).max()

    assert (moved < 0.1, -1e-9 < error.min(), error.max() < max(1e-4, 0.8 * moved**2)) == (True, True, True)


def test_prices_prove_the_dispatch():
    """With limits that bind on random feeders, no dispatch at the found prices could be worth more."""
    worst = 0.0
    for seed in range(40):
        feeder, curves, member_of = random_feeder(seed)
        tight = Feeder(*(getattr(feeder, name) for name in Feeder.__slots__[:7]), lowest=0.85, highest=1.005)
        cleared = clear_on_feeder(tight, curves, member_of)
        worst = max(worst, *(cleared.bound - cleared.welfare), (cleared.voltage - 1.005).max())

    assert worst < 1e-8


def test_a_load_too_far_away_is_named():
    """30 kW at the end of the feeder would take the voltage below 0.97."""
    curves = Curves.concatenate([SUPPLY, Curves.inelastic([[-30.0]])])
    with pytest.raises(NotCleared, match="every node in interval 0"):
        clear_on_feeder(chain(lowest=0.97), curves, [0, 2])


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"parent": np.array([-1, 2, 1])}, BrokenTree), ({"parent": np.array([-1, 0])}, WrongShape),
     ({"resistance_ohm": np.array([0.0, -1.0, 1.0])}, InvalidValue), ({"lowest": 1.05}, InvalidValue)],
)  # fmt: skip
def test_impossible_feeder_is_refused(changes, error):
    good = {name: getattr(chain(), name) for name in Feeder.__slots__}
    with pytest.raises(error):
        Feeder(**good | changes)
