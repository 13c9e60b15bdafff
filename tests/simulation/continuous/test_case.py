"""A run with an order book: alike, resumable, exact; and what its report says."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from streets import tiny_street

from micromarket.simulation.report.build import html
from micromarket.simulation.run import RunOptions, run


def street(folder: Path) -> Path:
    """Return the tiny street with continuous trading."""
    made = tiny_street(folder)
    file = made / "scenario.yaml"
    text = file.read_text().replace("market: {", "market: {mechanism: order_book, ").replace("noisy", "revised")
    file.write_text(text)
    return made


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file of a run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of two days."""
    folder = tmp_path_factory.mktemp("run")
    return run(street(folder / "street"), RunOptions(out=folder / "out"))


def test_an_interrupted_run_goes_on_to_the_same_bytes(finished, tmp_path):
    """Ctrl-C on the second day: called again, the run ends as if nothing had happened, trades and all."""

    def interrupt(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("with the market", 150):
            raise KeyboardInterrupt

    again = street(tmp_path / "street")
    with pytest.raises(KeyboardInterrupt):
        run(again, RunOptions(out=tmp_path / "out"), interrupt)

    assert digests(finished.path) == digests(run(again, RunOptions(out=tmp_path / "out")).path)


def test_trades_of_one_day_for_the_next_are_kept(finished):
    """Instruments delivered after midnight are traded on both sides of it, in two books."""
    rows = finished.sql(
        "SELECT count(DISTINCT hour(moment - INTERVAL 4 HOUR) < 12) FROM trades "
        "WHERE start - INTERVAL 4 HOUR BETWEEN '2026-07-07 00:00' AND '2026-07-07 05:00'"
    ).rows()

    assert [(2,)] == rows


def test_money_and_energy_balance(finished):
    """In every interval: money to the micro-unit, energy within 1e-9 kW."""
    assert (0.0, True) == (finished.kpi("money_residual_micro"), finished.kpi("energy_residual_kw") <= 1e-9)


def test_the_supplier_sells_no_more_than_the_line_carries(finished):
    """9 kW lead to the feeder, so 2.25 kWh is the most that is sold for a quarter-hour."""
    most = finished.sql("SELECT max(position_kwh) FROM positions WHERE account = 'utility'").rows()[0][0]

    assert most <= 2.25


@pytest.fixture(scope="module")
def figures(finished):
    """What the report draws."""
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', html(finished), re.DOTALL)
    return json.loads(data[1])["figures"]


def test_the_report_tells_all_energy_traded(finished, figures):
    """The bars of all rounds add up to the trades."""
    drawn = sum(sum(trace["y"]) for trace in figures["trades"]["traces"])
    traded = finished.sql("SELECT sum(power_kw) / 4 FROM trades").rows()[0][0]

    assert pytest.approx(traded, rel=1e-4) == drawn


def test_depth_is_a_pair_of_stairs(figures):
    """At every moment bids fall and offers rise with price, and the best of both do not meet."""
    names = [trace["name"] for trace in figures["depth"]["traces"]]
    books = [view["patches"] for view in figures["depth"]["views"]]

    assert ["Bids", "Offers"] == names
    assert all(bids["y"] == sorted(bids["y"], reverse=True) for bids, _ in books)
    assert all(offers["y"] == sorted(offers["y"]) for _, offers in books)
    assert all(bids["x"][-1] < offers["x"][0] for bids, offers in books)


def test_each_view_of_a_price_says_what_it_shows(figures):
    """First and last price of the round means, as drawn, stand in the sentence below."""
    view = figures["price-of-a-delivery"]["views"][0]
    first = view["patches"][3]["y"][0]

    assert f"first traded at {first:.3g}" in view["text"]
