"""The plain twin of the storage kernel: one store at a time, graphs as lists of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Graph = list[Point]


@dataclass(frozen=True, slots=True)
class Step:
    """One planning step of one store, in the words of `micromarket.kernels.storage.Stores`."""

    hours: float
    charge_kw: float
    discharge_kw: float
    gain: float
    drain: float
    wear: float
    retained: float
    drift: float
    lowest: float
    highest: float
    comfort_below: float
    comfort_above: float
    target: float
    price: float

    @property
    def limits(self) -> Limits:
        """What is asked of the state at the end."""
        return Limits(self.lowest, self.highest, self.comfort_below, self.comfort_above, self.target)

    @property
    def reach(self) -> Point:
        """How far the state may fall (a negative number) and rise."""
        return -self.drain * self.discharge_kw * self.hours, self.gain * self.charge_kw * self.hours

    @property
    def can_share(self) -> bool:
        """Whether sharing the interval between charging and discharging loses anything."""
        fall, rise = self.reach
        return fall < 0 < rise and self.gain < self.drain

    @property
    def turn(self) -> Point:
        """Price below which sharing pays, and the marginal value that belongs to it."""
        price = -self.wear * (self.drain + self.gain) / (self.drain - self.gain)
        return price, (price + self.wear) / self.gain

    @property
    def shares(self) -> bool:
        """Whether sharing pays at the expected price."""
        return self.can_share and self.price < self.turn[0]

    def levels(self) -> list[tuple[float, float, float]]:
        """Return marginal value, left and right end of the moves of the state that each direction offers."""
        fall, rise = self.reach
        buy, sell = (self.price + self.wear) / self.gain, (self.price - self.wear) / self.drain
        if self.shares:
            return [((buy * rise - sell * fall) / (rise - fall), -rise, -fall)]
        return [
            (value, left, right) for value, left, right in ((buy, -rise, 0.0), (sell, 0.0, -fall)) if left < right
        ]

    def power(self, change: float, sharing: bool) -> float:
        """Return the power [kW] that changes the state by `change`."""
        fall, rise = self.reach
        if sharing:
            return self.discharge_kw - (self.charge_kw + self.discharge_kw) * (change - fall) / (rise - fall)
        return -change / ((self.gain if change > 0 else self.drain) * self.hours) if change else 0.0

    def prices(self, value: float, sharing: bool) -> tuple[float, float]:
        """Return the price [currency/kWh] at which charging, and discharging, is just worth its power."""
        fall, rise = self.reach
        if not sharing:
            return self.gain * value - self.wear, self.drain * value + self.wear
        both, difference = self.charge_kw + self.discharge_kw, self.charge_kw - self.discharge_kw
        price = (value * (rise - fall) / self.hours - self.wear * difference) / both
        return price, price


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step asks of the state at its end."""

    lowest: float
    highest: float
    comfort_below: float
    comfort_above: float
    target: float

    def comfort(self, state: float) -> float:
        """Return the marginal comfort of a state."""
        return (self.comfort_below if state < self.target else self.comfort_above) * (self.target - state)

    def mirrored(self) -> Limits:
        """Return the same on the axis ``-state``."""
        return Limits(-self.highest, -self.lowest, self.comfort_above, self.comfort_below, -self.target)


def state_at(left: Point, right: Point, value: float) -> float:
    """Return where the line between two points has a value."""
    return left[0] + (right[0] - left[0]) * ((left[1] - value) / (left[1] - right[1]))


def value_at(graph: Graph, state: float, from_right: bool) -> float:
    """Return the value of a graph at a state, on the side told where it is vertical; level beyond its ends."""
    after = next((i for i, (x, _) in enumerate(graph) if (x > state if from_right else x >= state)), len(graph))
    if after in (0, len(graph)):
        return graph[min(after, len(graph) - 1)][1]
    (x0, v0), (x1, v1) = graph[after - 1], graph[after]
    return v0 + (v1 - v0) * ((state - x0) / (x1 - x0))


def cut_values(graph: Graph, most: float) -> Graph:
    """Return the part of a graph with values from `most` down to ``-most``."""
    kept: Graph = [graph[0]] if abs(graph[0][1]) <= most else []
    for left, right in pairwise(graph):
        kept += [(state_at(left, right, bound), bound) for bound in (most, -most) if left[1] > bound > right[1]]
        kept += [right] if abs(right[1]) <= most else []
    return kept


def confine(graph: Graph, limits: Limits, penalty: float) -> Graph:
    """Return the graph with the marginal comfort added, vertical at both limits, within the penalty."""
    low, high = limits.lowest, limits.highest
    inner = [(low, value_at(graph, low, True)), *(p for p in graph if low < p[0] < high)]
    inner += [(high, value_at(graph, high, False))]
    if low < limits.target < high:
        left, right = [p for p in inner if p[0] <= limits.target], [p for p in inner if p[0] > limits.target]
        inner = [*left, (limits.target, value_at(graph, limits.target, True)), *right]
    tilted = [(x, v + limits.comfort(x)) for x, v in inner] if low < high else []
    values = [v for _, v in tilted]
    return cut_values([(low, max([penalty, *values])), *tilted, (high, min([-penalty, *values]))], penalty)


def widen(graph: Graph, step: Step, penalty: float) -> Graph:
    """Return the graph with the levels of charging and discharging inserted."""
    for value, left, right in step.levels():
        level = min(max(value, -penalty), penalty)
        above = [(x + left, v) for x, v in graph if v > level]
        below = [(x + right, v) for x, v in graph if v < level]
        first, last = states_at(graph, level)
        graph = [*above, (first + left, level), (last + right, level), *below]
    return graph


def states_at(graph: Graph, value: float) -> Point:
    """Return both ends of where a graph has a value."""
    there = [x for x, v in graph if v == value]
    if there:
        return there[0], there[-1]
    state = next(state_at(left, right, value) for left, right in pairwise(graph) if left[1] > value > right[1])
    return state, state


def add_graphs(left: Graph, right: Graph, penalty: float) -> Graph:
    """Return the sum of two graphs along the state."""
    values = sorted({v for _, v in left + right if abs(v) <= penalty}, reverse=True)
    ends = [(states_at(left, value), states_at(right, value), value) for value in values]
    return list(dict.fromkeys((a[side] + b[side], value) for a, b, value in ends for side in (0, 1)))


def trace(graph: Graph, step: Step, ceiling: float) -> list[Point]:
    """Return the vertices of a step's curve from the marginal value of changing the state."""
    if step.reach == (0, 0):
        return [(0.0, 0.0)]
    graph = _window(graph, step.reach, ceiling)
    if len(graph) == 1:
        return [(0.0, step.power(graph[0][0], False))]
    vertices: list[Point] = []
    turn = step.turn[1] if step.can_share else graph[-1][1]
    below = [p for p in graph if p[1] < turn]
    if below:
        first, last = states_at(graph, turn) if graph[0][1] >= turn else (below[0][0],) * 2
        vertices += [(step.prices(v, True)[0], step.power(x, True)) for x, v in reversed(below)]
        graph = [p for p in graph if p[1] > turn]
        if graph or first != last:
            vertices += [(step.turn[0], step.power(last, True))]
            graph = [*graph, (first, turn), (last, turn)]
    vertices += _one_way(_with_rest(graph), step)
    return _rising(vertices)


def _window(graph: Graph, reach: Point, ceiling: float) -> Graph:
    low, high = reach
    if graph[-1][0] <= low or graph[0][0] >= high:
        return [(low if graph[-1][0] <= low else high, 0.0)]
    kept = [p for p in graph if low <= p[0] <= high]
    if graph[0][0] < low:
        kept = [(low, value_at(graph, low, True)), *(p for p in kept if p[0] > low)]
    if graph[-1][0] > high:
        kept = [*(p for p in kept if p[0] < high), (high, value_at(graph, high, False))]
    if kept[-1][1] >= ceiling:
        return kept[-1:]
    return kept[:1] if kept[0][1] <= -ceiling else cut_values(kept, ceiling)


def _with_rest(graph: Graph) -> Graph:
    for at, (left, right) in enumerate(pairwise(graph)):
        if left[0] < 0 < right[0]:
            return [*graph[: at + 1], (0.0, value_at([left, right], 0.0, True)), *graph[at + 1 :]]
    return graph


def _one_way(graph: Graph, step: Step) -> list[Point]:
    vertices = []
    for x, v in reversed(graph):
        charging, discharging = step.prices(v, False)
        if x > 0 or (x == 0 and step.reach[1] > 0):
            vertices += [(charging, step.power(x, False))]
        if x < 0 or (x == 0 and step.reach[0] < 0):
            vertices += [(discharging, step.power(x, False))]
    at_rest = [price for price, power in vertices if power == 0]
    return [vertex for vertex in vertices if vertex[1] != 0 or vertex[0] in (at_rest[0], at_rest[-1])]


def _rising(vertices: list[Point]) -> list[Point]:
    kept: list[Point] = []
    for price, power in vertices:
        vertex = (max(price, kept[-1][0]), max(power, kept[-1][1])) if kept else (price, power)
        while kept and kept[-1][1] == vertex[1] and (len(kept) == 1 or kept[-2][1] == vertex[1]):
            kept.pop()
        if len(kept) > 1 and kept[-1][0] == vertex[0] == kept[-2][0]:
            kept.pop()
        kept.append(vertex)
    while len(kept) > 1 and kept[-1][1] == kept[-2][1]:
        kept.pop()
    return kept if len(kept) > 1 else [(0.0, kept[0][1])]


def look_back(steps: Sequence[Step], end_value: float, penalty: float) -> list[Graph]:
    """Return the marginal value of the state at the end of each step."""
    graph: Graph = [(0.0, end_value)]
    worth = []
    for step in reversed(steps):
        confined = confine(graph, step.limits, penalty)
        worth.append(confined)
        graph = [((x - step.drift) / step.retained, v * step.retained) for x, v in widen(confined, step, penalty)]
    return worth[::-1]


def planned(steps: Sequence[Step], initial: float, worth: Sequence[Graph]) -> tuple[list[float], list[float]]:
    """Return the best power in each step, and the states before and after."""
    powers, states = [], [initial]
    for step, graph in zip(steps, worth, strict=True):
        drifted = step.retained * states[-1] + step.drift
        change = _best_change(graph, step, drifted)
        powers.append(step.power(change, step.shares))
        states.append(min(max(drifted + change, graph[0][0]), graph[-1][0]))
    return powers, states


def _best_change(graph: Graph, step: Step, state: float) -> float:
    top, bottom = graph[0][1], graph[-1][1]
    for value, left, right in step.levels():
        first, last = states_at(graph, min(max(value, bottom), top))
        wanted = max(first - state, 0.0) if state < first else min(last - state, 0.0)
        change = min(max(wanted, -right), -left)
        if change != 0:
            return change
    return 0.0


def curve_vertices(
    steps: Sequence[Step], initial: float, worth: Sequence[Graph], tendered: int, bounds: Point
) -> list[list[Point]]:
    """Return the vertices of the curves of the first `tendered` steps; `bounds` are penalty and ceiling."""
    penalty, ceiling = bounds
    arrival, curves = [(-initial, penalty), (-initial, -penalty)], []
    for step, graph in zip(steps[:tendered], worth, strict=False):
        arrival = [(z * step.retained - step.drift, v / step.retained) for z, v in arrival]
        curves.append(trace(add_graphs(graph, arrival, penalty), step, ceiling))
        arrival = confine(widen(arrival, step, penalty), step.limits.mirrored(), penalty)
    return curves
