"""Node files: what they say becomes a node, or every problem is named with its line."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.node_reading import read_node

GOOD_NODE = Path(__file__).parent / "good_node"
CASES = sorted((Path(__file__).parent / "broken_nodes").glob("*.yaml"))
FEEDER = Path(__file__).parents[3] / "examples" / "feeder" / "feeder.yaml"
HOME = FEEDER.with_name("home-1.yaml")


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


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_says_what_is_wrong(case, tmp_path, monkeypatch):
    """The message names file, line, field, what was found, what is allowed and how to mend it."""
    told = YAML(typ="safe", pure=True).load(case.read_text(encoding="utf-8"))
    shutil.copytree(GOOD_NODE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    text = (tmp_path / "node.yaml").read_text(encoding="utf-8")
    for pair in told["change"]:
        assert pair["replace"] in text
        text = text.replace(pair["replace"], pair["by"])
    (tmp_path / "node.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        read_node("node.yaml")

    assert told["expect"].rstrip("\n") == str(refused.value)


def test_the_node_that_is_broken_is_good():
    """It has neighbors of three kinds, two series of markets and assets of four kinds."""
    setup = read_node(GOOD_NODE / "node.yaml").setup

    assert (3, 2, 4) == (
        len(setup.node.neighbors),
        len(list(setup.series[0].plan.chain)),
        len(setup.inventory.assets),
    )
    assert ["charger", "sun", "home-01/load", "home-01/battery"] == [one.name for one in setup.inventory.assets]


def test_a_missing_file_is_named():
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml"):
        read_node("nowhere.yaml")
