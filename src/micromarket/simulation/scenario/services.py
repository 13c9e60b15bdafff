"""From the services of a scenario or node file to what they tell of each base step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Protocol

from micromarket.assets.information_service import InformationService
from micromarket.assets.served import Bulletins
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import Interval, IntervalGrid
from micromarket.domain.units import Dimension, parse_quantity
from micromarket.errors import WrongUnit
from micromarket.simulation.scenario.decoding import SeriesUse
from micromarket.simulation.scenario.document import Path
from micromarket.simulation.scenario.expectations import LIMITS, Known, limit_text
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.findings import Finding, duplicates
from micromarket.simulation.scenario.information import Service
from micromarket.simulation.scenario.series import SeriesTable
from micromarket.simulation.scenario.timeline import continued

Column = tuple[str, str]

FORESEEN = ("power", "yield", "outdoor", "need", "draw", "inlet", "ambient")
"""Fields of devices of which a service may tell."""


class Informed(Protocol):
    """A file that may name services: a scenario or a node."""

    @property
    def currency(self) -> str:
        """Currency of the file."""
        ...

    @property
    def services(self) -> tuple[Service, ...]:
        """Who foretells what drives its devices."""
        ...


def foreseen_by_devices(uses: Iterable[SeriesUse]) -> dict[Column, Known]:
    """Return every column that devices foresee, with what is known of it."""
    return {_column(use.ref): use.known for use in uses if "assets" in use.path and use.path[-1] in FORESEEN}


def with_services(uses: Iterable[SeriesUse]) -> Iterator[SeriesUse]:
    """Yield the series to load: those of devices, and what services tell of them, with the same limits and unit."""
    uses = list(uses)
    foreseen = foreseen_by_devices(uses)
    foretold = {use.path[:2]: _column(use.ref) for use in uses if _is(use, "foretells")}
    for use in uses:
        if use.path[0] != "services":
            yield use
        elif _is(use, "by") and (known := foreseen.get(foretold[use.path[:2]])) is not None:
            yield SeriesUse(use.path, use.ref, known)


def check_services(content: Informed, uses: Iterable[SeriesUse]) -> Iterator[Finding]:
    """Find services that are named or foretell twice, whose times are wrong, or that tell what nobody foresees."""
    foreseen, services = foreseen_by_devices(uses), content.services
    yield from duplicates("services", [one.id for one in services])
    yield from _foretold_once(services)
    for at, one in enumerate(services):
        path = ("services", at)
        yield from _times(path, one)
        if (known := foreseen.get(_column(one.foretells))) is not None:
            yield from _usual((*path, "usual"), one, known, content.currency)
        else:
            mend = f"name one that an asset has as its {', '.join(FORESEEN[:-1])} or {FORESEEN[-1]}"
            yield Finding((*path, "foretells", "column"), "a column that a device foresees", mend)


def services_of(content: Informed, uses: Iterable[SeriesUse]) -> tuple[InformationService, ...]:
    """Return the services of a file, before they were ever heard."""
    foreseen = foreseen_by_devices(uses)
    return tuple(
        _service(one, foreseen[_column(one.foretells)]["dimension"], content.currency) for one in content.services
    )


def bulletins_of(
    content: Informed, services: Iterable[InformationService], grid: IntervalGrid, table: SeriesTable
) -> Mapping[Column, Bulletins]:
    """Return what services tell of each base step and beyond the last, by the column that they foretell."""
    return {
        _column(one.foretells): _bulletins(one, service, grid, table.columns[_column(one.by)])
        for one, service in zip(content.services, services, strict=True)
    }


def _bulletins(one: Service, service: InformationService, grid: IntervalGrid, values: Floats) -> Bulletins:
    beyond = -(-one.reach // grid.step)
    longer = IntervalGrid(grid.start, grid.step, len(grid) + beyond)
    silent = tuple(Interval(time.start, time.end) for time in one.silent)
    return Bulletins(service, longer, continued(values, round(24 / grid.hours), beyond), one.reach, silent)


def _foretold_once(services: tuple[Service, ...]) -> Iterator[Finding]:
    columns = [_column(one.foretells) for one in services]
    for at, column in enumerate(columns):
        if (first := columns.index(column)) < at:
            found = f'"{column[1]}", which "{services[first].id}" foretells'
            allowed = "a column that no other service foretells"
            yield Finding(("services", at, "foretells", "column"), allowed, "remove one of them", found)


def _times(path: Path, one: Service) -> Iterator[Finding]:
    for name in ("refresh", "reach"):
        if getattr(one, name) <= timedelta(0):
            yield Finding((*path, name), "a time above PT0S", "try PT1H")
    if not one.refresh <= one.valid_for:
        yield Finding((*path, "valid_for"), "no less than refresh", "lengthen it, or refresh more often")
    for place, time in enumerate(one.silent):
        if time.end <= time.start:
            yield Finding((*path, "silent", place, "end"), "a time after start", "exchange the two")


def _usual(path: Path, one: Service, known: Known, currency: str) -> Iterator[Finding]:
    try:
        usual = parse_quantity(one.usual, known["dimension"], currency)
    except WrongUnit as error:
        yield Finding(path, error.allowed, error.mend, error.found)
        return
    for limit, (keeps, words) in LIMITS.items():
        if limit in known and not keeps(usual, known[limit]):
            yield Finding(path, f"{words} {limit_text(known, limit, currency)}", "write what is usual")


def _service(one: Service, dimension: Dimension, currency: str) -> InformationService:
    usual, unit = parse_quantity(one.usual, dimension, currency), dimension.label(currency)
    return InformationService(one.id, one.provides, unit, one.refresh, one.valid_for, usual, one.address, one.license)


def _is(use: SeriesUse, field: str) -> bool:
    return use.path[0] == "services" and use.path[-1] == field


def _column(ref: SeriesRef) -> Column:
    return ref.file, ref.column
