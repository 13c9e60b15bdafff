"""Reading a scenario: its file, its checks, its series."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from math import fsum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from msgspec.structs import replace

from micromarket.assets.served import Bulletins
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import Interval, IntervalGrid
from micromarket.errors import InvalidValue, Problem, ScenarioError
from micromarket.simulation.scenario.checks import MOST_STEPS, check
from micromarket.simulation.scenario.decoding import decode
from micromarket.simulation.scenario.document import compose
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.file import ScenarioFile
from micromarket.simulation.scenario.findings import Finding
from micromarket.simulation.scenario.local_assets import LocalAsset, asset_ids
from micromarket.simulation.scenario.series import SeriesLoader, SeriesTable, moment
from micromarket.simulation.scenario.services import Column, bulletins_of, check_services, services_of, with_services
from micromarket.simulation.scenario.timeline import Timeline

FILE_NAME = "scenario.yaml"


@dataclass(frozen=True, slots=True)
class OwnedAsset:
    """A local asset and who owns it.

    Parameters
    ----------
    id : str
        Its name, unique in the scenario.
    customer : int
        Position of its owner among the customers.
    asset : LocalAsset
        What the file says of it.
    comfort : float
        Its owner's preference, between cost 0 and comfort 1.
    """

    id: str
    customer: int
    asset: LocalAsset
    comfort: float


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A scenario that was read and found right.

    Parameters
    ----------
    file : ScenarioFile
        What the file says, defaults filled in: every customer has a node and a tariff, the market a default price.
    path : pathlib.Path
        The file.
    text : str
        Its text.
    grid : IntervalGrid
        The base steps of the run.
    table : SeriesTable
        All series used, over the base steps.
    bulletins : mapping of (file, column) to Bulletins
        Columns that an information service foretells.
    """

    file: ScenarioFile
    path: Path
    text: str
    grid: IntervalGrid
    table: SeriesTable
    bulletins: Mapping[Column, Bulletins] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The local time zone."""
        return ZoneInfo(self.file.time.timezone)

    @property
    def hash(self) -> str:
        """SHA-256 over the scenario's text and every series file used."""
        digest = hashlib.sha256(self.text.encode())
        for name in sorted(self.table.digests):
            digest.update(f"\n{name}\n{self.table.digests[name]}".encode())
        return digest.hexdigest()

    @property
    def assets(self) -> tuple[OwnedAsset, ...]:
        """Every local asset with its name, customer by customer in the order of the file."""
        return tuple(
            OwnedAsset(name, at, asset, customer.comfort)
            for at, customer in enumerate(self.file.customers)
            for name, asset in zip(asset_ids(customer.id, customer.assets), customer.assets, strict=True)
        )

    @property
    def timeline(self) -> Timeline:
        """Its base steps, and every field over them."""
        return Timeline(self.grid, _zone(self.file), self.table, self.bulletins)

    def series(self, value: float | SeriesRef | dict[str, float]) -> Floats:
        """Return a field over the base steps, in base units, shape (S,), as `Timeline.series` does."""
        return self.timeline.series(value)


def scenario_path(path: Path) -> Path:
    """Return the scenario file that `path` names: itself, or ``scenario.yaml`` in it.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    file = path / FILE_NAME if path.is_dir() else path
    if not file.is_file():
        mend = f"give a folder with {FILE_NAME} in it, or the file itself; micromarket init NAME writes one"
        raise ScenarioError(Problem(str(file), 0, 0, "", "no such file", "a scenario file", mend))
    return file


def read_scenario(path: Path | str) -> Scenario:
    """Return the scenario at `path`, a file or its folder; complete, checked, with its series.

    Raises
    ------
    ScenarioError
        If anything is wrong with the file or a series; holds every problem found, in the order of lines.
    """
    file = scenario_path(Path(path))
    text = file_text(file)
    document = compose(text, str(file))
    if document.has("network", "node"):
        mend = "micromarket network runs it with its neighbors, micromarket node alone"
        raise ScenarioError(document.problem((), "a node file", "a scenario file", mend))
    content, uses = decode(document, ScenarioFile)
    problems = check(content, document)
    problems += [finding.problem(document) for finding in check_services(content, uses)]
    grid = _grid(content)
    if grid is None or len(grid) > MOST_STEPS:
        raise ScenarioError(*sorted(problems))
    loader = SeriesLoader(document, file.parent, grid, content.currency, _zone(content))
    table, more = loader.load(list(with_services(uses)))
    scenario = Scenario(content, file, text, grid, table)
    if not more:
        more = [finding.problem(document) for finding in _prices(scenario)]
    if problems or more:
        raise ScenarioError(*sorted([*problems, *more]))
    told = bulletins_of(content, services_of(content, uses), grid, table)
    return _completed(dataclasses.replace(scenario, bulletins=told))


def _prices(scenario: Scenario) -> Iterator[Finding]:
    """Find a feed-in price above the price, and a price above the cap."""
    supplier, unit = scenario.file.supplier, f"{scenario.file.currency}/kWh"
    price, feed_in = scenario.series(supplier.price), scenario.series(supplier.feed_in_price)
    if (feed_in > price).any():
        step = int(np.argmax(feed_in > price))
        found = f"{feed_in[step]:g} {unit} in the step from {moment(scenario.grid.starts[step])}"
        mend = "lower it: who could sell back for more than the price would never stop"
        yield Finding(("supplier", "feed_in_price"), f"at most the price, {price[step]:g} {unit}", mend, found)
    cap = scenario.file.market.price_cap
    if cap is not None and cap < price.max():
        allowed = f"at least the supplier's highest price, {price.max():g} {unit}"
        yield Finding(("market", "price_cap"), allowed, "raise it, or remove it")


def file_text(file: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    ScenarioError
        If it cannot be read, or is no UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"the byte {error.object[error.start]:#04x}"
        raise ScenarioError(Problem(str(file), line, 0, "", found, "UTF-8", "save the file as UTF-8")) from None
    except OSError as error:
        found = f"no file that can be read ({error.strerror})"
        raise ScenarioError(Problem(str(file), 0, 0, "", found, "a text file")) from None


def _grid(content: ScenarioFile) -> IntervalGrid | None:
    time = content.time
    try:
        return IntervalGrid.covering(Interval(time.start, time.end), time.step)
    except InvalidValue:
        return None


def _zone(content: ScenarioFile) -> tzinfo:
    try:
        return ZoneInfo(content.time.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _completed(scenario: Scenario) -> Scenario:
    """Return the scenario with a node and a tariff for every customer, and a default price."""
    content = scenario.file
    root = next(node.id for node in content.nodes if node.parent is None)
    customers = tuple(
        replace(customer, node=customer.node or root, tariff=customer.tariff or content.tariffs[0].id)
        for customer in content.customers
    )
    price = content.market.default_price
    if price is None:
        prices = scenario.series(content.supplier.price)
        price = fsum(prices) / len(prices)
    market = replace(content.market, default_price=price)
    return dataclasses.replace(scenario, file=replace(content, customers=customers, market=market))
