"""The page about the template names only what exists, and proves every row."""

from __future__ import annotations

import re
from functools import cache, reduce
from importlib import import_module
from itertools import pairwise

import pytest
from pages import ROOT, text_of

PAGE = "docs/reference/tent.md"
NAME = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line, following in pairwise([*text_of(PAGE).splitlines(), ""])
    if line.startswith("|") and not line.startswith("|---") and not following.startswith("|---")
]
TOLD = "\n".join([*(row[0] for row in ROWS), *re.findall("^#.*", text_of(PAGE), re.MULTILINE)])
"""The first cells and the headings."""

CLASSES = """myTransactiveNode LocalAsset Neighbor Market TimeInterval IntervalValue TransactiveRecord Vertex
    MarketState MeterPoint InformationServiceModel MatchingEngine Order OrderStatus SupplyOrDemand MatchingStrategy"""
METHODS = """transition_to_active while_in_active transition_from_active_to_negotiation while_in_negotiation
    transition_from_negotiation_to_market_lead while_in_market_lead transition_from_market_lead_to_delivery_lead
    while_in_delivery_lead transition_from_delivery_lead_to_delivery while_in_delivery
    transition_from_delivery_to_reconcile while_in_reconcile transition_from_reconcile_to_expire model_prices
    spawn_markets create_json_message load_json_message check_demand_order check_supply_order get_prices_from_orders
    get_quantity_from_price match order_or_none sort_order get_counteroffer_vertices get_counteroffers
    get_market_orders_by_actor get_order_by_id order_id_is_unique"""
PROPERTIES = """priceModel scheduleHorizon priorMarket refinedMarket commitment timeStamp orderId continuity
    timeInterval actor expireBy parentOrderId vertices id status childOrderIds supplyOrDemand orderList matchList"""
EQUATIONS = [f"({number})" for number in (1, 2, 3)]
TABLES = [f"A.{number} " for number in range(1, 12)]
SECTIONS = """2.2.1 2.2.2 2.2.3 2.3 2.4 3.1 3.2 3.3 3.4 3.5 3.7 3.8 3.9.1 3.9.2 3.9.3 4.1 4.2 4.3"""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_is_somewhere_and_proved(row):
    """A row has four cells, at least one name in the second, and at least one test in the third."""
    _, here, proof, _ = row

    assert NAME.findall(here)
    assert TEST.findall(proof)


@pytest.mark.parametrize("name", [*EQUATIONS, *TABLES, *" ".join([CLASSES, METHODS, PROPERTIES, SECTIONS]).split()])
def test_whatever_has_a_name_or_number_in_the_paper_has_a_row(name):
    """Classes, methods, properties, equations, tables and sections."""
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)" if name.isidentifier() else re.escape(name), TOLD)


@pytest.mark.parametrize("number", range(1, 16))
def test_every_figure_has_a_row(number):
    """Those of appendix C stand beside the class they draw."""
    assert re.search(rf"^{number}a?:|figures? .*\b{number}\b", TOLD, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(NAME.findall(text_of(PAGE)))))
def test_every_name_exists(name):
    """What the page calls by name can be imported."""
    assert found(name)


@pytest.mark.parametrize(("path", "test"), sorted(set(TEST.findall(text_of(PAGE)))))
def test_every_test_exists(path, test):
    """What the page calls a proof is a test of that file."""
    assert test in stories_of(path)


def test_nothing_else_is_missing():
    """Nothing but appendix B is said not to be here."""
    missing = [
        part for part in text_of(PAGE).split("\n## ")[2:] if re.search("not here|not implemented", part.lower())
    ]

    assert [part.partition(":")[0] for part in missing] == ["Appendix B"]


def found(name):
    """Return whether a dotted name below `micromarket` leads somewhere, through a module and its attributes."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        try:
            module = import_module(".".join(["micromarket", *words[:count]]))
        except ModuleNotFoundError:
            continue
        return reduce(part_of, words[count:], module) is not None
    return False


def part_of(thing, name):
    """Return an attribute, or a field that only instances have, or None."""
    return getattr(thing, name, getattr(thing, "__dataclass_fields__", {}).get(name))


@cache
def stories_of(path):
    """Return the names of the tests of a file."""
    return frozenset(
        re.findall(r"^def (test_\w+)", (ROOT / "tests" / path).read_text(encoding="utf-8"), re.MULTILINE)
    )
