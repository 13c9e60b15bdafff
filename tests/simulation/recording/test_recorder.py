"""Tables are written whole, in order, and alike."""

import numpy as np

from micromarket.simulation.recording.recorder import Coded, Moments, Recorder, grid

COLUMNS = {
    "case": Coded.constant("market", 4),
    "start": Moments(np.array([0, 0, 900_000_000, 900_000_000])),
    "node": Coded(np.array([0, 1, 0, 1]), ["feeder's end", "home"]),
    "price": np.array([0.1, 0.2, 0.3, 0.4]),
}


def test_reads_back_what_was_written(tmp_path):
    """Texts, times and numbers come back row by row, an apostrophe in a name included."""
    recorder = Recorder(tmp_path)
    recorder.write("prices", "market-0", COLUMNS)

    rows = recorder.query("SELECT node, price FROM prices WHERE start > '1970-01-01'")

    assert [("feeder's end", 0.3), ("home", 0.4)] == list(zip(rows["node"], rows["price"], strict=True))


def test_equal_rows_are_equal_bytes(tmp_path):
    """Two recorders write the same file."""
    for folder in ("a", "b"):
        Recorder(tmp_path / folder).write("prices", "market-0", COLUMNS)

    first, second = (path.read_bytes() for path in sorted(tmp_path.rglob("*.parquet")))
    assert first == second


def test_a_part_written_again_replaces_the_earlier_one(tmp_path):
    """A resumed day does not count twice."""
    recorder = Recorder(tmp_path)
    recorder.write("prices", "market-0", COLUMNS)
    recorder.write("prices", "market-0", COLUMNS)

    assert [4] == recorder.query("SELECT count(*) AS rows FROM prices")["rows"].tolist()


def test_keeps_the_order_of_rows(tmp_path):
    """One column of one part comes back as it went in."""
    recorder = Recorder(tmp_path)
    values = np.random.default_rng(1).random(10_000)
    t, k = grid(100, 100)
    recorder.write("powers", "p", {"asset": Coded(k, [f"a{i}" for i in range(100)]), "t": t, "kw": values})

    np.testing.assert_array_equal(values, recorder.column("powers", "p", "kw"))


def test_leaves_no_unfinished_file(tmp_path):
    """What is written appears all at once."""
    Recorder(tmp_path).write("prices", "market-0", COLUMNS)

    assert ["market-0.parquet"] == [path.name for path in (tmp_path / "prices").iterdir()]
