"""Every error raised on purpose.

::

    MicromarketError
    ├── InvalidValue          a value breaks its own rule
    │   ├── NotMonotone       a curve's price or power falls along its vertices
    │   ├── NotFinite         NaN, or infinite where a number is needed
    │   ├── WrongShape        arrays do not fit together
    │   ├── WrongUnit         a quantity in another unit than the one needed
    │   └── OffGrid           not a whole number of steps
    ├── Refused               the rules do not allow it
    │   ├── UnknownParty
    │   ├── UnknownInstrument
    │   ├── DuplicateOrder
    │   └── MarketClosed      the market is not in a state that takes this call
    ├── NotCleared            supply and demand meet at no price, and the caller asked for one
    ├── ScenarioError         a scenario or series file is wrong: file, line, field, found, allowed, mend
    ├── RunError              a run directory cannot be read, resumed or written
    └── MissingExtra          an optional dependency is needed and not installed
"""


class MicromarketError(Exception):
    """Base of every error this package raises on purpose."""


class InvalidValue(MicromarketError):
    """A value breaks its own rule."""


class NotMonotone(InvalidValue):
    """A curve's price or power falls along its vertices."""


class NotFinite(InvalidValue):
    """A number is NaN, or infinite where a finite one is needed."""


class WrongShape(InvalidValue):
    """Arrays do not fit together."""


class WrongUnit(InvalidValue):
    """A quantity is in another unit than the one needed."""


class OffGrid(InvalidValue):
    """A quantity or price is not a whole number of the instrument's steps."""


class NaiveTime(InvalidValue):
    """A time carries neither zone nor offset."""


class UnknownMechanism(InvalidValue):
    """No mechanism is registered under that name."""


class Refused(MicromarketError):
    """The rules do not allow it; nothing changed."""


class UnknownParty(Refused):
    """No such party is registered."""


class UnknownInstrument(Refused):
    """No such instrument is open."""


class DuplicateOrder(Refused):
    """An order of that identifier was already submitted."""


class MarketClosed(Refused):
    """The market is not in a state that takes this call."""


class NotCleared(MicromarketError):
    """Supply and demand meet at no price."""


class ScenarioError(MicromarketError):
    """A scenario or series file is wrong."""


class RunError(MicromarketError):
    """A run directory cannot be read, resumed or written."""


class MissingExtra(MicromarketError):
    """An optional dependency is needed and not installed."""
