"""``micromarket book``: files of order events through the order book, and what is printed and written."""

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from micromarket.cli.book import app
from micromarket.errors import InvalidValue, ScenarioError
from micromarket.kernels.matching import EVENT, RESTING, TRADE, Book, digest

EVENTS = np.array(
    [
        (0, 1, 0, 0, 101, 5, 1),
        (0, 1, 0, 0, 100, 5, 2),
        (0, 0, 0, 0, 101, 7, 3),
        (0, 0, 0, 0, -4, 9, 4),
        (1, 0, 0, 0, 0, 0, 9),
    ],
    dtype=EVENT,
)


def said(*words):
    """Return what the command printed."""
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).output


def written(folder, name):
    """Write the events as a file of that kind; return where."""
    path = folder / name
    if path.suffix == ".events":
        EVENTS.tofile(path)
        return path
    columns = ", ".join(EVENT.names)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE events ({', '.join(f'{column} BIGINT' for column in EVENT.names)})")
        connection.executemany(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", EVENTS.tolist())
        connection.execute(f"COPY events TO '{path}'")
    return path


@pytest.mark.parametrize("name", ["day.events", "day.csv", "day.parquet"])
def test_every_kind_of_file_gives_the_same_digests(tmp_path, name):
    """Binary, CSV and Parquet."""
    book = Book()
    trades = book.replay(EVENTS)

    assert [digest(trades), digest(book.orders())] == said("replay", written(tmp_path, name), "--digest").split()[
        1::2
    ]


def test_a_replay_says_what_came_of_it(tmp_path):
    """Events, trades and standing orders."""
    assert "5 events: 2 trades of 7 lots together, 2 orders stand\n" == said(
        "replay", written(tmp_path, "day.events")
    )


def test_a_replay_stops_where_asked(tmp_path):
    """Before the third event nothing trades."""
    assert "2 events: 0 trades" in said("replay", written(tmp_path, "day.events"), "--until", 2)


def test_trades_and_resting_orders_are_written(tmp_path):
    """As bytes, or as CSV by the ending."""
    trades, resting = tmp_path / "t.bin", tmp_path / "r.csv"
    said("replay", written(tmp_path, "day.events"), "--trades", trades, "--resting", resting)

    assert [(3, 2, 100, 5), (3, 1, 101, 2)] == np.fromfile(trades, dtype=TRADE).tolist()
    assert [",".join(RESTING.names), "0,0,-4,9,4", "0,1,101,3,1"] == resting.read_text().split()


def test_the_book_is_shown_with_sellers_above_buyers(tmp_path):
    """Price, quantity and number of orders, and a bar as long as the quantity."""
    lines = said("show", written(tmp_path, "day.events")).splitlines()

    assert ["101 3 1 " + 8 * "█", "1 9 -4 " + 24 * "█"] == [" ".join(line.split()) for line in lines[1:]]


@pytest.mark.parametrize(
    "content", ["kind,side\n0,1\n", "kind,side,instrument,price,quantity,order_id\n0,1,0,1.5,3,1\n"]
)
def test_a_table_that_is_none_of_events_is_bad_input(tmp_path, content):
    """A missing column, half a tick."""
    (tmp_path / "day.csv").write_text(content)
    with pytest.raises(ScenarioError, match=r"day\.csv"):
        said("replay", tmp_path / "day.csv")


def test_half_a_record_and_a_missing_file_are_bad_input(tmp_path):
    """The file is named."""
    (tmp_path / "day.events").write_bytes(b"x" * 25)
    for name in ("day.events", "night.events"):
        with pytest.raises(ScenarioError, match=name):
            said("replay", tmp_path / name)


def test_an_event_that_breaks_a_rule_is_named(tmp_path):
    """The message says which one."""
    broken = EVENTS.copy()
    broken["quantity"][1] = 0
    broken.tofile(tmp_path / "day.events")
    with pytest.raises(InvalidValue, match="event 1"):
        said("replay", tmp_path / "day.events")
