"""Who says nothing is stood in for: by its last known curve, which fades to its default as it ages.

The template asks to discount signals that were not updated when expected. The rule here: a curve that is as old as
the trust in it lasts counts for nothing, a fresh one wholly, and in between both are mixed in proportion,
``w * last known + (1 - w) * default`` with ``w = 1 - age / trust``. Without a default the exchange fades to nothing.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3, footnote on stale signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.node.living.facts import Source
from micromarket.node.living.signals import Content, curves_of


@dataclass(frozen=True, slots=True, eq=False)
class StandIn:
    """A curve for a neighbor that says nothing.

    Parameters
    ----------
    source : Source
        What it is made of.
    curve : Curves
        One curve (1, T, V), power positive toward us, at the sending end.
    """

    source: Source
    curve: Curves


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What a neighbor said last in a series, and when.

    Parameters
    ----------
    content : Content
        What it said.
    sent_at : datetime
        When.
    """

    content: Content
    sent_at: datetime

    def weight(self, now: datetime, trust: timedelta) -> float:
        """Return how much it still counts, from 1 to 0."""
        return min(1.0, max(0.0, 1.0 - (now - self.sent_at) / trust)) if trust else 0.0

    def curve(self, starts: Sequence[datetime]) -> Curves:
        """Return it for other intervals: that of the same start, else that in the same place, else the last."""
        by_start = {interval.start: interval for interval in self.content}
        last = len(self.content) - 1
        return curves_of(tuple(by_start.get(start, self.content[min(at, last)]) for at, start in enumerate(starts)))


def stand_in(
    starts: Sequence[datetime], default: Curves | None, known: LastKnown | None, now: datetime, trust: timedelta
) -> StandIn:
    """Return what stands for a neighbor that says nothing.

    Parameters
    ----------
    starts : sequence of datetime, length T
        Start of each interval of the market.
    default : Curves, optional
        One curve (1, T, V), or (1, 1, V) for all intervals alike.
    known : LastKnown, optional
        What the neighbor said last.
    now : datetime
        The time.
    trust : timedelta
        Age at which what was said last counts for nothing.
    """
    weight = 0.0 if known is None else known.weight(now, trust)
    base = Curves.inelastic(np.zeros((1, len(starts)))) if default is None else _broadcast(default, len(starts))
    if known is None or weight == 0.0:
        return StandIn(Source.NOTHING if default is None else Source.DEFAULT, base)
    parts = [_scaled(known.curve(starts), weight), _scaled(base, 1.0 - weight)]
    return StandIn(Source.LAST_KNOWN, Curves.concatenate(parts).sum())


def renewed(
    before: StandIn, known: LastKnown | None, starts: Sequence[datetime], now: datetime, trust: timedelta
) -> StandIn:
    """Return what stands for a neighbor that fell silent in the middle of a market: what it said in it, if anything.

    Arguments are those of `stand_in`; `before` takes the place of the default.
    """
    one = stand_in(starts, before.curve, known, now, trust)
    return one if one.source is Source.LAST_KNOWN else before


def _broadcast(curve: Curves, intervals: int) -> Curves:
    return curve if curve.intervals == intervals else curve[:, np.zeros(intervals, dtype=np.int64)]


def _scaled(curve: Curves, share: float) -> Curves:
    return Curves.trusted(curve.prices, curve.powers * share)
