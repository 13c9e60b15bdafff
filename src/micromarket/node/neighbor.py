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
from micromarket.node.demand.demand_charge import DemandCharge, DemandPrice
from micromarket.node.losses import SEGMENTS, links
from micromarket.node.networks.tree import MOST_LOSS
from micromarket.node.vertices import curve_of, vertices_of

ROUNDING_KW = 1e-9
"""Powers nearer to each other than this are the same."""


class Direction(Enum):
    """Where a neighbor stands in a nested auction."""

    UPSTREAM = "upstream"
    """It finds the price for us: a supplier, a parent."""
    DOWNSTREAM = "downstream"
    """It bids to us: a child."""
    BIDIRECTIONAL = "bidirectional"
    """Neither: a peer, for coordinations that know no up and down."""


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
        Upstream, downstream or neither.
    import_limit_kw, export_limit_kw : float
        Most power from and to the neighbor, at the sending end [kW]; may be infinite.
    full_load_loss : float
        Fraction of the power that is lost at the limit of either direction.
    default : Curves, optional
        One curve (1, T, V) that stands in until the neighbor sends one; without it nothing is exchanged until then.
    transactive : bool, default True
        Whether it sends and receives signals. One that does not, such as a utility with a price list, is known by its
        default alone.
    charge : DemandCharge, optional
        What the neighbor charges for the highest power drawn from it in a month.
    threshold_kw : float, default 0
        Demand up to which the charge adds nothing now [kW].

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
    transactive: bool = True
    charge: DemandCharge | None = None
    threshold_kw: float = 0.0

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
        if not self.threshold_kw >= 0:
            raise InvalidValue(f"threshold_kw of neighbor {self.id!r} must be 0 or more; found {self.threshold_kw}")
        if self.default is not None and len(self.default) != 1:
            raise WrongShape(f"the default of neighbor {self.id!r} must be one curve; found {len(self.default)}")

    def seen(self, signal: Curves) -> Curves:
        """Return a neighbor's signal as it looks from inside: within the limits, imports reduced and dearer.

        Parameters
        ----------
        signal : Curves
            The neighbor's net curve toward us, one curve (1, T, V), power positive toward us.
        """
        return _bent(self._demand.charged(signal) if self.charge else signal, self._inward())

    def sent(self, net: Curves) -> Curves:
        """Return our net curve as a signal: within the limits, with what the neighbor must send for our imports.

        Parameters
        ----------
        net : Curves
            Sum of all but this neighbor, one curve (1, T, V), power positive toward the neighbor.
        """
        bid = _bent(net, self._outward())
        return self._demand.relieved(bid) if self.charge else bid

    def agreed_kw(self, power_kw: ArrayLike) -> Floats:
        """Return the power both sides compare, at the sending end [kW], for a power as seen from inside."""
        return np.asarray(np.vectorize(self._inward().to_node, otypes=[float])(power_kw))

    def arriving_kw(self, agreed_kw: ArrayLike) -> Floats:
        """Return the power as seen from inside [kW] for one from the neighbor at the sending end."""
        line = self._inward()

        def arrives(power: float) -> float:
            return line.to_parent(power, line.piece_of(line.own, power))

        return np.asarray(np.vectorize(arrives, otypes=[float])(agreed_kw))

    def price_sending(self, price: ArrayLike, agreed_kw: ArrayLike) -> Floats:
        """Return what a price inside is at the sending end, at a power toward the neighbor at the sending end."""
        line = self._inward()

        def becomes(at: float, power: float) -> float:
            return at if power > -ROUNDING_KW else line.price_to_node(at, line.piece_of(line.own, -power))

        sending = np.asarray(np.vectorize(becomes, otypes=[float])(price, agreed_kw))
        return sending - self._demand.added(-np.asarray(agreed_kw) - ROUNDING_KW)

    def price_inside(
        self, price: ArrayLike, agreed_kw: ArrayLike, low: ArrayLike = -np.inf, high: ArrayLike = np.inf
    ) -> Floats:
        """Return, of the prices that balance us, the one nearest to the neighbor's, losses and charge reckoned.

        Parameters
        ----------
        price : array of float, shape (T,)
            Price at the sending end [currency/kWh].
        agreed_kw : array of float, shape (T,)
            Power from the neighbor at the sending end [kW]. Between two segments of the losses, and at zero, a whole
            range of prices differs by nothing but losses.
        low, high : array of float, shape (T,), optional
            Ends of the stretch of prices that balance [currency/kWh].
        """
        line = self._both_ways()

        def nearest(at: float, power: float, low: float, high: float) -> float:
            if power > -ROUNDING_KW:
                return line.nearest_price(at, -power, (low, high), ROUNDING_KW)
            piece = line.piece_of(line.own, -power)
            there = line.price_to_parent(at, piece), line.to_parent(-power, piece)
            return line.nearest_price(*there, (low, high), ROUNDING_KW)

        charged = np.asarray(price) + self._demand.added(np.asarray(agreed_kw) - ROUNDING_KW)
        return np.asarray(np.vectorize(nearest, otypes=[float])(charged, agreed_kw, low, high))

    @property
    def _demand(self) -> DemandPrice:
        return DemandPrice(0.0 if self.charge is None else self.charge.price, self.threshold_kw)

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

    def _both_ways(self) -> Line:
        """Return the line from us to the neighbor, with the losses of both directions."""
        into, out_of, loss = np.array([[self.import_limit_kw], [self.export_limit_kw], [self.full_load_loss]])
        one = links(into, out_of, loss, SEGMENTS)
        return Line(*(ends.tolist() for ends in (one.own_kw, one.seen_kw, one.price_factor)))

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
    return curve_of([line.bend(polyline(vertices)) for vertices in vertices_of(curves)])
