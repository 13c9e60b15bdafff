"""Continuous trading: who traded when, how the price of one delivery moved, and the depth of its book."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import numpy as np

from micromarket.simulation.report.section import Control, Figure, Json, Section, View, rounded
from micromarket.simulation.report.study import Study
from micromarket.simulation.report.timeline import text
from micromarket.simulation.report.words import count, moment, number, quantity

Rounds = list[tuple[datetime, float, float, float, float]]
Levels = list[tuple[float, float]]

PARTNERS = (
    ("Between homes", "buyer <> $supplier AND seller <> $supplier", "$market"),
    ("Bought from the supplier", "seller = $supplier", "$kind-supplier"),
    ("Sold to the supplier", "buyer = $supplier", "$kind-pv"),
)
"""Who trades with whom: name, condition, color."""

MOST_DELIVERIES = 48
"""Most deliveries whose price can be chosen: the last ones of a long run."""


def trading(study: Study) -> Section | None:
    """Return the section on continuous trading, None if nobody traded continuously."""
    if not study.has("trades", "depth"):
        return None
    deliveries = _deliveries(study)
    energy, trades = study.rows("SELECT sum(power_kw) * ?, count(*) FROM trades", study.about.hours)[0]
    metered = study.value("SELECT sum(abs(metered_kwh)) FROM positions WHERE account <> ?", _supplier(study))
    moved = [_moved(study, delivery) for delivery in deliveries]
    opening = int(np.argmax([max(row[3] for row in rounds) - min(row[2] for row in rounds) for rounds in moved]))
    first, last = moved[opening][0][1], moved[opening][-1][1]
    finding = (
        f"Power for {moment(_local(study, deliveries[opening]))} was first traded at {number(first)} "
        f"and last at {quantity(last, study.price_unit)}"
    )
    lead = (
        f"{count(trades, 'trade')} moved {quantity(energy, 'kWh')}; customers' meters counted "
        f"{quantity(metered, 'kWh')}. Who learns that it needs more or less buys or sells the difference, so the "
        "same energy may change hands several times. Hours ahead everybody can wait for a good price; near the gate "
        "nobody can."
    )
    options = tuple(moment(_local(study, delivery)) for delivery in deliveries)
    blocks = (
        Control("delivery", "Delivery at", "select", options, opening),
        _price_figure(study, deliveries, moved, opening),
        *_depth_blocks(study, deliveries[opening]),
        _trades_figure(study),
    )
    return Section("trading", "Trading", finding, escape(lead), blocks)


def _supplier(study: Study) -> str:
    return str(study.value("SELECT asset FROM assets WHERE kind = 'supplier'"))


def _local(study: Study, when: datetime) -> datetime:
    return when.replace(tzinfo=UTC).astimezone(study.about.zone).replace(tzinfo=None)


def _deliveries(study: Study) -> list[datetime]:
    """Return the deliveries to choose from: at whole hours, traded in many rounds; all if there is none."""
    rows = study.rows(
        "SELECT start, count(DISTINCT moment) AS rounds, minute(start) = 0 FROM trades GROUP BY start ORDER BY start"
    )
    most = max(rounds for _, rounds, _ in rows)
    chosen = [start for start, rounds, whole in rows if whole and 2 * rounds >= most]
    return (chosen or [start for start, _, _ in rows])[-MOST_DELIVERIES:]


def _moved(study: Study, delivery: datetime) -> Rounds:
    """Return when a delivery was traded: moment, mean, lowest and highest price, energy [kWh]."""
    return study.rows(
        "SELECT moment, sum(price * power_kw) / sum(power_kw), min(price), max(price), sum(power_kw) * ? "
        "FROM trades WHERE start = ? GROUP BY moment ORDER BY moment",
        study.about.hours,
        delivery,
    )


def _best(study: Study, delivery: datetime) -> list[tuple[datetime, float, float]]:
    return study.rows(
        "SELECT moment, max(price) FILTER (side = 'buy'), min(price) FILTER (side = 'sell') FROM depth "
        "WHERE start = ? GROUP BY moment ORDER BY moment",
        delivery,
    )


def _price_figure(study: Study, deliveries: list[datetime], moved: list[Rounds], opening: int) -> Figure:
    views = tuple(_price_view(study, delivery, rounds) for delivery, rounds in zip(deliveries, moved, strict=True))
    edge = {"width": 0, "shape": "linear"}
    band = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": edge}
    traces: tuple[Json, ...] = (
        band | {"name": "Best bid", "legendgroup": "Best bid to best offer", "showlegend": False},
        band | {"name": "Best bid to best offer", "fill": "tonexty", "fillcolor": "$muted/0.16"},
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Lowest to highest trade",
            "hoverinfo": "skip",
            "line": {"color": "$market/0.45", "width": 5},
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "Mean price of a round",
            "line": {"color": "$market", "width": 2},
            "marker": {"color": "$market", "size": 5},
        },
        {
            "type": "bar",
            "name": "Energy traded [kWh]",
            "yaxis": "y2",
            "marker": {"color": "$kind-supplier/0.7"},
            "hovertemplate": "%{y:.3~g} kWh",
        },
    )
    axis = {"overlaying": "y", "side": "right", "visible": False, "fixedrange": True}
    return Figure(
        "price-of-a-delivery",
        "How the price of one delivery moved, from opening to gate",
        study.price_unit,
        "Mean price of each round of trading, with the range of its trades, the best bid and offer, and the energy.",
        tuple(trace | patch for trace, patch in zip(traces, views[opening].patches, strict=True)),
        {"yaxis2": axis, "bargap": 0.5},
        note="Bars at the foot: energy traded in each round, on a scale of their own.",
        control="delivery",
        views=views,
        height=380,
    )


def _price_view(study: Study, delivery: datetime, rounds: Rounds) -> View:
    best = _best(study, delivery)
    seen = [text(_local(study, row[0])) for row in best]
    when = [text(_local(study, row[0])) for row in rounds]
    _, mean, low, high, energy = (list(column) for column in zip(*rounds, strict=True))
    gaps = [at for moment_ in when for at in (moment_, moment_, None)]
    spans = [price for pair in zip(low, high, strict=True) for price in (*pair, np.nan)]
    patches: tuple[Json, ...] = (
        {"x": seen, "y": rounded([_known(row[1]) for row in best])},
        {"x": seen, "y": rounded([_known(row[2]) for row in best])},
        {"x": gaps, "y": rounded(spans)},
        {"x": when, "y": rounded(mean)},
        {"x": when, "y": rounded(energy)},
    )
    said = (
        f"{moment(_local(study, delivery))}: first traded at {number(mean[0])}, between {number(min(low))} and "
        f"{number(max(high))}, last at {quantity(mean[-1], study.price_unit)}; {quantity(sum(energy), 'kWh')} in all."
    )
    return View(patches, {"yaxis2": {"range": [0, 5 * max(energy)]}}, said)


def _known(price: float | None) -> float:
    return np.nan if price is None else float(price)


def _depth_blocks(study: Study, delivery: datetime) -> tuple[Control, Figure]:
    levels: dict[datetime, tuple[Levels, Levels]] = {}
    for when, side, price, power in study.rows(
        "SELECT moment, side, price, power_kw FROM depth WHERE start = ? ORDER BY moment, side, price", delivery
    ):
        levels.setdefault(when, ([], []))[side == "sell"].append((price, power))
    prices = [price for sides in levels.values() for side in sides for price, _ in side]
    ends = (min(prices), max(prices) + 0.02 * (max(prices) - min(prices)))
    views = tuple(_depth_view(study, when, sides, ends) for when, sides in levels.items())
    options = tuple(moment(_local(study, when)) for when in levels)
    last = len(options) - 1
    control = Control("book-moment", "Book at", "slider", options, last, (("Opening", 0), ("Gate", last)))
    traces = (_stairs("Bids", "$demand", "vh"), _stairs("Offers", "$supply", "hv"))
    axis = {"type": "linear", "title": {"text": f"Price [{study.price_unit}]"}, "tickformat": "~g"}
    figure = Figure(
        "depth",
        f"Depth of the book for {moment(_local(study, delivery))}",
        "kW",
        "Power that would be bought at each price or above, and sold at each price or below.",
        tuple(trace | patch for trace, patch in zip(traces, views[-1].patches, strict=True)),
        {
            "xaxis": axis | {"range": list(ends)},
            "yaxis": {"range": [0, 1.05 * _highest(list(levels.values()))]},
        },
        note="Cumulated: bids from the best down, offers from the best up. What is bid at the lowest price of all, "
        "the supplier's feed-in price, may reach beyond the chart.",
        control="book-moment",
        views=views,
        height=360,
    )
    return control, figure


def _stairs(name: str, color: str, shape: str) -> Json:
    look = {"type": "scatter", "mode": "lines", "fill": "tozeroy", "fillcolor": f"{color}/0.2"}
    return look | {"name": name, "line": {"color": color, "width": 2, "shape": shape}}


def _highest(books: list[tuple[Levels, Levels]]) -> float:
    """Return the most power that either side adds up to, the lowest price of the bids left out."""
    return max(max(sum(power for _, power in side) for side in (bids[1:], offers)) for bids, offers in books) or 1.0


def _depth_view(study: Study, when: datetime, sides: tuple[Levels, Levels], ends: tuple[float, float]) -> View:
    bids, offers = (np.array(side, dtype=float).reshape(-1, 2) for side in sides)
    wanted, given = np.cumsum(bids[::-1, 1])[::-1], np.cumsum(offers[:, 1])
    bought = {"x": rounded([ends[0], *bids[:, 0], *bids[-1:, 0]]), "y": rounded([*wanted[:1], *wanted, 0.0])}
    sold = {"x": rounded([*offers[:1, 0], *offers[:, 0], ends[1]]), "y": rounded([0.0, *given, *given[-1:]])}
    fronts = (("bid", bids[-1:, 0]), ("offer", offers[:1, 0]))
    best = [f"best {name} {number(float(price[0]))}" for name, price in fronts if len(price)]
    said = f"{moment(_local(study, when))}: {', '.join(best)} {study.price_unit}; "
    said += f"{quantity(float(wanted[:1].sum()), 'kW')} wanted, {quantity(float(given[-1:].sum()), 'kW')} on offer."
    return View((bought, sold), text=said)


def _trades_figure(study: Study) -> Figure:
    supplier = _supplier(study)
    traces: list[Json] = []
    for name, condition, color in PARTNERS:
        rows = study.rows(
            f"SELECT moment, sum(power_kw) FILTER ({condition.replace('$supplier', '$1')}) * $2 FROM trades "
            "GROUP BY moment ORDER BY moment",
            supplier,
            study.about.hours,
        )
        when, energy = zip(*rows, strict=True)
        bars = {"x": [text(_local(study, each)) for each in when], "y": rounded([value or 0.0 for value in energy])}
        look = {"type": "bar", "name": name, "marker": {"color": color}, "hovertemplate": "%{y:.3~g} kWh"}
        traces.append(look | bars)
    return Figure(
        "trades",
        "Energy traded in each round, for all deliveries",
        "kWh",
        "Bars of the energy traded round by round: between homes, bought from the supplier, sold to it.",
        tuple(traces),
        {"barmode": "stack", "bargap": 0.1},
        note="At the time of the trade, not of the delivery.",
        height=300,
    )
