"""What the series of markets of a scenario must keep: how they divide a day and each other, and their names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from micromarket.dso.tree_settlement import DELIVERY
from micromarket.markets.registry import PRICE_MODELS, names
from micromarket.simulation.neighborhood import SPOT
from micromarket.simulation.scenario.document import Path
from micromarket.simulation.scenario.expectations import similar
from micromarket.simulation.scenario.file import MarketSeries, ScenarioFile
from micromarket.simulation.scenario.findings import Finding, iso

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def divides_a_day(duration: timedelta) -> bool:
    """Return whether a duration divides an hour, or is of whole hours that divide a day."""
    return duration > timedelta(0) and (not HOUR % duration or (not duration % HOUR and not DAY % duration))


def check_series(content: ScenarioFile) -> Iterator[Finding]:
    """Find what is wrong with the series of a scenario whose step is right."""
    market = content.market
    yield from _model(("market", "price_model"), market.price_model)
    taken = {SPOT, DELIVERY}
    for at, each in enumerate(market.series):
        path = ("market", "series", at)
        if each.name in taken:
            yield Finding((*path, "name"), f"a name other than {', '.join(sorted(taken))}", "rename it")
        taken.add(each.name)
        yield from _times(path, each, content.time.step)
        yield from _model((*path, "price_model"), each.price_model)
    for at, (longer, shorter) in enumerate(pairwise(market.series), start=1):
        yield from _division(("market", "series", at), longer, shorter)
    if market.mechanism == "order_book":
        yield from _before_trading(market.series)
    elif any(each.commits for each in market.series):
        yield from _whole_run(content)


def _times(path: Path, series: MarketSeries, step: timedelta) -> Iterator[Finding]:
    if series.interval < step or series.interval % step or not divides_a_day(series.interval):
        allowed = f"a whole number of steps ({iso(step)}) that divides an hour or a day"
        yield Finding((*path, "interval"), allowed, "try PT1H")
    elif DAY % (series.interval * series.intervals):
        yield Finding((*path, "intervals"), "as many intervals as divide a day", f"try {DAY // series.interval}")


def _division(path: Path, longer: MarketSeries, shorter: MarketSeries) -> Iterator[Finding]:
    if shorter.interval > timedelta(0) and longer.interval % shorter.interval:
        allowed = f"a duration that divides {iso(longer.interval)}, that of {longer.name}"
        yield Finding((*path, "interval"), allowed, "list the longest first")
    elif (longer.interval * longer.intervals) % (shorter.interval * shorter.intervals or DAY):
        allowed = f"intervals that together divide what {longer.name} covers"
        yield Finding((*path, "intervals"), allowed, "try 1")


def _model(path: Path, name: str | None) -> Iterator[Finding]:
    known = list(names(PRICE_MODELS))
    if name is not None and name not in known:
        mend = similar(name, known) or "install the package that registers it"
        yield Finding(path, f"a registered model: {', '.join(known)}", mend)


def _before_trading(series: tuple[MarketSeries, ...]) -> Iterator[Finding]:
    for at, each in enumerate(series):
        path = ("market", "series", at)
        if each.commits:
            yield Finding((*path, "commits"), "no commitment before continuous trading", "remove it")
        if at or each.interval * each.intervals != DAY:
            yield Finding(path, "one series of 24 hours before continuous trading", "remove it", found=each.name)


def _whole_run(content: ScenarioFile) -> Iterator[Finding]:
    time = content.time
    for at, each in enumerate(content.market.series):
        if each.interval > timedelta(0) and (time.end - time.start) % each.interval:
            allowed = f"a duration that divides the run's {iso(time.end - time.start)}, since markets commit"
            yield Finding(("market", "series", at, "interval"), allowed, "move start or end of the run")
