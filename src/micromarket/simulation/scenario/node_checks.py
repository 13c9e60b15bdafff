"""What a node file must keep beyond the form of its fields: times, neighbors, curves, markets, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path as Folder
from zoneinfo import available_timezones

from micromarket.domain.intervals import MICROSECOND
from micromarket.errors import Problem
from micromarket.markets.registry import PRICE_MODELS, names
from micromarket.node.coordination.coordination import GROUP
from micromarket.simulation.scenario import series_files
from micromarket.simulation.scenario.asset_checks import check_asset
from micromarket.simulation.scenario.document import Document, Path
from micromarket.simulation.scenario.expectations import similar
from micromarket.simulation.scenario.findings import Finding, duplicates
from micromarket.simulation.scenario.local_assets import asset_ids
from micromarket.simulation.scenario.node_file import (
    ONLY_ANSWERS,
    Corner,
    CurveAsset,
    Meter,
    NodeFile,
    NodeNeighbor,
    NodeSeries,
    SeriesAsset,
)
from micromarket.simulation.scenario.series import duration

MONTHS = 12
NOTHING = timedelta(0)


def check_node(content: NodeFile, document: Document, folder: Folder) -> list[Problem]:
    """Return everything that is wrong in a node file that is well formed, apart from what stands in other files."""
    findings = (finding for part in _PARTS for finding in part(content))
    return [finding.problem(document) for finding in (*findings, *_files(content, folder))]


def _times(content: NodeFile) -> Iterator[Finding]:
    if content.timezone not in available_timezones():
        mend = similar(content.timezone, sorted(available_timezones())) or "write it as area/city"
        yield Finding(("timezone",), 'an IANA time zone such as "America/New_York"', mend)
    if content.end <= content.start:
        yield Finding(("end",), "a time after start", "exchange start and end, or move one of them")


def _neighbors(content: NodeFile) -> Iterator[Finding]:
    ids = [one.id for one in content.neighbors]
    yield from duplicates("neighbors", ids)
    for at, one in enumerate(content.neighbors):
        path: Path = ("neighbors", at)
        if one.id == content.node:
            yield Finding((*path, "id"), "another node than this one", "remove it, or rename one of the two")
        if one.full_load_loss and (one.import_limit is None or one.export_limit is None):
            allowed = "both limits beside it, since losses grow with the share of the limit in use"
            yield Finding((*path, "full_load_loss"), allowed, "add import_limit and export_limit")
        yield from _price_list(path, one)
        if one.charge is not None and one.charge.hours_of_use <= NOTHING:
            yield Finding((*path, "charge", "hours_of_use"), "a time above PT0S", "try PT20H")
        if one.meter is not None:
            yield from _meter((*path, "meter"), one.meter)


def _price_list(path: Path, one: NodeNeighbor) -> Iterator[Finding]:
    given = [name for name in ("default", "rates", "price") if getattr(one, name) not in (None, ())]
    if not one.transactive and not given:
        mend = "add the key, or rates, or a price: it is all that is known of a neighbor that sends nothing"
        yield Finding((*path, "default"), "a curve such as [{price: 0.25 USD/kWh, power: 100 kW}]", mend)
    if len(given) > 1:
        allowed = "one of default, rates and price"
        yield Finding((*path, given[-1]), allowed, "remove the others", found=" and ".join(given))
    elif one.transactive and given not in ([], ["default"]):
        mend = "write transactive: false, or give a default"
        yield Finding((*path, given[0]), "a neighbor that sends nothing", mend, found="one that sends signals")
    yield from _curve((*path, "default"), one.default)
    for name in () if one.rates is None else ("heavy", "light", "beyond"):
        if (count := len(getattr(one.rates, name))) != MONTHS:
            yield Finding((*path, "rates", name), "12 of them", "give one for each month, January first", f"{count}")


def _meter(path: Path, meter: Meter) -> Iterator[Finding]:
    if meter.interval <= NOTHING:
        yield Finding((*path, "interval"), "a time above PT0S", "try PT15M")
    if not meter.scale:
        mend = "write 1 for a meter in kW or kWh, -1000 for one in MW that counts feed-in"
        yield Finding((*path, "scale"), "a number that is not 0", mend)


def _curve(path: Path, corners: tuple[Corner, ...]) -> Iterator[Finding]:
    for at, (one, two) in enumerate(pairwise(corners), start=1):
        if two.price < one.price:
            yield Finding(
                (*path, at, "price"), f"at least {one.price:g} per kWh, as the vertex before", "sort them by price"
            )
        if two.power < one.power:
            mend = "power rises with price: what is drawn is negative, and most at the lowest price"
            yield Finding((*path, at, "power"), f"at least {one.power:g} kW, as the vertex before", mend)


def _series(content: NodeFile) -> Iterator[Finding]:
    path: Path = ("series",)
    for series, finer in [*pairwise(_chain(content)), (_chain(content)[-1], None)]:
        yield from _registered((*path, "coordination"), series.coordination, GROUP)
        yield from _registered((*path, "price_model"), series.price_model, PRICE_MODELS)
        yield from _timing(path, series)
        if finer is not None:
            yield from _refinement((*path, "refined_by"), series, finer)
        path = (*path, "refined_by")


def _chain(content: NodeFile) -> list[NodeSeries]:
    chain = [content.series]
    while (finer := chain[-1].refined_by) is not None:
        chain.append(finer)
    return chain


def _registered(path: Path, name: str, group: str) -> Iterator[Finding]:
    if name not in (known := names(group)):
        yield Finding(path, f"one of {', '.join(known)}", similar(name, list(known)) or "others must be installed")


def _timing(path: Path, series: NodeSeries) -> Iterator[Finding]:
    if series.interval <= NOTHING:
        yield Finding((*path, "interval"), "a time above PT0S", "try PT1H")
        return
    window, every = series.interval * series.intervals, _every(series)
    if not NOTHING < every <= window:
        mend = "shorten it, or let a market clear more intervals: time would be left out"
        yield Finding((*path, "every"), f"at most {_iso(window)}, what a market delivers", mend)
    elif every % series.interval:
        mend = f"try {_iso(series.interval)}: intervals of successive markets must line up"
        yield Finding((*path, "every"), f"a whole number of intervals ({_iso(series.interval)})", mend)
    if (lead := series.negotiation_lead + series.market_lead) > every > NOTHING:
        allowed = f"at most {_iso(every)} together with market_lead, from one clearing to the next"
        mend = "shorten one: a market would negotiate before its prior one has cleared"
        yield Finding((*path, "negotiation_lead"), allowed, mend, found=f"{_iso(lead)} with market_lead")


def _refinement(path: Path, coarse: NodeSeries, finer: NodeSeries) -> Iterator[Finding]:
    if finer.name == coarse.name:
        yield Finding((*path, "name"), "another name than that of the series it refines", "rename one of them")
    if finer.interval > NOTHING and _every(coarse) % _every(finer):
        allowed = f"markets whose clearings divide {_iso(_every(coarse))}, those of {coarse.name}"
        yield Finding((*path, "every"), allowed, "try the interval", found=_iso(_every(finer)))
    lead = finer.negotiation_lead + finer.market_lead + finer.delivery_lead
    if lead > coarse.delivery_lead:
        allowed = f"leads of at most {_iso(coarse.delivery_lead)} in all, the delivery_lead of {coarse.name}"
        mend = f"shorten them, or lengthen that: it would negotiate before {coarse.name} has cleared"
        yield Finding((*path, "negotiation_lead"), allowed, mend, found=f"{_iso(lead)} in all")


def _every(series: NodeSeries) -> timedelta:
    return series.every if series.every is not None else series.interval * series.intervals


def _assets(content: NodeFile) -> Iterator[Finding]:
    yield from duplicates("assets", list(asset_ids(content.node, content.assets)))
    known = [series.name for series in _chain(content)]
    for at, one in enumerate(content.assets):
        if isinstance(one, SeriesAsset):
            yield from _known_powers(("assets", at, "power"), one, known)
        elif isinstance(one, CurveAsset):
            yield from _vertices(("assets", at, "vertices"), one)
        elif not isinstance(one, ONLY_ANSWERS):
            yield from check_asset(("assets", at), one)


def _vertices(path: Path, asset: CurveAsset) -> Iterator[Finding]:
    if not asset.vertices:
        yield Finding(path, "at least one vertex", "add one; one alone is a power at any price", found="none")
    yield from _curve(path, asset.vertices)


def _known_powers(path: Path, asset: SeriesAsset, known: list[str]) -> Iterator[Finding]:
    given = [power.series for power in asset.power]
    for at, name in enumerate(given):
        if name not in known:
            yield Finding((*path, at, "series"), f"one of {', '.join(known)}", similar(name, known) or "remove it")
    for name in known:
        if name not in given:
            yield Finding(path, f"what is known in {name}", f"add {{series: {name}, column: ...}}", found="nothing")


def _files(content: NodeFile, folder: Folder) -> Iterator[Finding]:
    for at, one in enumerate(content.assets):
        if isinstance(one, SeriesAsset):
            yield from _columns(("assets", at), one, folder)


def _columns(path: Path, asset: SeriesAsset, folder: Folder) -> Iterator[Finding]:
    file = folder / asset.file
    if not file.is_file():
        there = [other.relative_to(folder).as_posix() for other in sorted(folder.rglob("*")) if other.is_file()]
        mend = similar(asset.file, there) or "files are named relative to this one's folder"
        yield Finding((*path, "file"), "a file in this one's folder", mend, f'"{asset.file}", which does not exist')
        return
    columns = list(series_files.header(file, asset.file))[1:]
    for at, power in enumerate(asset.power):
        if power.column not in columns:
            mend = similar(power.column, columns) or f"the file has: {', '.join(columns)}"
            yield Finding((*path, "power", at, "column"), f"a column of {asset.file}", mend)


def _iso(time: timedelta) -> str:
    return duration(time // MICROSECOND)


_PARTS: tuple[Callable[[NodeFile], Iterator[Finding]], ...] = (_times, _neighbors, _series, _assets)
