"""The market case where customers trade continuously, as it lives through a day and records it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from micromarket.assets.asset import LocalAsset, Steps
from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.dso.imbalance import ImbalancePrices, Traded, postings, settle_deviations
from micromarket.node.networks.nested import NestedClearing
from micromarket.simulation.cases import Arrays, Progress, flows_over_lines, record_supply, stacked, with_supplier
from micromarket.simulation.continuous.homes import Plans, aims, plan, planning_edges
from micromarket.simulation.continuous.tenders import (
    LEVELS,
    PriceRange,
    SupplierOffers,
    concession,
    whole,
    wish_for,
    wishes_along,
)
from micromarket.simulation.continuous.venue import Commitments, Venue, Whole
from micromarket.simulation.neighborhood import SPOT, Neighborhood, Trading
from micromarket.simulation.recording.tables import Part, Tables, Told
from micromarket.simulation.recording.trading import TradingTables
from micromarket.simulation.with_market import (
    Delivered,
    clear,
    deliver,
    expected_prices,
    informed,
    opening,
    remembered,
    restored,
)


@dataclass(slots=True, eq=False)
class _Day:
    """What one day leaves to be recorded, step by step, and how it began."""

    before: Sequence[LocalAsset]
    aimed_kw: list[Floats] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)


class Continuous:
    """The market case with an order book.

    In every base step there is one round: homes look at their forecasts and tender, one after another, for all
    instruments that are open; who begins rotates. Then the gate of the nearest closes and it is delivered.

    Parameters
    ----------
    street : Neighborhood
        Whose customers trade.
    tables : Tables
        Where to record.
    progress : callable
        Told after every step.
    """

    name = "market"

    def __init__(self, street: Neighborhood, tables: Tables, progress: Progress) -> None:
        assert street.market.trading is not None
        self._street, self._tables, self._progress = street, tables, progress
        self._trading: Trading = street.market.trading
        self._trading_tables = TradingTables(tables, self._trading)
        self._case = opening(street)
        self._commitments = Commitments.none(self._supplier + 1, street.calendar.steps)
        self._offers = supplier_offers(street, self._trading)
        self._venue: Venue
        self._quoted: dict[int, int] = {}
        self._day: _Day

    def live_through(self, part: Part) -> None:
        """Trade and deliver every step of `part`; then record and settle."""
        street, first = self._street, int(part.steps[0])
        self._foresee(part, first)
        parties = (*street.customer_ids, street.supplier.supplier_id)
        self._venue = Venue(street.calendar, self._trading, parties, self._commitments)
        self._quoted, self._day = {}, _Day(self._case.fleets)
        for step in part.steps.tolist():
            self._deliver(step, self._round(step))
            self._progress("with the market", step + 1, street.calendar.steps)
        self._record(part)

    def _foresee(self, part: Part, step: int) -> None:
        """Let an auction of the day ahead tell its prices, if there is one."""
        rules, grid = self._street.market.plan.rules, self._street.calendar.grid
        if rules.series != SPOT:
            cleared = clear(self._street, self._case, rules, step)
            intervals = IntervalGrid(grid[step].start, rules.timing.interval_duration, cleared.expected.shape[1])
            self._tables.forward_prices(part, [Told(rules.series, intervals, cleared.expected)])
            self._case = informed(self._street, self._case, rules, step, cleared)

    def remember(self) -> Arrays:
        """Return what a resumed run needs; orders do not outlive the day."""
        held = self._commitments
        traded = {
            "traded.power": held.power,
            "traded.money": held.money_micro,
            "traded.volume": held.volume,
            "traded.turnover": held.turnover,
        }
        return {**remembered(self._street, self._case), **traded}

    def restore(self, arrays: Arrays) -> None:
        """Go back to what was remembered."""
        self._case = restored(self._street, arrays)
        names = ("power", "money", "volume", "turnover")
        self._commitments = Commitments(*(arrays[f"traded.{name}"] for name in names))

    @property
    def _supplier(self) -> int:
        return len(self._street.customers)

    def _round(self, step: int) -> Plans:
        """Let everyone tender once for every open instrument; return what the homes planned."""
        steps = range(step, min(step + self._trading.ahead_steps, self._street.calendar.steps))
        self._venue.open_until(steps)
        self._quote(step, steps)
        edges = planning_edges(self._street, step, len(steps))
        plans = plan(self._street, self._case, edges, self._expected(edges, steps), len(steps))
        ranges = [self._offers.range(each, self._sold(each)) for each in steps]
        homes = np.roll(np.arange(self._supplier), -step % self._supplier).tolist()
        wanted = whole(plans.powers_kw, self._power_step)
        for home in homes:
            self._tender_nearest(home, step, plans.of_customers, ranges[0])
            comfort = self._street.customers[home].comfort
            for lead, each in enumerate(steps[1:], start=1):
                gap = int(wanted[home, lead] - self._commitments.power[home, each])
                conceded = concession(lead, self._trading.ahead_steps, comfort)
                self._venue.tender(home, step, each, wish_for(gap, ranges[lead], conceded))
        self._venue.snapshot_depth(step, steps)
        self._venue.close_gate(step)
        return plans

    def _quote(self, at: int, steps: range) -> None:
        """Let the supplier renew its offers where something was traded with it."""
        for step in steps:
            if self._quoted.get(step) != self._sold(step):
                self._quoted[step] = self._sold(step)
                self._venue.tender(self._supplier, at, step, self._offers.wishes(step, self._sold(step)))

    def _tender_nearest(self, home: int, step: int, curves: Curves, prices: PriceRange) -> None:
        """Tender a home's curve, less its position, for the instrument whose gate closes next."""
        levels = np.unique(np.rint(np.linspace(prices.floor, prices.ceiling, LEVELS)).astype(np.int64))
        asked = [float(price) * float(self._trading.product.prices.step) for price in levels]
        willing = np.array([curves[home : home + 1].powers_at(price)[0][0, 0] for price in asked])
        gaps = whole(willing, self._power_step) - self._commitments.power[home, step]
        self._venue.tender(home, step, step, wishes_along(levels.tolist(), gaps.tolist()))

    def _expected(self, edges: Steps, steps: range) -> Floats:
        """Return what everyone expects [currency/kWh]: the day's forecast, and its mean with what was traded at."""
        prices = expected_prices(self._street, self._case, edges).copy()
        for place, step in enumerate(steps):
            if self._commitments.volume[step]:
                prices[:, place] = (prices[:, place] + self._traded_at(step)) / 2
        return prices

    def _deliver(self, step: int, plans: Plans) -> None:
        """Let every device do what meets its owner's position best, and physics what it must."""
        street, positions = self._street, self._kw(self._commitments.power[:, step])
        low, high = self._deviation_prices(step, -float(positions[:-1].sum()))
        aimed = aims(street, plans.curves, positions[:-1], low, high)
        price = self._traded_at(step) if self._commitments.volume[step] else float(street.supplier.price[step])
        everywhere = np.full((len(street.tree.ids), 1), price)
        self._case, delivered = deliver(street, self._case, step, aimed, everywhere)
        self._day.aimed_kw.append(aimed)
        self._day.deliveries.append(delivered)
        self._day.prices.append(price)

    def _record(self, part: Part) -> None:
        street, day, tables = self._street, self._day, self._tables
        aimed, devices = stacked(day.aimed_kw), stacked([one.metered_kw for one in day.deliveries])
        aimed_flows, flows = flows_over_lines(street, aimed), flows_over_lines(street, devices)
        metered = with_supplier(devices, flows)
        tables.prices(part, uniform_prices(street, day.prices, flows[0]))
        tables.flows(part, aimed_flows, flows)
        tables.powers(part, with_supplier(aimed, aimed_flows), metered)
        tables.states(part, [one.readings for one in day.deliveries])
        record_supply(street, day.before, tables, part, metered)
        self._trading_tables.trading(part, self._venue.record)
        self._settle(part, metered)

    def _settle(self, part: Part, metered_kw: Floats) -> None:
        street, hours = self._street, self._street.calendar.step_hours
        metered = street.by_account(metered_kw) * hours
        position = self._kw(self._commitments.power[:, part.steps]) * hours
        traded = Traded(position, self._commitments.money_micro[:, part.steps], metered)
        long, short = np.transpose(
            [
                self._deviation_prices(int(step), float(kw))
                for step, kw in zip(part.steps, metered_kw[-1], strict=True)
            ]
        )
        prices = ImbalancePrices(short, long, short - self._trading.imbalance_fee)
        settled = settle_deviations(traded, prices)
        self._trading_tables.positions(part, traded, settled)
        self._tables.ledger(part, postings(settled, metered))

    def _deviation_prices(self, step: int, supplied_kw: float) -> tuple[float, float]:
        """Return what the supplier pays for what is over, and asks for what is missing [currency/kWh]."""
        fee = self._trading.imbalance_fee
        long = float(self._street.supplier.feed_in_price[step]) - fee
        return long, self._offers.next_price(step, supplied_kw) + fee

    def _sold(self, step: int) -> int:
        return int(self._commitments.power[self._supplier, step])

    def _traded_at(self, step: int) -> float:
        """Return the mean price of everything traded for a step [currency/kWh]."""
        held = self._commitments
        return float(self._trading.product.prices.step) * int(held.turnover[step]) / int(held.volume[step])

    def _kw(self, steps: Whole) -> Floats:
        return self._trading.product.quantities.to_values(steps)

    @property
    def _power_step(self) -> float:
        return float(self._trading.product.quantities.step)


def supplier_offers(street: Neighborhood, trading: Trading) -> SupplierOffers:
    """Return how the supplier quotes: never more than it has and than the lines at the root carry together."""
    price_step, power_step = float(trading.product.prices.step), float(trading.product.quantities.step)
    tree, supplier = street.tree, street.supplier
    below_root = tree.parent == 0
    alone = bool((street.member_of[:-1] == 0).any())
    limits = [
        np.inf if alone else float(limit[below_root].sum()) for limit in (tree.import_limit_kw, tree.export_limit_kw)
    ]
    most = [
        min(limit, float(ramp.powers_kw[-1]))
        for limit, ramp in zip(limits, (supplier.supply, supplier.intake), strict=True)
    ]
    lot = max(1, int(trading.lot_kw // power_step))
    return SupplierOffers(supplier, price_step, power_step, lot, *(int(kw // power_step) for kw in most))


def uniform_prices(street: Neighborhood, prices: Sequence[float], sent_kw: Floats) -> list[NestedClearing]:
    """Return one price for all nodes in each step, as tables take it.

    Nobody is unserved. A line over which more was sent than it may carry, `sent_kw` of shape (m, D), is congested,
    though no price says so.
    """
    tree, devices = street.tree, len(street.asset_ids)
    over = (sent_kw > tree.import_limit_kw[:, None]) | (-sent_kw > tree.export_limit_kw[:, None])
    nothing, nobody = np.zeros((len(tree), 1)), np.zeros((devices, 1))
    balanced = np.zeros((len(tree), 1), dtype=np.int8)
    return [
        NestedClearing(np.full((len(tree), 1), price), nobody, nothing, nothing, balanced, over[:, [k]], nobody)
        for k, price in enumerate(prices)
    ]
