"""What a scenario must keep beyond the form of its fields: times, names and references, orders and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from micromarket.errors import Problem
from micromarket.simulation.scenario.asset_checks import check_asset
from micromarket.simulation.scenario.document import Document, Path
from micromarket.simulation.scenario.expectations import similar
from micromarket.simulation.scenario.file import Connection, Node, ScenarioFile
from micromarket.simulation.scenario.findings import Finding, duplicates, iso
from micromarket.simulation.scenario.local_assets import asset_ids
from micromarket.simulation.scenario.series_checks import HOUR, check_series, divides_a_day

MOST_STEPS = 10_000_000
RESERVED = ("distribution_owner", "rounding")
"""Accounts of the ledger that are nobody's name."""


def check(content: ScenarioFile, document: Document) -> list[Problem]:
    """Return everything that is wrong in a scenario that is well formed, apart from its series."""
    findings = (finding for part in _PARTS for finding in part(content))
    return [finding.problem(document) for finding in findings]


def _time(content: ScenarioFile) -> Iterator[Finding]:
    time = content.time
    if time.timezone not in available_timezones():
        mend = similar(time.timezone, sorted(available_timezones())) or "write it as area/city"
        yield Finding(("time", "timezone"), 'an IANA time zone such as "America/New_York"', mend)
    if time.end <= time.start:
        yield Finding(("time", "end"), "a time after start", "exchange start and end, or move one of them")
    if not divides_a_day(time.step):
        yield Finding(("time", "step"), "a step that divides an hour, or whole hours that divide a day", "try PT15M")
    elif time.end > time.start:
        yield from _steps(content)


def _steps(content: ScenarioFile) -> Iterator[Finding]:
    time = content.time
    if (time.end - time.start) % time.step:
        allowed = f"an end a whole number of steps ({iso(time.step)}) after start"
        yield Finding(("time", "end"), allowed, "move start or end, or choose another step")
    elif (time.end - time.start) // time.step > MOST_STEPS:
        yield Finding(("time", "step"), f"at most {MOST_STEPS} steps", "choose a longer step")
    if time.timezone in available_timezones():
        local = time.start.astimezone(ZoneInfo(time.timezone))
        if (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) % min(time.step, HOUR):
            yield Finding(("time", "start"), "a start on a whole step of the local hour", "round it")


RUNS_WITH = ("double_auction", "order_book")
"""Mechanisms that a run can use."""


def _market(content: ScenarioFile) -> Iterator[Finding]:
    market, step = content.market, content.time.step
    if market.mechanism not in RUNS_WITH:
        mend = similar(market.mechanism, list(RUNS_WITH)) or "a run uses no other mechanism yet; call it from Python"
        yield Finding(("market", "mechanism"), " or ".join(RUNS_WITH), mend)
    elif market.order_book is not None:
        yield from _order_book(content)
    if not divides_a_day(step):
        return
    if market.horizon < step or market.horizon % step:
        yield Finding(("market", "horizon"), f"a whole number of steps ({iso(step)})", "try PT24H")
    yield from check_series(content)


def _order_book(content: ScenarioFile) -> Iterator[Finding]:
    rules, step = content.market.order_book, content.time.step
    assert rules is not None
    if content.market.mechanism != "order_book":
        allowed = f"no order_book beside the mechanism {content.market.mechanism}"
        yield Finding(("market", "order_book"), allowed, "write mechanism: order_book, or remove it", found="one")
    if rules.ahead < step or rules.ahead % step:
        yield Finding(("market", "order_book", "ahead"), f"a whole number of steps ({iso(step)})", "try PT6H")
    if not timedelta(0) < rules.gate < step:
        yield Finding(("market", "order_book", "gate"), f"a time shorter than a step ({iso(step)})", "try PT5M")


def _supplier(content: ScenarioFile) -> Iterator[Finding]:
    supplier = content.supplier
    if supplier.slope and supplier.tiers:
        yield Finding(
            ("supplier", "slope"), "either slope or tiers", "remove one of them", found="slope beside tiers"
        )
    powers = [tier.up_to for tier in supplier.tiers]
    for at, power in enumerate(powers[:-1]):
        if power is None:
            mend = "add it, or move the open tier to the end"
            yield Finding(("supplier", "tiers", at), "up_to in every tier but the last", mend, found="no up_to")
    if powers and powers[-1] is not None:
        allowed = "no up_to in the last tier"
        yield Finding(("supplier", "tiers", len(powers) - 1, "up_to"), allowed, "remove it; use supplier.capacity")
    yield from _rising_tiers(content)


def _rising_tiers(content: ScenarioFile) -> Iterator[Finding]:
    tiers, capacity = content.supplier.tiers, content.supplier.capacity
    for at in range(1, len(tiers)):
        before, tier = tiers[at - 1], tiers[at]
        if before.up_to is not None and tier.up_to is not None and tier.up_to <= before.up_to:
            allowed = f"more than {before.up_to:g} kW, the tier before"
            yield Finding(("supplier", "tiers", at, "up_to"), allowed, "sort the tiers by power")
        if tier.add < before.add:
            allowed = f"at least {before.add:g} {content.currency}/kWh, the tier before"
            yield Finding(("supplier", "tiers", at, "add"), allowed, "a supplier's price rises with power")
    highest = max((tier.up_to for tier in tiers if tier.up_to is not None), default=0.0)
    if capacity is not None and capacity < highest:
        yield Finding(("supplier", "capacity"), f"at least {highest:g} kW, its highest tier", "remove that tier")


def _tariffs(content: ScenarioFile) -> Iterator[Finding]:
    if not content.tariffs:
        yield Finding(("tariffs",), "at least one tariff", "add one, or remove the key for one that breaks even")
    yield from duplicates("tariffs", [tariff.id for tariff in content.tariffs])


def _nodes(content: ScenarioFile) -> Iterator[Finding]:
    nodes = content.nodes
    yield from duplicates("nodes", [node.id for node in nodes])
    roots = [at for at, node in enumerate(nodes) if node.parent is None]
    if not roots:
        yield Finding(("nodes",), "exactly one root, a node without parent", "remove a parent", found="no root")
    for at in roots[1:]:
        allowed = f'a parent, since "{nodes[roots[0]].id}" is the root already'
        yield Finding(("nodes", at, "parent"), allowed, 'add the key "parent"', found=f'none for "{nodes[at].id}"')
    for at, node in enumerate(nodes):
        if node.parent is None:
            yield from _root_line(at, node)
        elif node.parent not in {other.id for other in nodes}:
            mend = similar(node.parent, [other.id for other in nodes]) or "add that node"
            yield Finding(("nodes", at, "parent"), "the id of a node", mend)
        yield from _loss(("nodes", at), node)
    yield from _unreachable(nodes)


def _root_line(at: int, node: Node) -> Iterator[Finding]:
    for name in ("import_limit", "export_limit", "full_load_loss"):
        if getattr(node, name):
            mend = "set supplier.capacity or supplier.feed_in_capacity instead"
            yield Finding(("nodes", at, name), f"no {name}, since the root hangs on no line", mend)


def _loss(path: Path, line: Node | Connection) -> Iterator[Finding]:
    if line.full_load_loss and line.import_limit is None and line.export_limit is None:
        allowed = "a limit beside it, since losses grow with the share of the limit in use"
        yield Finding((*path, "full_load_loss"), allowed, "add import_limit or export_limit")


def _unreachable(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    """Find each circle of parents once; where ids repeat, parents say nothing yet."""
    parent = {node.id: node.parent for node in nodes}
    if len(parent) < len(nodes):
        return
    done: set[str | None] = {None}
    for at, node in enumerate(nodes):
        way: dict[str | None, None] = {}
        name: str | None = node.id
        while name not in done and name not in way:
            way[name] = None
            name = parent.get(str(name))
        if name in way:
            names = [str(each) for each in way]
            circle = " → ".join([*names[names.index(str(name)) :], str(name)])
            yield Finding(("nodes", at, "parent"), "parents that lead to the root", "break the circle", found=circle)
        done.update(way)


def _customers(content: ScenarioFile) -> Iterator[Finding]:
    customers = content.customers
    if not customers:
        yield Finding(("customers",), "at least one customer", "add one")
    yield from duplicates("customers", [customer.id for customer in customers])
    nodes, tariffs = [node.id for node in content.nodes], [tariff.id for tariff in content.tariffs]
    taken = _Taken(set(nodes), {content.supplier.id, *RESERVED})
    for at, customer in enumerate(customers):
        yield from taken.clash(("customers", at, "id"), customer.id)
        yield from _reference(("customers", at, "node"), customer.node, nodes, "node")
        yield from _reference(("customers", at, "tariff"), customer.tariff, tariffs, "tariff")
        if customer.connection is not None:
            yield from _loss(("customers", at, "connection"), customer.connection)
        if not customer.assets:
            yield Finding(("customers", at, "assets"), "at least one asset", "add one, or remove the customer")
        for place, asset in enumerate(customer.assets):
            yield from check_asset(("customers", at, "assets", place), asset)


@dataclass(frozen=True, slots=True)
class _Taken:
    """Names a customer may not have."""

    nodes: set[str]
    accounts: set[str]

    def clash(self, path: Path, name: str) -> Iterator[Finding]:
        if name in self.nodes:
            yield Finding(path, "a name that is no node's", "rename one of them")
        if name in self.accounts:
            yield Finding(path, "a name that is no other account's", "rename it")


def _reference(path: Path, name: str | None, names: list[str], kind: str) -> Iterator[Finding]:
    if name is not None and name not in names:
        mend = similar(name, names) or f"add that {kind}"
        yield Finding(path, f"the id of a {kind}", mend)


def _asset_names(content: ScenarioFile) -> Iterator[Finding]:
    first: dict[str, tuple[int, int]] = {}
    seen: set[str] = set()
    for at, customer in enumerate(content.customers):
        if customer.id in seen:
            continue
        seen.add(customer.id)
        for place, name in enumerate(asset_ids(customer.id, customer.assets)):
            path = ("customers", at, "assets", place, "id")
            if name == content.supplier.id:
                yield Finding(path, "a name that is not the supplier's", "rename it")
            if name in first:
                there = "customers[{}].assets[{}]".format(*first[name])
                found = f'"{name}" again (first in {there})'
                yield Finding(path, "each asset's id once", "rename one of them", found=found)
            first.setdefault(name, (at, place))


_PARTS: tuple[Callable[[ScenarioFile], Iterator[Finding]], ...] = (
    _time,
    _market,
    _supplier,
    _tariffs,
    _nodes,
    _customers,
    _asset_names,
)
