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
