"""The same planning problem as a linear or quadratic program, solved by HiGHS: the oracle of the storage kernel."""

from dataclasses import replace

import highspy
import numpy as np

from micromarket.kernels.storage import Stores

NAMES = ("initial", "end_value", "hours", "charge_kw", "discharge_kw", "gain", "drain", "wear", "retained", "drift")
NAMES += ("lowest", "highest", "comfort_below", "comfort_above", "target")
PENALTY = 50.0
CEILING = 8.0


def random_stores(seed, comfort=False, limits=False, losses=False):
    """Return two random stores over one to eight steps, and prices of which some are negative."""
    rng = np.random.default_rng(seed)
    shape = (2, int(rng.integers(1, 7 if comfort else 9)))
    stores = Stores(
        hours=rng.choice([0.25, 0.5, 1.0], shape[1]),
        initial=rng.uniform(0, 10, 2),
        charge_kw=rng.uniform(0, 6, shape) * (rng.random(shape) < 0.9),
        discharge_kw=rng.uniform(0, 6, shape) * (rng.random(shape) < 0.8),
        gain=rng.uniform(0.7, 1.0),
        drain=1 / rng.uniform(0.7, 1.0),
        lowest=0.0,
        highest=rng.uniform(5, 12, (2, 1)),
        end_value=rng.uniform(0, 0.3, 2),
        penalty=PENALTY,
        ceiling=CEILING,
    )
    if losses:
        retained, drift = rng.uniform(0.8, 1, shape), rng.uniform(-2, 2, shape)
        stores = replace(stores, retained=retained, drift=drift, wear=rng.choice([0.0, 0.02]))
    if limits:
        lowest = rng.uniform(0, 8, shape) * (rng.random(shape) < 0.3)
        stores = replace(stores, lowest=lowest, highest=lowest + rng.uniform(0, 5, shape) * (rng.random(shape) < 0.9))
    if comfort:
        below, above = (rng.uniform(0, 0.1, shape) * (rng.random(shape) < 0.7) for _ in range(2))
        stores = replace(stores, comfort_below=below, comfort_above=above, target=rng.uniform(2, 8, shape))
    prices = rng.uniform(-0.15, 0.4, shape)
    return stores, prices.round(1) if seed % 3 == 0 else prices


def optimum(stores, prices, store):
    """Return least cost and powers of one store by HiGHS; None where it gives up."""
    s = {name: values[store] for name, values in zip(NAMES, stores.arrays(), strict=True)}
    steps, price = prices.shape[1], prices[store]
    charge, discharge, given, taken, state, above, below = (np.arange(steps) + k * steps for k in range(7))
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("time_limit", 2.0)
    cost, low, high = np.zeros(7 * steps), np.zeros(7 * steps), np.full(7 * steps, highspy.kHighsInf)
    cost[charge], cost[discharge] = s["hours"] * (s["wear"] + price), s["hours"] * (s["wear"] - price)
    cost[given] = cost[taken] = stores.penalty
    cost[state[-1]] = -s["end_value"][0]
    high[charge], high[discharge] = s["charge_kw"], s["discharge_kw"]
    low[state], high[state] = s["lowest"], s["highest"]
    model.addVars(7 * steps, low, high)
    model.changeColsCost(7 * steps, np.arange(7 * steps, dtype=np.int32), cost)
    for t in range(steps):
        moved = s["gain"][t] * s["hours"][t], s["drain"][t] * s["hours"][t]
        balance = {state[t]: 1, charge[t]: -moved[0], discharge[t]: moved[1], given[t]: -1, taken[t]: 1}
        start = s["drift"][t] + (s["retained"][0] * s["initial"][0] if t == 0 else 0.0)
        if t:
            balance[state[t - 1]] = -s["retained"][t]
        _row(model, balance, start, start)
        _row(model, {state[t]: 1, above[t]: -1, below[t]: 1}, s["target"][t], s["target"][t])
        if s["charge_kw"][t] > 0 and s["discharge_kw"][t] > 0:
            shared = {charge[t]: 1 / s["charge_kw"][t], discharge[t]: 1 / s["discharge_kw"][t]}
            _row(model, shared, -highspy.kHighsInf, 1.0)
    curvature = np.concatenate([np.zeros(5 * steps), s["comfort_above"], s["comfort_below"]])
    if curvature.any():
        _square(model, curvature)
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    values = np.array(model.getSolution().col_value)
    return model.getInfo().objective_function_value, values[discharge] - values[charge]


def cost_of(stores, prices, store, powers, states):
    """Return what a plan costs, counted step by step; asserts that power and state can go together."""
    s = {name: values[store] for name, values in zip(NAMES, stores.arrays(), strict=True)}
    total = -s["end_value"][0] * states[-1]
    for t, power in enumerate(powers):
        moved = s["gain"][t] * s["hours"][t], s["drain"][t] * s["hours"][t]
        drifted, end = s["retained"][t] * states[t] + s["drift"][t], states[t + 1]
        change = np.clip(end - drifted, -moved[1] * s["discharge_kw"][t], moved[0] * s["charge_kw"][t])
        out = -(change + moved[0] * power) / (moved[1] - moved[0]) if moved[1] > moved[0] else max(power, 0.0)
        into = out - power
        used = (into / s["charge_kw"][t] if into > 1e-9 else 0.0) + (
            out / s["discharge_kw"][t] if out > 1e-9 else 0.0
        )
        assert min(into, out) > -1e-7
        assert used < 1 + 1e-7
        assert s["lowest"][t] <= end <= s["highest"][t]
        bent = s["comfort_below"][t] if end < s["target"][t] else s["comfort_above"][t]
        total += stores.penalty * abs(end - drifted - change) + bent * (end - s["target"][t]) ** 2 / 2
        total += s["hours"][t] * (prices[store, t] * (into - out) + s["wear"][t] * (into + out))
    return total


def _row(model, terms, low, high):
    model.addRow(low, high, len(terms), np.array(list(terms), dtype=np.int32), np.array(list(terms.values()), float))


def _square(model, curvature):
    hessian = highspy.HighsHessian()
    hessian.dim_, hessian.format_ = len(curvature), highspy.HessianFormat.kTriangular
    filled = np.flatnonzero(curvature)
    hessian.start_ = np.searchsorted(filled, np.arange(len(curvature) + 1)).astype(np.int32)
    hessian.index_, hessian.value_ = filled.astype(np.int32), curvature[filled]
    model.passHessian(hessian)
