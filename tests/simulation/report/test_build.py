"""The report as a file: complete, alone, the same every time, and true to the tables."""

import json
import re

import pytest

from micromarket.errors import RunError
from micromarket.simulation.recording.results import load
from micromarket.simulation.report.build import html, period, write
from micromarket.simulation.report.words import number, quantity


@pytest.fixture(scope="module")
def page(street):
    """Return the report of the street."""
    return html(load(street))


def own(page):
    """Return the page without plotly's code and the data."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def data(page):
    """Return what the page draws."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_same_bytes(run, page):
    """Built again, from a run opened again, it is the same to the byte."""
    assert page.encode() == html(run).encode()


def test_loads_nothing(page):
    """No tag of the page fetches anything, and the browser is told to refuse it."""
    assert (
        re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc=|<link[^>]*href="(?!data:)|url\(|@import', own(page))
        == []
    )
    assert "default-src 'none'" in page


def test_small(page):
    """The file stays small enough to send: plotly is 4.8 MB of it."""
    assert len(page) < 6_000_000


def test_sections(page):
    """A full run has every section, each with a finding."""
    sections = re.findall(r'<section id="(\w+)"', page)

    expected = "summary prices curves dispatch peak comfort storage bills balance sources"

    assert sections == expected.split()
    assert len(sections) == len(re.findall(r"<h2 id=[^>]*>[^<]{12,}</h2>", page))


@pytest.mark.parametrize(
    ("kinds", "missing"),
    [
        (("load", "pv", "house"), "storage"),
        (("load", "battery"), "comfort-distribution"),
        (("load", "house"), "charge-customer"),
    ],
)
def test_left_out(make_run, kinds, missing):
    """What has no data is left out, not shown empty."""
    assert f'id="{missing}"' not in html(load(make_run(kinds=kinds)))


@pytest.mark.parametrize(
    ("tables", "missing"),
    [
        (("curves",), "curves"),
        (("welfare", "flows", "ledger", "powers"), "peak"),
        (("forward_prices", "prices"), "prices"),
        (("bills", "comfort"), "bills"),
        (("states", "kpis"), "storage"),
    ],
)
def test_table_absent(make_run, tables, missing):
    """A run that lacks a table still has a report of the rest."""
    page = html(load(make_run(leave_out=tables)))

    assert f'<section id="{missing}"' not in page
    assert '<section id="sources"' in page


def test_no_nodes(make_run):
    """Without nodes there is no report, and the error says so."""
    with pytest.raises(RunError, match="no table 'nodes'"):
        html(load(make_run(leave_out=("nodes",))))


def test_peak_in_words(run, page):
    """The summary holds the run's own peak, with and without market."""
    after, before = (run.kpi("peak_import_kw", case) for case in ("market", "no_market"))

    assert f"the peak fell from {number(before)} to {quantity(after, 'kW')}" in page


def test_bills_add_up(run, page):
    """The table of bills holds every customer and the exact total."""
    total = run.sql("SELECT sum(total_micro) FROM bills WHERE \"case\" = 'market'").rows()[0][0]
    table = re.search(r'<table class="sortable">.*?</table>', page, re.DOTALL)[0]

    assert len(re.findall(r'<th scope="row">home', table)) == 12
    assert f'<td class="" data-value="{total / 1e6:.6f}">' in table.split("<tfoot>")[1]


def test_losers_named(run, page):
    """Whoever pays most more with the market is named."""
    difference = "sum(CASE \"case\" WHEN 'market' THEN total_micro ELSE -total_micro END)"
    name, more = run.sql(
        f"SELECT customer, {difference} AS d FROM bills GROUP BY customer ORDER BY d DESC LIMIT 1"
    ).rows()[0]

    assert f"most of all {name} (+{quantity(more / 1e6, 'USD')})" in page


def test_drawn_prices(run, page):
    """The line drawn is the root's price in every interval."""
    rows = run.sql("SELECT price FROM prices WHERE node = 'substation' ORDER BY start").rows()
    line = next(trace for trace in data(page)["figures"]["prices"]["traces"] if trace["name"] == "substation (root)")

    assert pytest.approx([price for (price,) in rows], abs=1e-5) == line["y"][:-1]


def test_curves_cross(run, page):
    """In every interval the marked crossing is the recorded price, and power on both curves."""
    figure = data(page)["figures"]["supply-demand"]
    rows = run.sql("SELECT price FROM prices WHERE node = 'substation' ORDER BY start").rows()

    marked = [view["patches"][2]["y"][0] for view in figure["views"]]

    assert pytest.approx([price for (price,) in rows], abs=1e-5) == marked


def test_crossing_power(run, page):
    """The power marked is all that was delivered in the interval."""
    rows = run.sql(
        "SELECT sum(greatest(scheduled_kw, 0)) FROM powers JOIN assets USING (asset) "
        "WHERE \"case\" = 'market' AND kind <> 'battery' GROUP BY start ORDER BY start"
    ).rows()
    marked = [view["patches"][2]["x"][0] for view in data(page)["figures"]["supply-demand"]["views"]]

    assert len(rows) == len(marked)
    assert all(drawn >= 0.9 * power for (power,), drawn in zip(rows, marked, strict=True))


def test_text_is_escaped(make_run):
    """Names from the scenario cannot become markup."""
    path = make_run()
    file = path / "run.json"
    file.write_text(file.read_text().replace("A street on", "<script>alert(1)</script>"))

    assert "<script>alert" not in html(load(path))


def test_written_where_asked(run, tmp_path):
    """The file goes into the run, or wherever it is wanted."""
    target = write(run, tmp_path / "deep" / "page.html")

    assert target.read_bytes() == write(run).read_bytes()


def test_period(run):
    """The days a run covers are named in local time, both included."""
    assert period(run.metadata) == "6 July 2026 to 7 July 2026"


def test_long_run_is_thinned(make_run):
    """A long run is drawn as means over several intervals, and says so."""
    page = html(load(make_run(homes=2, days=30, step_minutes=15, kinds=("load", "pv"))))

    assert len(data(page)["shared"]["time"]) == 24 * 30 + 1
    assert "Each point is the mean of one hour; totals use every interval." in page
