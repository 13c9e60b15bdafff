"""Curves: average power as a non-decreasing function of price, as arrays over participants and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.errors import NotFinite, NotMonotone, WrongShape
from micromarket.kernels import curves as kernel

Floats = NDArray[np.float64]
Range = tuple[Floats, Floats]
"""Lower and upper end, equal where there is one value only."""

UNLIMITED_KW = 1e9
"""Power [kW] that stands for "as much as anyone asks": far beyond any small market, yet exact beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of `n` participants in `T` intervals, each with `V` vertices.

    Power is linear between vertices, constant beyond the first and the last; two vertices at one price are a step
    on which any power between is acceptable; a single vertex is inelastic. Shorter curves repeat their last vertex.
    The curve of one device is a view: ``curves[3]``, ``curves[3, 10:20]``.

    Parameters
    ----------
    prices : array of float, shape (n, T, V)
        Price of each vertex [currency/kWh], not falling along the last axis; finite.
    powers : array of float, shape (n, T, V)
        Average power of each vertex [kW], positive into the region, not falling along the last axis; finite.

    Raises
    ------
    WrongShape, NotFinite, NotMonotone
        If the arrays are not what is described above.

    Notes
    -----
    Any memory order works; kernels read columns ``(T, V, n)``, so arrays that are stored that way and seen through a
    transpose cost no copy. All constructors here make such arrays.
    """

    prices: Floats
    powers: Floats

    def __post_init__(self) -> None:
        """Check shape, finiteness and monotony."""
        for name in ("prices", "powers"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        if self.prices.ndim != 3 or self.prices.shape != self.powers.shape or self.prices.shape[2] < 1:
            raise WrongShape(
                f"prices and powers must share one shape (n, T, V) with V >= 1; "
                f"found {self.prices.shape} and {self.powers.shape}"
            )
        for name, values in (("price", self.prices), ("power", self.powers)):
            _require_finite(name, values)
            _require_rising(name, values)

    @classmethod
    def trusted(cls, prices: Floats, powers: Floats) -> Curves:
        """Return curves from arrays that are right by construction, without looking at them; for inner loops."""
        curves = object.__new__(cls)
        object.__setattr__(curves, "prices", prices)
        object.__setattr__(curves, "powers", powers)
        return curves

    @classmethod
    def from_columns(cls, prices: Floats, powers: Floats) -> Curves:
        """Return curves from columns of shape (T, V, n) that are right by construction, as kernels make them."""
        return cls.trusted(prices.transpose(2, 0, 1), powers.transpose(2, 0, 1))

    @classmethod
    def inelastic(cls, powers: ArrayLike) -> Curves:
        """Return curves that give the same power at every price.

        Parameters
        ----------
        powers : array of float, shape (n, T)
            Average power [kW], positive into the region.

        Raises
        ------
        WrongShape, NotFinite
            If `powers` has not two axes, or not numbers only.
        """
        values = np.asarray(powers, dtype=float)
        if values.ndim != 2:
            raise WrongShape(f"powers must have shape (n, T); found {values.shape}")
        _require_finite("power", values[:, :, None])
        columns = np.ascontiguousarray(values.T)[:, None]
        return cls.from_columns(np.zeros_like(columns), columns)

    @classmethod
    def offer(cls, price: ArrayLike, low_kw: ArrayLike, high_kw: ArrayLike) -> Curves:
        """Return steps: `low_kw` below the price, `high_kw` above it, anything between at it.

        A seller at a price has ``low_kw=0``; a buyer has ``high_kw=0`` and a negative `low_kw`; a storage device that
        would charge below the price and discharge above it has both.

        Parameters
        ----------
        price, low_kw, high_kw : array of float, shape (n, T) or what broadcasts to it
            Price of the step [currency/kWh] and its two ends [kW].

        Raises
        ------
        WrongShape, NotFinite, NotMonotone
            If the arrays do not broadcast to (n, T), are not finite, or `high_kw` is below `low_kw`.
        """
        try:
            at, low, high = np.broadcast_arrays(*np.atleast_2d(price, low_kw, high_kw))
        except ValueError as error:
            raise WrongShape(f"price, low_kw and high_kw must broadcast to (n, T): {error}") from None
        return cls(_stacked([at, at]), _stacked([low, high]))

    @classmethod
    def from_vertices(cls, vertices: Sequence[Sequence[tuple[float, float]]]) -> Curves:
        """Return curves in one interval from a list of ``(price, power)`` pairs for each participant.

        Raises
        ------
        WrongShape, NotFinite, NotMonotone
            If a participant has no vertex, or vertices that are not pairs of finite, rising numbers.

        Examples
        --------
        >>> Curves.from_vertices([[(0.1, 0.0), (0.3, 4.0)], [(0.0, -3.0)]]).powers_at(0.2)[0].ravel().tolist()
        [2.0, -3.0]
        """
        width = max((len(each) for each in vertices), default=1)
        columns = np.empty((2, 1, width, len(vertices)))
        for participant, each in enumerate(vertices):
            if not each or any(len(vertex) != 2 for vertex in each):
                raise WrongShape(f"participant {participant} needs pairs of price and power; found {each!r}")
            columns[:, 0, : len(each), participant] = np.asarray(each, dtype=float).T
            columns[:, 0, len(each) :, participant] = np.asarray(each[-1], dtype=float)[:, None]
        return cls(columns[0].transpose(2, 0, 1), columns[1].transpose(2, 0, 1))

    @classmethod
    def concatenate(cls, parts: Sequence[Curves]) -> Curves:
        """Return all participants of `parts` in one array; shorter curves repeat their last vertex.

        Raises
        ------
        WrongShape
            If there are no parts, or parts of different numbers of intervals.
        """
        if len({part.intervals for part in parts}) != 1:
            raise WrongShape(f"parts must cover the same intervals; found {[part.intervals for part in parts]}")
        width = max(part.vertices for part in parts)
        columns = [part.padded(width).columns() for part in parts]
        return cls.from_columns(*(np.concatenate(cubes, axis=2) for cubes in zip(*columns, strict=True)))

    def __len__(self) -> int:
        """Return the number of participants."""
        return int(self.prices.shape[0])

    def __getitem__(self, key: object) -> Curves:
        """Return a view of some participants, or of some participants in some intervals; always (n, T, V)."""
        participants, intervals = key if isinstance(key, tuple) else (key, slice(None))
        which, when = _selection(participants), _selection(intervals)
        return Curves.trusted(self.prices[which][:, when], self.powers[which][:, when])

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return int(self.prices.shape[1])

    @property
    def vertices(self) -> int:
        """Number of vertices of each curve, repeated ones included."""
        return int(self.prices.shape[2])

    @property
    def lowest_kw(self) -> Floats:
        """Power below the first vertex [kW], shape (n, T): least supply or most demand."""
        return np.asarray(self.powers[:, :, 0])

    @property
    def highest_kw(self) -> Floats:
        """Power above the last vertex [kW], shape (n, T)."""
        return np.asarray(self.powers[:, :, -1])

    def columns(self) -> tuple[Floats, Floats]:
        """Return prices and powers as contiguous columns of shape (T, V, n), without a copy if they are stored so."""
        prices, powers = (np.ascontiguousarray(cube.transpose(1, 2, 0)) for cube in (self.prices, self.powers))
        return prices, powers

    def padded(self, vertices: int) -> Curves:
        """Return the same curves with at least `vertices` vertices, the last one repeated."""
        if (extra := vertices - self.vertices) <= 0:
            return self
        cubes = self.columns()
        return Curves.from_columns(
            *(np.concatenate([cube, np.repeat(cube[:, -1:], extra, axis=1)], axis=1) for cube in cubes)
        )

    def powers_at(self, price: ArrayLike) -> Range:
        """Return power at a price: both ends of the step there, if there is one.

        Parameters
        ----------
        price : array of float, shape (T,) or (n, T), or one float
            Price [currency/kWh]; may be infinite.

        Returns
        -------
        low, high : array of float, shape (n, T)
            Powers [kW].
        """
        return _evaluate(self.prices, self.powers, np.broadcast_to(price, self.prices.shape[:2]))

    def prices_at(self, power_kw: ArrayLike) -> Range:
        """Return the prices at which a power is given: both ends of the flat stretch there, if there is one.

        Parameters
        ----------
        power_kw : array of float, shape (T,) or (n, T), or one float
            Power [kW].

        Returns
        -------
        low, high : array of float, shape (n, T)
            Prices [currency/kWh]. In the lower tail `low` is -inf, in the upper tail `high` is inf; a power that is
            never given answers -inf twice if it is too low, inf twice if it is too high.
        """
        power = np.broadcast_to(np.asarray(power_kw, dtype=float), self.prices.shape[:2])
        low, high = _evaluate(self.powers, self.prices, power)
        low = np.where(power > self.highest_kw, np.inf, np.where(power <= self.lowest_kw, -np.inf, low))
        high = np.where(power < self.lowest_kw, -np.inf, np.where(power >= self.highest_kw, np.inf, high))
        return low, high

    def sum(self, groups: ArrayLike | None = None, count: int | None = None) -> Curves:
        """Return the sum of all curves, or one sum for each group; redundant vertices are dropped.

        Parameters
        ----------
        groups : array of int, shape (n,), optional
            Group of each participant, counted from 0.
        count : int, optional
            Number of groups; by default one more than the largest. A group without members sums to zero.
        """
        member = np.zeros(len(self), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
        size = count if count is not None else (1 if groups is None else int(member.max(initial=-1)) + 1)
        return Curves.from_columns(*kernel.sum_groups(*self._grouped(member, size)))

    def sum_of_others(self, groups: ArrayLike | None = None) -> Curves:
        """Return for each participant the sum of all others, or of the others of its group, as curves.

        Nothing is subtracted, so an unlimited participant costs the others no digits. The result has O(n V) vertices
        for each participant; where one price is enough, `others_at` is far cheaper.

        Parameters
        ----------
        groups : array of int, shape (n,), optional
            Group of each participant, counted from 0.
        """
        member = np.zeros(len(self), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
        order = np.argsort(member, kind="stable")
        prices, powers = kernel.sum_others(*self._grouped(member, int(member.max(initial=-1)) + 1))
        back = np.argsort(order, kind="stable")
        return Curves.from_columns(prices[:, :, back], powers[:, :, back])

    def others_at(self, price: ArrayLike) -> Range:
        """Return for each participant the summed power of all others at a price.

        Parameters
        ----------
        price : array of float, shape (T,), or one float
            Price [currency/kWh].

        Returns
        -------
        low, high : array of float, shape (n, T)
            Both ends of the step of the others' sum [kW].
        """
        low, high = self.powers_at(price)
        return _sums_of_others(low), _sums_of_others(high)

    def shifted(self, power_kw: ArrayLike) -> Curves:
        """Return curves with `power_kw` added at every price, as a commitment from an earlier market does.

        Parameters
        ----------
        power_kw : array of float, shape (n, T), (T,) or one float
            Power added [kW].
        """
        added = np.broadcast_to(np.asarray(power_kw, dtype=float), self.prices.shape[:2])
        return Curves.trusted(self.prices, self.powers + added[:, :, None])

    def clipped(self, low_kw: ArrayLike, high_kw: ArrayLike) -> Curves:
        """Return curves held between two powers, with vertices exactly where they reach them.

        Parameters
        ----------
        low_kw, high_kw : array of float, shape (n, T), (T,) or one float
            Least and greatest power [kW]; may be infinite.

        Raises
        ------
        NotMonotone
            If `high_kw` is below `low_kw` somewhere.
        """
        shape = self.prices.shape[:2]
        low, high = (np.broadcast_to(np.asarray(limit, dtype=float), shape) for limit in (low_kw, high_kw))
        if not (low <= high).all():
            n, t = np.argwhere(~(low <= high))[0]
            raise NotMonotone(f"a limit from {low[n, t]} to {high[n, t]} kW is empty (participant {n}, interval {t})")
        prices = self.prices
        for limit, beyond, end in (
            (low, self.powers < low[:, :, None], 0),
            (high, self.powers > high[:, :, None], 1),
        ):
            crosses = beyond & ~beyond.all(axis=2, keepdims=True)
            prices = np.where(crosses, self.prices_at(limit)[end][:, :, None], prices)
        return Curves.trusted(prices, np.clip(self.powers, low[:, :, None], high[:, :, None]))

    def negated(self) -> Curves:
        """Return the mirror image through the origin: minus the power at minus the price, which rises again.

        Who produced consumes and the other way round: an offer to sell 4 kW at 0.30 becomes an offer to take 4 kW for
        being paid 0.30. At one and the same price a counterpart sees plain minus power, which falls with price and is
        therefore no curve: give it the curve itself as one more participant, as `sum_of_others` does.
        """
        return Curves.trusted(-self.prices[:, :, ::-1], -self.powers[:, :, ::-1])

    def inverse(self) -> Curves:
        """Return price as a function of power: the two axes exchanged, so that steps become flats and flats steps.

        Beyond its ends the inverse is unbounded, not flat; `prices_at` minds that.
        """
        return Curves.trusted(self.powers, self.prices)

    def _grouped(self, member: NDArray[np.int64], count: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
        if member.shape != (len(self),):
            raise WrongShape(f"groups must have shape ({len(self)},); found {member.shape}")
        if member.size and (member.min() < 0 or member.max() >= count):
            raise WrongShape(f"groups must count from 0 below {count}; found {member.min()} to {member.max()}")
        prices, powers = self.columns()
        if (np.diff(member) < 0).any():
            order = np.argsort(member, kind="stable")
            prices, powers = np.ascontiguousarray(prices[:, :, order]), np.ascontiguousarray(powers[:, :, order])
        offsets = np.concatenate([[0], np.cumsum(np.bincount(member, minlength=count))]).astype(np.int64)
        return prices, powers, offsets


def _require_finite(name: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        n, t, v = np.argwhere(~np.isfinite(values))[0]
        raise NotFinite(f"{name} of vertex {v} of participant {n} in interval {t} is not finite: {values[n, t, v]}")


def _require_rising(name: str, values: Floats) -> None:
    falls = values[:, :, 1:] < values[:, :, :-1]
    if falls.any():
        n, t, v = np.argwhere(falls)[0]
        raise NotMonotone(
            f"{name} falls after vertex {v} of participant {n} in interval {t}: "
            f"from {values[n, t, v]} to {values[n, t, v + 1]}"
        )


def _selection(key: object) -> slice | NDArray[np.intp]:
    if isinstance(key, int | np.integer):
        return slice(int(key), int(key) + 1 if key != -1 else None)
    return key if isinstance(key, slice) else np.asarray(key)


def _stacked(vertices: Sequence[Floats]) -> Floats:
    """Return vertices of shape (n, T) each as (n, T, V), stored as columns."""
    return np.asarray(np.stack([vertex.T for vertex in vertices], axis=1)).transpose(2, 0, 1)


def _evaluate(abscissa: Floats, ordinate: Floats, at: Floats) -> Range:
    """Return the lower and upper ordinate at one abscissa of each curve (n, T); both rise along the last axis."""
    last = abscissa.shape[2] - 1
    first = (abscissa < at[:, :, None]).sum(axis=2)[:, :, None]
    after = (abscissa <= at[:, :, None]).sum(axis=2)[:, :, None]
    left, right = np.maximum(after - 1, 0), np.minimum(after, last)
    x0, x1, y0, y1 = (
        np.take_along_axis(cube, k, axis=2)[:, :, 0] for cube in (abscissa, ordinate) for k in (left, right)
    )
    inside = (x1 > x0) & np.isfinite(at)
    share = np.divide(at - x0, x1 - x0, out=np.zeros(x0.shape), where=inside)
    high = np.where(inside, np.minimum(y0 + share * (y1 - y0), y1), y0)
    lower = np.take_along_axis(ordinate, np.minimum(first, last), axis=2)[:, :, 0]
    return np.where((first < after)[:, :, 0], lower, high), high


def _sums_of_others(powers: Floats) -> Floats:
    """Return the sum over the first axis without each, from sums before and after it."""
    before, after = np.zeros_like(powers), np.zeros_like(powers)
    np.cumsum(powers[:-1], axis=0, out=before[1:])
    np.cumsum(powers[:0:-1], axis=0, out=after[-2::-1] if len(powers) > 1 else after[:0])
    return before + after
