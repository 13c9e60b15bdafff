"""One contract for every database: the same facts give the same rows, once, whole, and exactly."""

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from micromarket.errors import StoreError, StoreUnavailable
from micromarket.node.living.facts import Cleared, Fate, MessageRefused, SignalReceived, SignalSent
from micromarket.node.living.signals import TransactiveSignal
from micromarket.storage.opening import open_store
from micromarket.storage.schema import TABLES
from micromarket.storage.views import VIEWS
from recorded_runs import record_of

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
TESTS = Path(__file__).parents[1]


def content(address):
    """All rows of all tables."""
    with open_store(address) as store:
        return {table.name: list(store.rows(table.name)) for table in (*TABLES, *VIEWS)}


def fill(address, record):
    with open_store(address, create=True) as store:
        return store.fill(record)


def column(rows, table, name):
    """One column of the rows of a table."""
    (at,) = (at for at, one in enumerate(table.columns) if one.name == name)
    return [row[at] for row in rows]


def named(name):
    return next(table for table in (*TABLES, *VIEWS) if table.name == name)


@pytest.mark.parametrize("seed", range(5))
def test_both_databases_hold_the_same_rows(seed, tmp_path, postgres):
    """To the last bit of every number, in the same order."""
    record, file = record_of(seed), str(tmp_path / "run.sqlite")
    fill(file, record)
    fill(postgres, record)

    assert content(file) == content(postgres)


def test_the_same_facts_again_change_nothing(address):
    record = record_of()
    first = fill(address, record)
    before = content(address)

    assert (len(record), 0) == (first.facts, first.known)
    assert (0, 0, len(record)) == fill(address, record)
    assert before == content(address)


@pytest.mark.parametrize("parts", [2, 7])
def test_a_record_may_grow(parts, address, tmp_path):
    """Filled as the record grows, the tables are those of the whole record at once."""
    record, whole = record_of(2), str(tmp_path / "whole.sqlite")
    fill(whole, record)
    for part in range(1, parts + 1):
        fill(address, record[: len(record) * part // parts])

    assert content(whole) == content(address)


def test_what_fails_in_the_middle_leaves_nothing(address):
    """The record breaks off with an error: the tables are as before."""
    record = record_of()

    def broken():
        yield from record[:100]
        raise OSError("torn")

    fill(address, record[:30])
    before = content(address)
    with pytest.raises(OSError, match="torn"):
        fill(address, broken())

    assert before == content(address)


def test_who_is_killed_in_the_middle_leaves_nothing_half(address):
    """SIGKILL after rows were written and before they were committed; filled again, all is there."""
    fill(address, [])
    empty = content(address)
    script = (
        "import os, signal, micromarket.storage.store as s\n"
        "from micromarket.storage.opening import open_store\n"
        "from recorded_runs import record_of\n"
        "s.FLUSHED_ROWS = 10\n"
        "def record():\n    yield from record_of()[:90]\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"open_store({address!r}).fill(record())\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=TESTS, check=False)

    assert (-signal.SIGKILL, empty) == (killed.returncode, content(address))
    assert len(record_of()) == fill(address, record_of()).facts


def test_another_record_is_refused(address):
    """The store was filled from another run: nothing is mixed."""
    fill(address, record_of(2))
    before = content(address)

    with pytest.raises(StoreError, match="another record"):
        fill(address, record_of(3))

    assert before == content(address)


def test_a_record_without_its_beginning_is_refused(address):
    with pytest.raises(StoreError, match="does not begin with NodeStarted"):
        fill(address, record_of()[-1:])


@pytest.mark.parametrize("seed", range(5))
def test_every_fact_is_in_the_index_and_every_record_of_a_signal_in_its_table(seed, address):
    """Facts to rows and back: the same counts of every kind, of every message and of every settled value."""
    record = record_of(seed)
    fill(address, record)
    found = content(address)

    kinds = Counter(type(fact).__name__ for _, fact in record)
    messages = [one for _, one in record if isinstance(one, SignalSent | SignalReceived)]
    points = sum(len(each.records) for one in messages for each in one.signal.content)
    assert kinds == Counter(column(found["fact"], named("fact"), "kind"))
    assert points == len(found["transactive_record"]) > 0


def test_prices_and_powers_are_those_that_were_settled_last(address):
    """Bit by bit, with the fact that settled them."""
    record = record_of()
    fill(address, record)
    latest = {(node, fact.market.name): fact for node, fact in record if isinstance(fact, Cleared)}

    expected = Counter()
    for (node, market), fact in latest.items():
        balance = fact.balance
        expected.update((node, market, "node", value) for value in balance.price.tolist())
        expected.update(
            (node, market, "local_asset", value)
            for of_assets in (balance.local_kw, fact.production_cost)
            for value in of_assets.ravel().tolist()
        )
        expected.update(
            (node, market, "neighbor", value) for power in balance.neighbor_kw.values() for value in power.tolist()
        )
    with open_store(address) as store:
        found = Counter((row[0], row[1], row[3], row[6]) for row in store.rows("interval_value"))
    assert expected == found


def test_vertices_are_those_of_the_newest_signal(address):
    """In the order of the curve, not of their numbers; an inelastic sender has one."""
    record = record_of()
    fill(address, record)
    newest = {}
    for node, fact in record:
        if isinstance(fact, SignalSent) and fact.signal.content:
            newest[node, fact.signal.market, fact.signal.receiver, "sent"] = fact.signal
        if isinstance(fact, SignalReceived) and fact.signal.content and fact.fate is Fate.TAKEN:
            newest[node, fact.signal.market, fact.signal.sender, "received"] = fact.signal

    expected = {
        (node, market, each.start, neighbor, way, at, *vertex)
        for (node, market, neighbor, way), one in newest.items()
        for each in one.content
        for at, vertex in enumerate(each.vertices)
    }
    with open_store(address) as store:
        assert expected == {row[:8] for row in store.rows("vertex")}


def test_totals_are_sums_over_assets_and_intervals(address):
    """The dual cost is what the assets would lose: their cost less what they earn at the price of the node."""
    record = record_of()
    fill(address, record)
    expected = {}
    for node, fact in record:
        if isinstance(fact, Cleared):
            power, hours = fact.balance.local_kw, fact.market.intervals.hours
            cost, income = fact.production_cost.sum(), (fact.balance.price * power * hours).sum()
            given, taken = power.clip(min=0).sum() * hours, -power.clip(max=0).sum() * hours
            expected[node, fact.market.name] = pytest.approx((given, taken, cost, cost - income), abs=1e-9)

    with open_store(address) as store:
        assert expected == {row[:2]: row[2:] for row in store.rows("market_total")}


def test_a_stranger_may_write_what_it_likes(address):
    """A message on no market from nobody we know is in the index, and nowhere else."""
    odd = TransactiveSignal.nothing("no\0market", "stranger", "node-0", NOON)
    start = next(one for one in record_of() if one[0] == "node-0")
    facts = [SignalReceived(NOON, odd, Fate.STRANGE), MessageRefused(NOON, "found '\0'; DROP TABLE fact")]
    fill(address, [start, *(("node-0", fact) for fact in facts)])

    rows = content(address)["fact"]
    assert [("no␀market", "stranger"), (None, None)] == [row[4:6] for row in rows[1:]]
    assert "found '␀'; DROP TABLE fact" == rows[2][6]


def test_a_store_of_another_version_is_refused(tmp_path):
    file = tmp_path / "run.sqlite"
    fill(str(file), record_of())
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE store_version SET version = 99")
    connection.close()

    with pytest.raises(StoreError, match="version"):
        fill(str(file), record_of())


@pytest.mark.parametrize("text", [None, "no database " * 100])
def test_what_is_no_store_is_refused(text, tmp_path):
    file = tmp_path / "run.sqlite"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    with pytest.raises(StoreError):
        open_store(str(file))


def test_a_server_that_is_not_there_is_named():
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(StoreUnavailable, match="PostgreSQL"):
        open_store("postgresql://postgres@127.0.0.1:9/none")


def test_there_is_no_such_table(address):
    fill(address, [])
    with open_store(address) as store, pytest.raises(StoreError, match="there is no table 'rain'; there are"):
        list(store.rows("rain"))
