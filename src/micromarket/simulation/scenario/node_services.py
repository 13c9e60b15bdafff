"""From the services of a node file to what they tell of each base step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from micromarket.assets.information_service import InformationService
from micromarket.assets.served import Bulletins
from micromarket.domain.intervals import Interval, IntervalGrid
from micromarket.domain.units import Dimension, parse_quantity
from micromarket.errors import WrongUnit
from micromarket.simulation.scenario.decoding import SeriesUse
from micromarket.simulation.scenario.expectations import Known
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.findings import Finding
from micromarket.simulation.scenario.node_file import NodeFile, Service
from micromarket.simulation.scenario.series import SeriesTable

Column = tuple[str, str]


def needed_by_devices(uses: Iterable[SeriesUse]) -> dict[Column, Known]:
    """Return every column that devices use, with what is known of it."""
    return {_column(use.ref): use.known for use in uses if use.path[0] == "assets"}


def with_services(uses: Iterable[SeriesUse]) -> Iterator[SeriesUse]:
    """Yield the series to load: those of devices, and what services tell of them, with the same limits and unit."""
    uses = list(uses)
    needed = needed_by_devices(uses)
    foretold = {use.path[:2]: _column(use.ref) for use in uses if _is(use, "foretells")}
    for use in uses:
        if use.path[0] != "services":
            yield use
        elif _is(use, "by"):
            yield SeriesUse(use.path, use.ref, needed[foretold[use.path[:2]]])


def check_services(content: NodeFile, uses: Iterable[SeriesUse]) -> Iterator[Finding]:
    """Find services that foretell what no device uses, or that are never fresh, or usually something else."""
    needed = needed_by_devices(uses)
    for at, one in enumerate(content.services):
        path = ("services", at)
        if (known := needed.get(_column(one.foretells))) is None:
            mend = "name a column that stands in an asset of this file"
            yield Finding((*path, "foretells", "column"), "a column that a device uses", mend)
            continue
        try:
            parse_quantity(one.usual, known["dimension"], content.currency)
        except WrongUnit as error:
            yield Finding((*path, "usual"), error.allowed, error.mend, error.found)
        if not one.refresh <= one.valid_for:
            yield Finding((*path, "valid_for"), "no less than refresh", "lengthen it, or refresh more often")


def services_of(content: NodeFile, uses: Iterable[SeriesUse]) -> tuple[InformationService, ...]:
    """Return the services of a node, before they were ever heard."""
    needed = needed_by_devices(uses)
    return tuple(_service(one, needed[_column(one.foretells)]["dimension"], content) for one in content.services)


def bulletins_of(
    content: NodeFile, services: Iterable[InformationService], grid: IntervalGrid, table: SeriesTable
) -> Mapping[Column, Bulletins]:
    """Return what services tell of each base step, by the column that they foretell."""
    return {
        _column(one.foretells): Bulletins(
            service,
            grid,
            table.columns[_column(one.by)],
            one.reach,
            tuple(Interval(time.start, time.end) for time in one.silent),
        )
        for one, service in zip(content.services, services, strict=True)
    }


def _service(one: Service, dimension: Dimension, content: NodeFile) -> InformationService:
    usual, unit = parse_quantity(one.usual, dimension, content.currency), dimension.label(content.currency)
    return InformationService(one.id, one.provides, unit, one.refresh, one.valid_for, usual, one.address, one.license)


def _is(use: SeriesUse, field: str) -> bool:
    return use.path[0] == "services" and use.path[-1] == field


def _column(ref: SeriesRef) -> Column:
    return ref.file, ref.column
