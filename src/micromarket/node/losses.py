"""Losses of a line, borne by the importer: quadratic in power, represented by equal straight segments.

Rule
----
Sending `S` [kW] over a line rated `R` loses ``f S**2 / R``: at the rated power the fraction `f` (full-load loss) is
lost. Between the borders ``S_j = j R / L`` of `L` equal segments the received power is a straight line, so curves
stay piecewise linear and everything that follows is exact in that model: received = g(S), concave, g(0) = 0, right at
every border. The marginal price follows the slope of g: the importing end pays ``1 / g'`` times the sending end's
price, so a kink of g is a small step of price, and at zero flow there is a dead band.

*Negative prices* pass unchanged, only the power is reduced. By the marginal rule a price of -0.10 would become -0.104
behind a line of 4 % marginal loss, i.e. burning power in the line would pay, and the curve would fall where the flow
rises. With this rule curves rise and the line never runs short of money: it is paid for what it takes up, and pays
for the smaller part it passes on.

*Error of the segments*, measured on a line of 10 kW with 5 % full-load loss at a price of 0.05 currency/kWh
(`tests/node/test_losses.py`). Power, and with it the value of a dispatch, errs with the square of the segments; the
marginal price jumps from slope to slope, so it errs by half a jump, about ``f / L`` of the price.

======== ================================ =============================
segments worst error of received power    worst error of marginal price
======== ================================ =============================
1        0.125 kW                         0.0029 currency/kWh
2        0.031 kW                         0.0015 currency/kWh
4        0.0078 kW                        0.00076 currency/kWh
8        0.0020 kW (0.02 % of the rating) 0.00038 currency/kWh
16       0.00049 kW                       0.00019 currency/kWh
======== ================================ =============================

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3 (importer bears losses, marginal price).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats

SEGMENTS = 8
"""Straight segments of the loss parabola in each direction, unless a tree says otherwise."""


def received_kw(sent_kw: ArrayLike, rated_kw: ArrayLike, full_load_loss: ArrayLike) -> Floats:
    """Return what arrives by the parabola itself, for physics and for judging the segments.

    Parameters
    ----------
    sent_kw : array of float
        Power at the sending end [kW], between 0 and the rated power.
    rated_kw : array of float
        Power at which the full-load loss is lost [kW]; not 0.
    full_load_loss : array of float
        Fraction lost at the rated power.
    """
    sent = np.asarray(sent_kw, dtype=float)
    return np.asarray(sent * (1.0 - np.asarray(full_load_loss) * sent / np.asarray(rated_kw)))


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of lines, each filled from its border nearest to zero.

    Parameters
    ----------
    node : array of int, shape (p,)
        Node below each line.
    least_kw, most_kw : array of float, shape (p,)
        How far the power from the node up can go on the piece, measured at the node [kW]; one of them is 0 unless the
        line has no losses.
    price_factor : array of float, shape (p,)
        Power at the node per power at the parent.
    """

    node: NDArray[np.int64]
    least_kw: Floats
    most_kw: Floats
    price_factor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The lines of a tree as arrays; entries ``start[k]:start[k + 1]`` are the borders of node `k`'s pieces.

    Parameters
    ----------
    start : array of int64, shape (m + 1,)
        Where each line starts in the other arrays.
    own_kw, seen_kw : array of float
        Power from the node to its parent [kW], rising, measured at the node and at the parent.
    price_factor : array of float
        Parent's price per node's price on the piece that starts at this border; unused at the last one.
    """

    start: NDArray[np.int64]
    own_kw: Floats
    seen_kw: Floats
    price_factor: Floats

    def pieces(self) -> Pieces:
        """Return every piece of every line but the root's."""
        last = np.zeros(self.start[-1], dtype=bool)
        last[self.start[1:] - 1] = True
        at = np.flatnonzero(~last)
        at = at[at >= self.start[1]]
        node = np.searchsorted(self.start, at, side="right") - 1
        low, high = self.own_kw[at], self.own_kw[at + 1]
        nearest = np.clip(0.0, low, high)
        return Pieces(node, low - nearest, high - nearest, self.price_factor[at])


def links(import_limit_kw: Floats, export_limit_kw: Floats, full_load_loss: Floats, segments: int) -> Links:
    """Return the lines with these limits and losses.

    Parameters
    ----------
    import_limit_kw, export_limit_kw : array of float, shape (m,)
        Most power toward and from the node, at the sending end [kW].
    full_load_loss : array of float, shape (m,)
        Fraction lost at the limit of either direction.
    segments : int
        Straight segments in each direction.
    """
    inward, outward = import_limit_kw > 0, export_limit_kw > 0
    lossy = (full_load_loss > 0) & (inward | outward)
    sizes = np.where(lossy, 1 + segments * (inward.astype(np.int64) + outward), 2)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    own, seen, factor = (np.ones(start[-1]) for _ in range(3))
    plain = start[:-1][~lossy]
    for ends in (own, seen):
        ends[plain], ends[plain + 1] = -import_limit_kw[~lossy], export_limit_kw[~lossy]
    for into, out_of in ((True, True), (True, False), (False, True)):
        chosen = lossy & (inward == into) & (outward == out_of)
        shape = _shape(full_load_loss[chosen, None], segments * into, segments * out_of, segments)
        at = start[:-1][chosen, None] + np.arange(shape.own.shape[1])
        scale = np.where(shape.own < 0, import_limit_kw[chosen, None], export_limit_kw[chosen, None])
        own[at], seen[at], factor[at] = shape.own * scale, shape.seen * scale, shape.factor
    return Links(start, own, seen, factor)


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Borders of lines rated 1 kW each way, shape (lines, borders)."""

    own: Floats
    seen: Floats
    factor: Floats


def _shape(loss: Floats, inward: int, outward: int, segments: int) -> _Shape:
    share = np.arange(1, segments + 1) / segments
    sent = np.broadcast_to(share, (len(loss), segments))
    arrives = share * (1.0 - loss * share)
    slope = 1.0 - loss * (2.0 * share - 1.0 / segments)  # of received over sent power, segment by segment
    zero = np.zeros_like(loss)
    own = np.hstack([-arrives[:, :inward][:, ::-1], zero, sent[:, :outward]])
    seen = np.hstack([-sent[:, :inward][:, ::-1], zero, arrives[:, :outward]])
    return _Shape(own, seen, np.hstack([slope[:, :inward][:, ::-1], 1.0 / slope[:, :outward], zero + 1.0]))
