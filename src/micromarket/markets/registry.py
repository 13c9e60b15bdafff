"""Mechanisms by name, so that a scenario file can choose one and anyone can add one.

A package adds a mechanism through an entry point of the group ``micromarket.mechanisms``::

    [project.entry-points."micromarket.mechanisms"]
    double_auction = "micromarket.markets.auction:UniformPriceAuction"
"""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

from micromarket.domain.ids import InstrumentId
from micromarket.errors import UnknownMechanism
from micromarket.markets.mechanism import Mechanism

GROUP = "micromarket.mechanisms"

MechanismFactory = Callable[[Sequence[InstrumentId]], Mechanism]


def names() -> tuple[str, ...]:
    """Return the registered names, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def mechanism(name: str) -> MechanismFactory:
    """Return what creates the mechanism registered as `name` for a sequence of instruments.

    Raises
    ------
    UnknownMechanism
        If nothing is registered under `name`; the message lists what is.
    """
    for point in entry_points(group=GROUP, name=name):
        factory: MechanismFactory = point.load()
        return factory
    raise UnknownMechanism(f"no mechanism is called {name!r}; there are: {', '.join(names()) or 'none'}")
