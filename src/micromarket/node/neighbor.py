"""A neighbor: a region outside with which a node exchanges power over one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue, UnratedLoss, WrongShape
from micromarket.kernels.lines import Line
from micromarket.kernels.polylines import polyline
from micromarket.node.losses import SEGMENTS, links
from micromarket.node.tree import MOST_LOSS


class Direction(Enum):
    """Where a neighbor stands in an auction."""

    UPSTREAM = "upstream"
    """It finds the price for us: a supplier, a parent."""
    DOWNSTREAM = "downstream"
    """It bids to us: a child."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbor:
    """A neighbor as one node sees it.

    What two nodes tell each other is always reckoned at the sending end of the line, in power and in price: the
    importer turns what it receives into what arrives, and what it needs into what has to be sent.

    Parameters
    ----------
    id : str
        Name of the neighboring node.
    direction : Direction
        Upstream or downstream.
    import_limit_kw, export_limit_kw : float
        Most power from and to the neighbor, at the sending end [kW]; may be infinite.
    full_load_loss : float
        Fraction of the power that is lost at the limit of either direction.
    default : Curves, optional
        One curve (1, T, V) that stands in until the neighbor sends one; without it nothing is exchanged until then.

    Raises
    ------
    InvalidValue
        If a limit is negative or not a number, or the loss outside [0, 0.5).
    UnratedLoss
        If there is a loss but a limit is infinite.
    WrongShape
        If `default` is not exactly one curve.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3: losses are applied to imports only.
    """

    id: str
    direction: Direction
    import_limit_kw: float = np.inf
    export_limit_kw: float = np.inf
    full_load_loss: float = 0.0
    default: Curves | None = None

    def __post_init__(self) -> None:
        """Check limits, loss and default."""
        for limit in (self.import_limit_kw, self.export_limit_kw):
            if not limit >= 0:
                raise InvalidValue(f"a limit of neighbor {self.id!r} must be 0 or more; found {limit}")
        if not 0 <= self.full_load_loss < MOST_LOSS:
            raise InvalidValue(
                f"full_load_loss of neighbor {self.id!r} must be from 0 to below {MOST_LOSS}; "
                f"found {self.full_load_loss}"
            )
        if self.full_load_loss > 0 and np.isinf([self.import_limit_kw, self.export_limit_kw]).any():
            raise UnratedLoss(f"neighbor {self.id!r} has a loss of {self.full_load_loss}, so it needs finite limits")
        if self.default is not None and len(self.default) != 1:
            raise WrongShape(f"the default of neighbor {self.id!r} must be one curve; found {len(self.default)}")

    def seen(self, signal: Curves) -> Curves:
        """Return a neighbor's signal as it looks from inside: within the limits, imports reduced and dearer.

        Parameters
        ----------
        signal : Curves
            The neighbor's net curve toward us, one curve (1, T, V), power positive toward us.
        """
        return _bent(signal, self._inward())

    def sent(self, net: Curves) -> Curves:
        """Return our net curve as a signal: within the limits, with what the neighbor must send for our imports.

        Parameters
        ----------
        net : Curves
            Sum of all but this neighbor, one curve (1, T, V), power positive toward the neighbor.
        """
        return _bent(net, self._outward())

    def agreed_kw(self, power_kw: ArrayLike) -> Floats:
        """Return the power both sides compare, at the sending end [kW], for a power as seen from inside."""
        return np.asarray(np.vectorize(self._inward().to_node, otypes=[float])(power_kw))

    def _outward(self) -> Line:
        """Return the line from us to the neighbor, with the losses of our imports."""
        if self.full_load_loss == 0:
            return _lossless(self.import_limit_kw, self.export_limit_kw)
        sent, received, slopes = self._imports()
        own, seen = ([*np.negative(powers[::-1]), self.export_limit_kw] for powers in (received, sent))
        return Line(own, seen, [*slopes[::-1], 1.0])

    def _inward(self) -> Line:
        """Return the line from the neighbor to us, with the losses of our imports."""
        if self.full_load_loss == 0:
            return _lossless(self.export_limit_kw, self.import_limit_kw)
        sent, received, slopes = self._imports()
        return Line([-self.export_limit_kw, *sent], [-self.export_limit_kw, *received], [1.0, *np.reciprocal(slopes)])

    def _imports(self) -> tuple[Floats, Floats, Floats]:
        """Return sent and received power at the borders of the segments, and the slopes between them."""
        limit, loss = np.array([self.import_limit_kw]), np.array([self.full_load_loss])
        one = links(np.zeros(1), limit, loss, SEGMENTS)
        return one.own_kw, one.seen_kw, 1.0 / one.price_factor[:-1]


def _lossless(backward_kw: float, forward_kw: float) -> Line:
    borders = [-backward_kw, forward_kw]
    return Line(borders, borders, [1.0])


def _bent(curves: Curves, line: Line) -> Curves:
    """Return one curve (1, T, V) as the other end of a line sees it."""
    both = np.stack([curves.prices[0], curves.powers[0]], axis=2).tolist()
    bent = [line.bend(polyline((price, power) for price, power in curve)) for curve in both]
    parts = [Curves.from_vertices([curve]) for curve in bent]
    width = max(part.vertices for part in parts)
    wide = [part.padded(width) for part in parts]
    return Curves(*(np.concatenate([getattr(part, name) for part in wide], axis=1) for name in ("prices", "powers")))
