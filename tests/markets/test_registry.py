"""Mechanisms by name."""

import pytest

from micromarket.errors import UnknownMechanism
from micromarket.markets import registry


def test_unknown_name_lists_what_exists():
    """A misspelt mechanism is refused with the names that would do."""
    with pytest.raises(UnknownMechanism, match=r"'dubble_auction'; there are: .*double_auction"):
        registry.mechanism("dubble_auction")


def test_names_are_registered():
    """The uniform-price double auction comes with the package."""
    assert "double_auction" in registry.names()


def test_anyone_can_add_a_mechanism(tmp_path, monkeypatch):
    """An installed package's entry point is found by name, and loaded when asked for."""
    installed = tmp_path / "lottery-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lottery\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[micromarket.mechanisms]\nlottery = lottery_rule:Lottery\n")
    (tmp_path / "lottery_rule.py").write_text(
        "class Lottery:\n    def __init__(self, ids):\n        self.ids = ids\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert "lottery" in registry.names()
    assert ["noon"] == registry.mechanism("lottery")(["noon"]).ids
