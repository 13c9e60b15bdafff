"""Node files: what they say becomes a node, or every problem is named with its line."""

from datetime import timedelta
from pathlib import Path

import pytest

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.node_reading import read_node

FEEDER = Path(__file__).parents[3] / "examples" / "feeder" / "feeder.yaml"
HOME = Path(__file__).parents[3] / "examples" / "feeder" / "home-1.yaml"


def test_an_example_becomes_a_node():
    """Limits, losses, price lists and curves arrive where they belong."""
    setup = read_node(FEEDER).setup
    utility, home, *_ = setup.node.neighbors

    assert ("feeder", 5, False, 0.04) == (
        setup.node.id,
        len(setup.node.neighbors),
        utility.transactive,
        home.full_load_loss,
    )
    assert [6.0] == setup.scheduling.assets[0].highest_kw.ravel().tolist()


def test_a_series_says_how_it_foresees_and_when_it_agrees(tmp_path):
    """What is not said stays as it is by default."""
    text = HOME.read_text(encoding="utf-8")
    file = tmp_path / "home.yaml"
    more = "name: hourly, price_model: weekday_weekend, precision: 0.1 %, reconciliation: PT20M,"
    file.write_text(text.replace("name: hourly,", more), encoding="utf-8")
    before, after = (read_node(each).setup.series[0].plan.rules for each in (HOME, file))

    assert ("weekday_weekend", 0.001, timedelta(minutes=20)) == (
        after.price_model,
        after.precision,
        after.timing.reconciliation,
    )
    assert ("hourly", 1e-7, timedelta(0)) == (before.price_model, before.precision, before.timing.reconciliation)


@pytest.mark.parametrize(
    ("found", "written", "problem"),
    [
        (
            "direction: upstream",
            "direction: up",
            'neighbors[0].direction: found "up", expected one of bidirectional, downstream, upstream',
        ),
        ("full_load_loss: 4 %", "full_load_loss: 70 %", "expected less than 50 %"),
        ("import_limit: 10 kW, ", "", "so it needs finite limits"),
        (
            "name: hourly,",
            "name: hourly, coordination: telepathy,",
            "has no 'telepathy'; there are: consensus, nested_auction",
        ),
        (
            "name: hourly,",
            "name: hourly, price_model: stars,",
            "has no 'stars'; there are: hourly, weekday_weekend",
        ),
        ("name: hourly,", "name: hourly, precision: 0 %,", "expected more than 0 %"),
        ("name: hourly,", "name: hourly, every: PT2H,", "it would leave gaps"),
        (
            "end: 2026-07-06T14",
            "end: 2026-07-06T11",
            'end: found "2026-07-06T11:00:00Z", expected a time after start',
        ),
        ("power: -7 kW", "power: 7 kW", "power falls after vertex 0"),
        ("currency: USD", "currency: USD\ntimezone: Mars/Base", "expected an IANA time zone"),
        ("currency: USD", "currency: USD\ncolor: red", 'unknown key "color"'),
        (
            "id: feeder, direction",
            "id: feeder, transactive: false, direction",
            "the curve of a neighbor that never sends one",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, found, written, problem):
    """File, line, field, what was found and what is allowed."""
    text = HOME.read_text(encoding="utf-8")
    assert found in text
    file = tmp_path / "home.yaml"
    file.write_text(text.replace(found, written), encoding="utf-8")

    with pytest.raises(ScenarioError) as caught:
        read_node(file)

    assert problem in str(caught.value)
    assert all(one.line > 0 for one in caught.value.problems)


def test_a_missing_file_is_named():
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml"):
        read_node("nowhere.yaml")
