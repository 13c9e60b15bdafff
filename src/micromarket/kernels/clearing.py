"""The balancing price of many intervals at once; compiled if there is a compiler, else the plain NumPy twin.

The price is the root of the summed curve, found without sorting: a pass adds all curves and their slopes at a trial
price and finds the nearest vertices; where no vertex lies between the trial and its Newton step, that step is the
root. Otherwise the bracket narrows by Newton, its secant, its middle, or at last its median vertex.

Sources: Cominetti, Mascarenhas, Silva, "A Newton's method for the continuous quadratic knapsack problem", Math. Prog.
Comp. 6 (2014); Kiwiel, "Breakpoint searching algorithms for the continuous quadratic knapsack problem", Math. Prog.
112 (2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.kernels.backend import native

Floats = NDArray[np.float64]
Flags = NDArray[np.int8]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

BALANCED, SHORT, SURPLUS = 0, 1, 2

BLOCK = 1 << 15
"""Vertices the plain twin works on at once, so that they stay in the processor's cache."""

SAMPLE = 512


def balance(prices: Floats, powers: Floats, targets: Floats) -> tuple[Floats, Floats, Flags]:
    """Return the stretch of prices at which the curves of each interval sum to its target.

    Parameters
    ----------
    prices, powers : array of float, shape (T, V, n)
        Vertices of the curves, both rising along the second axis; C-contiguous.
    targets : array of float, shape (T,)
        What the powers shall sum to [kW].

    Returns
    -------
    low, high : array of float, shape (T,)
        Lowest and highest balancing price; equal unless the sum is flat there, infinite where it stays balanced for
        ever. Where nothing balances, both are the price beyond which the sum no longer moves; -inf and inf if it
        never moves.
    outcome : array of int, shape (T,)
        0 balanced; 1 short: at every price the sum is less than the target; 2 surplus: more.

    Notes
    -----
    A sum that misses the target by at most ``4 eps`` times the total of the absolute powers counts as balanced. The
    compiled kernel adds in fixed lanes: the same input gives the same bytes on every machine and with any number of
    threads.
    """
    if native is None:
        return balance_plain(prices, powers, targets)
    low, high, outcome = np.empty(len(targets)), np.empty(len(targets)), np.empty(len(targets), dtype=np.int8)
    native.balance(prices, powers, targets, low, high, outcome)
    return low, high, outcome


def balance_plain(prices: Floats, powers: Floats, targets: Floats) -> tuple[Floats, Floats, Flags]:
    """Plain twin of `balance`, vectorized over intervals and participants."""
    intervals, vertices, participants = prices.shape
    low, high, outcome = np.empty(intervals), np.empty(intervals), np.empty(intervals, dtype=np.int8)
    size = 1 if participants > 16 * SAMPLE else max(1, BLOCK // max(1, vertices * participants))
    for start in range(0, intervals, size):
        part = slice(start, start + size)
        block = prices[part], powers[part], targets[part]
        solved = _balance_sampled(*block) if participants > 16 * SAMPLE else None
        low[part], high[part], outcome[part] = solved or _balance_block(*block)
    return low, high, outcome


def _balance_sampled(prices: Floats, powers: Floats, targets: Floats) -> tuple[Floats, Floats, Flags] | None:
    """Solve one large interval between two prices guessed from every so many-th participant; None if they miss it.

    Curves that are straight between the two prices become two lines: those that give, and those that take.
    """
    step = prices.shape[2] // SAMPLE
    sample = np.ascontiguousarray(prices[:, :, ::step]), np.ascontiguousarray(powers[:, :, ::step])
    aim = targets * (sample[0].shape[2] / prices.shape[2])
    middle = np.clip(0.0, *_balance_block(*sample, aim)[:2])
    error = 2.5 * np.sqrt((_points(*sample, middle, slice(None)).high ** 2).sum(axis=1))
    low, high = _balance_block(*sample, aim - error)[0], _balance_block(*sample, aim + error)[1]
    if not (np.isfinite(low + high) & (low < high)).all():
        return None
    every = [_narrowed_to(prices, powers, low, high, part) for part in _parts(prices)]
    here, power = (np.concatenate([each[k] for each in every], axis=2) for k in (0, 1))
    solved = _balance_block(here, power, targets)
    inside = (solved[2] == BALANCED) & (low < solved[0]) & (solved[1] < high)
    return solved if inside.all() else None


def _narrowed_to(prices: Floats, powers: Floats, low: Floats, high: Floats, part: slice) -> list[Floats]:
    points = _points(prices, powers, low, part)
    straight = (points.below < low) & (points.above > high) & ~points.met
    lines = np.empty((2, 1, prices.shape[1], 2))
    lines[0] = np.linspace(low, high, prices.shape[1], axis=1)[:, :, None]
    gives = points.high >= 0
    for k, side in enumerate((straight & gives, straight & ~gives)):
        lines[1, :, :, k] = (points.high * side).sum() + (points.slope * side).sum() * (lines[0, :, :, k] - low)
    kept = np.flatnonzero(~straight[0]) + part.start
    cubes = zip((prices, powers), lines, strict=True)
    return [np.concatenate([np.take(cube, kept, axis=2), line], axis=2) for cube, line in cubes]


def dispatch(prices: Floats, powers: Floats, at: Floats, targets: Floats, outcome: Flags) -> Floats:
    """Return the power of each participant at the price of each interval.

    Parameters
    ----------
    prices, powers : array of float, shape (T, V, n)
        Vertices, as for `balance`.
    at : array of float, shape (T,)
        Price, finite; where balanced, within the stretch that `balance` found.
    targets : array of float, shape (T,)
        What the powers shall sum to.
    outcome : array of int, shape (T,)
        As `balance` gave it. Where short everyone is at the upper end of its step, where in surplus at the lower.

    Returns
    -------
    powers : array of float, shape (T, n)
        Steps at the price are shared pro rata to their width. What rounding leaves is given to the sloping curves in
        proportion to their slopes, as a price between two floating-point numbers would, else to the steps.
    """
    if native is None:
        return dispatch_plain(prices, powers, at, targets, outcome)
    out = np.empty((len(at), prices.shape[2]))
    native.dispatch(prices, powers, at, targets, outcome, out)
    return out


def dispatch_plain(prices: Floats, powers: Floats, at: Floats, targets: Floats, outcome: Flags) -> Floats:
    """Plain twin of `dispatch`."""
    points = _points(prices, powers, at, slice(None))
    step, target = points.high - points.low, targets[:, None]
    lowest, highest = points.low.sum(axis=1, keepdims=True), points.high.sum(axis=1, keepdims=True)
    width = highest - lowest
    whole = np.where(width > 0, width, 1.0)
    share = np.where(width > 0, np.clip((target - lowest) / whole, 0, 1), 0)
    rest = np.where(width > 0, np.clip((highest - target) / whole, 0, 1), 1)
    out = np.where(share <= 0.5, points.low + share * step, points.high - rest * step)
    slopes = points.slope.sum(axis=1, keepdims=True)
    balanced = (outcome == BALANCED)[:, None]
    for _ in range(2):
        left = np.where(balanced, target - out.sum(axis=1, keepdims=True), 0)
        sloping = out + left * (points.slope / np.where(slopes > 0, slopes, 1))
        stepping = np.clip(out + left * (step / whole), points.low, points.high)
        out = np.where(slopes > 0, sloping, stepping)
    return out


@dataclass(slots=True)
class _Pass:
    """Sums at one trial price for each interval: all of shape (t,)."""

    low: Floats
    high: Floats
    slope: Floats
    scale: Floats
    below: Floats
    above: Floats
    at_vertex: Booleans


def _balance_block(prices: Floats, powers: Floats, targets: Floats) -> tuple[Floats, Floats, Flags]:
    intervals, _, participants = prices.shape
    outcome = np.zeros(intervals, dtype=np.int8)
    bottom, top = _moving_range(prices, powers)
    first, last = powers[:, 0].sum(axis=1), powers[:, -1].sum(axis=1)
    outcome[targets - last > _rounding(np.abs(powers[:, -1]).sum(axis=1), targets)] = SHORT
    outcome[first - targets > _rounding(np.abs(powers[:, 0]).sum(axis=1), targets)] = SURPLUS
    still = top < bottom
    low = np.where(still, -np.inf, np.where(outcome == SHORT, top, bottom))
    high = np.where(still, np.inf, low)
    live = np.flatnonzero((outcome == BALANCED) & ~still)
    if live.size and participants:
        search = _Search(
            live, bottom[live], top[live], np.maximum(targets - first, 0)[live], np.maximum(last - targets, 0)[live]
        )
        search.run(prices, powers, targets, low, high)
    return low, high, outcome


def _rounding(scale: Floats, target: Floats) -> Floats:
    return np.asarray(4 * np.finfo(float).eps * (scale + np.abs(target)))


def _moving_range(prices: Floats, powers: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and the highest price between which any curve moves, shape (t,)."""
    bottom, top = np.full(len(prices), np.inf), np.full(len(prices), -np.inf)
    for v in range(1, prices.shape[1]):
        moves = powers[:, v] > powers[:, v - 1]
        bottom = np.minimum(bottom, np.where(moves, prices[:, v - 1], np.inf).min(axis=1, initial=np.inf))
        top = np.maximum(top, np.where(moves, prices[:, v], -np.inf).max(axis=1, initial=-np.inf))
    return bottom, top


@dataclass(slots=True)
class _Points:
    """Every curve at its trial price, shape (t, n): both ends of the step there, slope, and the vertices around."""

    low: Floats
    high: Floats
    slope: Floats
    below: Floats
    above: Floats
    met: Booleans


def _points(prices: Floats, powers: Floats, price: Floats, part: slice) -> _Points:
    _, vertices, participants = prices.shape
    trial, members = price[:, None], np.arange(*part.indices(participants))
    after = np.zeros((len(prices), len(members)), dtype=np.int64)
    for v in range(vertices):
        after += prices[:, v, part] <= trial
    base = np.arange(len(prices))[:, None] * (vertices * participants) + members
    left, right = (
        base + np.maximum(after - 1, 0) * participants,
        base + np.minimum(after, vertices - 1) * participants,
    )
    left_price, right_price = prices.ravel()[left], prices.ravel()[right]
    left_power, right_power = powers.ravel()[left], powers.ravel()[right]
    slope = (right_power - left_power) / np.maximum(right_price - left_price, 1e-290)
    high = np.minimum(left_power + np.maximum(trial - left_price, 0) * slope, right_power)
    low, met, below = high, left_price == trial, np.where(after > 0, left_price, -np.inf)
    if met.any():
        equal = prices[:, :, part] == trial[:, None]
        first = np.take_along_axis(powers[:, :, part], equal.argmax(axis=1)[:, None], axis=1)[:, 0]
        low = np.where(met, first, high)
        below = np.where(prices[:, :, part] < trial[:, None], prices[:, :, part], -np.inf).max(axis=1)
    return _Points(low, high, slope, below, np.where(right_price > trial, right_price, np.inf), met)


def _parts(prices: Floats) -> list[slice]:
    """Return slices of the participants, small enough that what is made from one stays in the processor's cache."""
    size = max(1, BLOCK // (prices.shape[0] * prices.shape[1]))
    return [slice(start, start + size) for start in range(0, max(1, prices.shape[2]), size)]


def _pass(prices: Floats, powers: Floats, price: Floats) -> _Pass:
    every = [_pass_over(_points(prices, powers, price, part)) for part in _parts(prices)]
    if len(every) == 1:
        return every[0]
    columns = {name: np.stack([getattr(each, name) for each in every]) for name in _Pass.__slots__}
    return _Pass(
        **{name: columns[name].sum(axis=0) for name in ("low", "high", "slope", "scale")},
        below=columns["below"].max(axis=0),
        above=columns["above"].min(axis=0),
        at_vertex=np.asarray(columns["at_vertex"].any(axis=0)),
    )


def _pass_over(points: _Points) -> _Pass:
    return _Pass(
        low=points.low.sum(axis=1),
        high=points.high.sum(axis=1),
        slope=points.slope.sum(axis=1),
        scale=np.abs(points.high).sum(axis=1),
        below=points.below.max(axis=1),
        above=points.above.min(axis=1),
        at_vertex=np.asarray(points.met.any(axis=1)),
    )


@dataclass(slots=True)
class _Search:
    """Brackets of the intervals `live` that are not solved yet."""

    live: Integers
    low: Floats
    high: Floats
    lacking: Floats
    excess: Floats

    def run(self, prices: Floats, powers: Floats, targets: Floats, low: Floats, high: Floats) -> None:
        """Narrow until every interval is solved; write the stretches into `low` and `high`."""
        trial = self._secant()
        slow = np.zeros(len(trial), dtype=np.int64)
        for passes in range(1, 1000):
            whole = len(self.live) == len(prices)
            here, power = (prices, powers) if whole else (prices[self.live], powers[self.live])
            target = targets[self.live]
            found = _pass(here, power, trial)
            near = _rounding(found.scale, target)
            done = ((found.low - near <= target) & (target <= found.high + near)) | (self.low >= self.high)
            if done.any():
                stretch = _settled(here[done], power[done], trial[done], _chosen(found, done), target[done])
                low[self.live[done]], high[self.live[done]] = stretch
            width = self.high - self.low
            newton, solved, forced = self._narrowed(found, trial, target, near)
            solved &= ~done
            low[self.live[solved]] = high[self.live[solved]] = newton[solved]
            keep = ~(done | solved)
            if not keep.any():
                return
            slow = np.where(self.high - self.low > 0.5 * width, slow + 1, 0)[keep]
            here, power = (here, power) if keep.all() else (here[keep], power[keep])
            self._keep(keep)
            following = self._next(newton[keep], slow, passes, here)
            trial = np.where(forced[keep], newton[keep], np.clip(following, self.low, self.high))

    def _secant(self) -> Floats:
        total = self.lacking + self.excess
        share = np.divide(self.lacking, total, out=np.full_like(total, 0.5), where=total > 0)
        return np.asarray(self.low + (self.high - self.low) * share)

    def _narrowed(
        self, found: _Pass, trial: Floats, target: Floats, near: Floats
    ) -> tuple[Floats, Booleans, Booleans]:
        """Narrow the brackets; return the Newton steps, where they are the root, where they must be tried next."""
        lacks = found.high < target
        side = np.where(lacks, 1.0, -1.0)
        open_power = np.where(lacks, target - found.high, found.low - target)
        nearest = np.where(lacks, np.minimum(found.above, self.high), np.maximum(found.below, self.low))
        forced = ~lacks & found.at_vertex
        reach = found.slope * np.abs(nearest - trial)
        steps = np.divide(open_power, found.slope, out=np.full_like(trial, np.inf), where=found.slope > 0)
        newton = trial + side * steps
        solved = (side * newton < side * nearest) & (open_power < reach - near) & ~forced
        rest = np.maximum(open_power - reach, near)
        self.lacking = np.where(lacks, rest, self.lacking)
        self.excess = np.where(lacks, self.excess, np.where(forced, open_power, rest))
        self.low = np.where(lacks, np.maximum(self.low, nearest), self.low)
        self.high = np.where(lacks, self.high, np.where(forced, trial, np.minimum(self.high, nearest)))
        middle = nearest + 0.5 * (trial - nearest)
        newton = np.where(forced, np.where(middle < trial, middle, nearest), newton)
        return newton, solved, forced

    def _keep(self, keep: Booleans) -> None:
        self.live, self.low, self.high = self.live[keep], self.low[keep], self.high[keep]
        self.lacking, self.excess = self.lacking[keep], self.excess[keep]

    def _next(self, newton: Floats, slow: Integers, passes: int, prices: Floats) -> Floats:
        if passes > 10:
            return np.array([_median_vertex(*each) for each in zip(prices, self.low, self.high, strict=True)])
        inside = (self.low <= newton) & (newton <= self.high) & (slow < 2)
        middle = self.low + 0.5 * (self.high - self.low)
        return np.where(inside, newton, np.where(slow < 3, self._secant(), middle))


def _median_vertex(prices: Floats, low: float, high: float) -> float:
    inside = prices[(prices >= low) & (prices <= high)]
    return float(np.partition(inside, inside.size // 2)[inside.size // 2]) if inside.size else 0.5 * (low + high)


def _chosen(found: _Pass, rows: Booleans) -> _Pass:
    return _Pass(**{name: getattr(found, name)[rows] for name in _Pass.__slots__})


def _settled(prices: Floats, powers: Floats, price: Floats, found: _Pass, target: Floats) -> tuple[Floats, Floats]:
    """Balanced at `price`: return how far the balance stretches."""
    near = _rounding(found.scale, target)
    sloping = ~found.at_vertex & (found.slope > 0)
    root = price + np.divide(target - found.high, found.slope, out=np.zeros_like(price), where=sloping)
    root = np.clip(root, found.below, found.above)
    low = np.where(target - found.low <= near, _flat_down_to(prices, powers, price), price)
    high = np.where(found.high - target <= near, _flat_up_to(prices, powers, price), price)
    return np.where(sloping, root, low), np.where(sloping, root, high)


def _flat_down_to(prices: Floats, powers: Floats, price: Floats) -> Floats:
    """Return the lowest price with every curve's power just below `price`; `price` itself if a curve moves there."""
    vertices = prices.shape[1]
    first = (prices < price[:, None, None]).sum(axis=1, keepdims=True)
    held = np.take_along_axis(powers, np.maximum(first - 1, 0), axis=1)
    there = np.take_along_axis(powers, np.minimum(first, vertices - 1), axis=1)
    start = (powers < held).sum(axis=1, keepdims=True)
    begins = np.take_along_axis(prices, start, axis=1)
    lowest = np.where((first == 0) | (start == 0), -np.inf, begins).max(axis=(1, 2))
    moves = ((first > 0) & (first < vertices) & (there > held)).any(axis=(1, 2))
    return np.where(moves, price, lowest)


def _flat_up_to(prices: Floats, powers: Floats, price: Floats) -> Floats:
    """Return the highest price with every curve's power just above `price`; `price` itself if a curve moves there."""
    return -_flat_down_to(-prices[:, ::-1], -powers[:, ::-1], -price)
