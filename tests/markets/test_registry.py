"""Mechanisms and price models by name."""

from datetime import timedelta

import pytest

from micromarket.errors import UnknownMechanism
from micromarket.markets import registry
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.states import Timing


def test_unknown_name_lists_what_exists():
    """A misspelt mechanism is refused with the names that would do."""
    with pytest.raises(UnknownMechanism, match=r"'dubble_auction'; there are: .*double_auction"):
        registry.mechanism("dubble_auction")


def test_names_are_registered():
    """The uniform-price double auction comes with the package."""
    assert "double_auction" in registry.names()


def install(folder, name, group, code, entry):
    """Install a package with one module and one entry point."""
    installed = folder / f"{name}-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}_rule:{entry}\n")
    (folder / f"{name}_rule.py").write_text(code)


def test_anyone_can_add_a_mechanism(tmp_path, monkeypatch):
    """An installed package's entry point is found by name, and loaded when asked for."""
    code = "class Lottery:\n    def __init__(self, ids):\n        self.ids = ids\n"
    install(tmp_path, "lottery", "micromarket.mechanisms", code, "Lottery")
    monkeypatch.syspath_prepend(tmp_path)

    assert "lottery" in registry.names()
    assert ["noon"] == registry.mechanism("lottery")(["noon"]).ids


def test_anyone_can_add_a_forecaster(tmp_path, monkeypatch):
    """A series whose rules name an installed model foresees its prices by it."""
    code = "def oracle(nodes, default, memory):\n    return f'{nodes} nodes, {default}, {memory} prices'\n"
    install(tmp_path, "oracle", "micromarket.price_models", code, "oracle")
    monkeypatch.syspath_prepend(tmp_path)
    rules = MarketRules("spot", "double_auction", Timing(timedelta(minutes=15)), 0.2, price_model="oracle")

    assert "2 nodes, 0.2, 56 prices" == registry.opening_model(rules, 2)
