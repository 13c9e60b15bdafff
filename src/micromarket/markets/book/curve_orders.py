"""Curve orders as the matcher reads them and as a reader sees them: corners, what is offered where, either part.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C, classes Vertex and Order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from micromarket.domain.orders import Order, Side, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue
from micromarket.kernels.curve_matching import Corners, level_of, quantity_at
from micromarket.markets.admission import MOST_STEPS


def sign_of(order: Order) -> int:
    """Return +1 for supply, -1 for demand, of an order that is known to be one of both."""
    return 1 if order.vertices[-1].power > 0 else -1


def corners_of(order: Order) -> Corners:
    """Return the curve of an order on one side as the kernel reads it: from the best price on, both rising."""
    if sign_of(order) > 0:
        corners: Corners = [(each.price, each.power, not each.divisible) for each in order.vertices]
    else:
        corners = [(-each.price, -each.power, not each.divisible) for each in reversed(order.vertices)]
    if corners[0][1]:
        corners.insert(0, (-MOST_STEPS, *corners[0][1:]))
    return corners


def offers(corners: Corners, used: int) -> Iterator[tuple[int, int]]:
    """Go through the levels at which a curve offers more than before, and how much; `used` of it is gone."""
    while used < corners[-1][1]:
        level = level_of(corners, used + 1)
        reached = quantity_at(corners, level)
        yield level, reached - used
        used = reached


def polyline(corners: Corners, used: int) -> list[tuple[float, float]]:
    """Return level and quantity at the corners of what is left of a curve; a whole segment is a step."""
    points = [(float(corners[0][0]), float(-used))]
    for corner, reached, whole in corners:
        if whole:
            points.append((corner, points[-1][1]))
        points.append((corner, reached - used))
    start = next(k for k, (_, quantity) in enumerate(points) if quantity > 0)
    (from_level, gone), (level, quantity) = points[start - 1 : start + 1]
    return [(level - quantity * (level - from_level) / (quantity - gone), 0.0), *points[start:]]


def part_of(vertices: Sequence[Vertex], side: Side) -> tuple[Vertex, ...]:
    """Return the supply or the demand part of a curve that may have both, as a battery's; empty if there is none.

    A slope through zero is cut at the first whole price step beyond zero: the part offers at most one step less than
    the curve there, and never more.

    Parameters
    ----------
    vertices : sequence of Vertex
        Curve that rises.
    side : Side
        Which part.

    Raises
    ------
    InvalidValue
        If a segment that goes only whole leads from demand to supply: it has no parts.
    """
    ordered = _mirrored(vertices, side)
    own = [each for each in ordered if each.power > 0]
    if not own or len(own) == len(ordered):
        return _mirrored(own, side)
    return _mirrored((*_cut(ordered[-len(own) - 1], own[0]), *own), side)


def _mirrored(vertices: Sequence[Vertex], side: Side) -> tuple[Vertex, ...]:
    """Return a curve, for a buyer seen as a supply curve and the other way round."""
    sign = side.value
    return tuple(
        Vertex(Steps(sign * each.price), Steps(sign * each.power), each.divisible) for each in vertices[::sign]
    )


def _cut(before: Vertex, after: Vertex) -> list[Vertex]:
    """Return the corners at which the segment through zero begins to give."""
    if before.power < 0 and not (before.divisible and after.divisible):
        raise InvalidValue(f"the segment from {before} to {after} goes only whole, through zero")
    rise, run = after.power - before.power, after.price - before.price
    price = before.price - before.power * run // rise
    given = before.power + (price - before.price) * rise // run if run else 0
    return [Vertex(Steps(price), Steps(power)) for power in dict.fromkeys((0, given))]
