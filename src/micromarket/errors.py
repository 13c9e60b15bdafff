"""Every error raised on purpose.

::

    MicromarketError
    ├── InvalidValue          a value breaks its own rule
    │   ├── NotMonotone       a curve's price or power falls along its vertices
    │   ├── NotFinite         NaN, or infinite where a number is needed
    │   ├── WrongShape        arrays do not fit together
    │   ├── WrongUnit         a quantity in another unit than the one needed
    │   ├── OffGrid           not a whole number of steps
    │   ├── NaiveTime         a time without zone or offset
    │   ├── UnknownMechanism  no mechanism is registered under that name
    │   ├── UnknownPriceModel no price model is registered under that name
    │   ├── UnknownCoordination  no coordination is registered under that name
    │   ├── BadSignal         a message from a neighbor that is no signal, or breaks its rules
    │   ├── ZeroQuantity      an order for nothing, or for less than nothing
    │   ├── MixedSides        one order that both buys and sells, where only one side can be matched
    │   ├── BrokenTree        nodes that do not form one tree below one root
    │   ├── BrokenNetwork     edges that do not join different nodes of a network
    │   └── UnratedLoss       a full-load loss without the limit that says what full load is
    ├── Refused               the rules do not allow it
    │   ├── UnknownParty
    │   ├── UnknownInstrument
    │   ├── DuplicateOrder    that name was used for another order
    │   ├── NotSupported      the mechanism does not trade orders of this kind
    │   ├── OrderExpired      its time was over before it came
    │   ├── OutsideCollar     its price is beyond what the segment allows
    │   ├── TooLarge          its quantity is beyond what the segment allows
    │   ├── SelfTrade         it would meet an order of the same owner
    │   ├── WouldMatch        it must only stand, and would match at once
    │   ├── UnknownOffer      no such offer or request is open to that party
    │   ├── NotAddressed      the offer is not for that party alone
    │   ├── NotTradeable      a quote that informs only
    │   ├── NotEnough         more is wanted than is left
    │   └── MarketClosed      the market is not in a state that takes this call
    │       ├── GateClosed        the instrument's gate has closed
    │       ├── TradingHalted     nothing is matched for now
    │       ├── LimitsOnly        orders are collected, and this one cannot wait for one price
    │       └── ReduceOnly        only orders that bring a position nearer to zero are taken for now
    ├── NotCleared            supply and demand meet at no price, and the caller asked for one
    ├── ScenarioError         a scenario or series file is wrong: file, line, field, found, allowed, mend
    ├── StreamBroken          a stream of market data has a gap, or tells another story than the engine
    ├── RunError              a run directory cannot be read, resumed or written
    ├── StoreError            a store or recorded facts cannot be read or written, or do not belong together
    │   └── StoreUnavailable  the server of a store does not answer, or does not let one in
    ├── BusError              messages cannot be carried: no server answers, or a program does not
    └── MissingExtra          an optional dependency is needed and not installed
"""

from dataclasses import dataclass

MOST_SHOWN = 50
"""Problems that one message lists; the error holds all."""


def _sentence(found: str, allowed: str, mend: str) -> str:
    sentence = f"found {found}, expected {allowed}" if allowed else found
    return f"{sentence}; {mend}" if mend else sentence


def _printable(text: str) -> str:
    """Return `text` with what no terminal can show, or should obey, written as an escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


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
    """A quantity is in another unit than the one needed.

    Parameters
    ----------
    found : str
        What was written.
    allowed, mend : str, optional
        What is expected there, and how to mend it.
    """

    def __init__(self, found: str, allowed: str = "", mend: str = "") -> None:
        super().__init__(_sentence(found, allowed, mend))
        self.found, self.allowed, self.mend = found, allowed, mend


class BrokenTree(InvalidValue):
    """Nodes do not form one tree below one root."""


class BrokenNetwork(InvalidValue):
    """Edges that do not join different nodes of a network, or names that repeat."""


class UnratedLoss(InvalidValue):
    """A line has a full-load loss but no limit that says what full load is."""


class OffGrid(InvalidValue):
    """A quantity or price is not a whole number of the instrument's steps."""


class NaiveTime(InvalidValue):
    """A time carries neither zone nor offset."""


class UnknownMechanism(InvalidValue):
    """No mechanism is registered under that name."""


class UnknownPriceModel(InvalidValue):
    """No price model is registered under that name."""


class UnknownCoordination(InvalidValue):
    """No coordination between neighbors is registered under that name."""


class BadSignal(InvalidValue):
    """A message from a neighbor is no transactive signal, or breaks the rules of one."""


class ZeroQuantity(InvalidValue):
    """An order for nothing, or for less than nothing."""


class MixedSides(InvalidValue):
    """One order both buys and sells, where only one side can be matched."""


class Refused(MicromarketError):
    """The rules do not allow it; nothing changed."""


class UnknownParty(Refused):
    """No such party is registered."""


class UnknownInstrument(Refused):
    """No such instrument is open."""


class DuplicateOrder(Refused):
    """That name was used for another order."""


class NotSupported(Refused):
    """The mechanism does not trade orders of this kind."""


class OrderExpired(Refused):
    """The order's time was over before it came."""


class OutsideCollar(Refused):
    """A price is beyond what the segment allows."""


class TooLarge(Refused):
    """A quantity is beyond what the segment allows."""


class SelfTrade(Refused):
    """The order would meet an order of the same owner."""


class WouldMatch(Refused):
    """The order must only stand, and would match at once."""


class UnknownOffer(Refused):
    """No such offer or request is open to that party."""


class NotAddressed(Refused):
    """The offer is not for that party alone."""


class NotTradeable(Refused):
    """The quote informs only and cannot be taken."""


class NotEnough(Refused):
    """More is wanted than is left."""


class MarketClosed(Refused):
    """The market is not in a state that takes this call."""


class GateClosed(MarketClosed):
    """The instrument's gate has closed."""


class TradingHalted(MarketClosed):
    """Nothing is matched for now; orders may still be cancelled."""


class LimitsOnly(MarketClosed):
    """Orders are collected to cross at one price, and this one asks to be matched at once or to meet nobody."""


class ReduceOnly(MarketClosed):
    """Only orders that bring a position nearer to zero are taken for now."""


class NotCleared(MicromarketError):
    """Supply and demand meet at no price."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a scenario or series file.

    Parameters
    ----------
    file : str
        File, as the user named it.
    line, column : int
        Where, both counted from 1; 0 where there is no such place (the file is missing).
    field : str
        Path of the field, such as ``customers[3].assets[0].energy``; may be empty.
    found, allowed, mend : str
        What stands there, what is expected there, and how to mend it (may be empty).
    """

    file: str
    line: int
    column: int
    field: str
    found: str
    allowed: str
    mend: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        parts = (place, self.field, _sentence(self.found, self.allowed, self.mend))
        return _printable(": ".join(part for part in parts if part))


class ScenarioError(MicromarketError):
    """A scenario or series file is wrong; holds every problem found.

    Parameters
    ----------
    *problems : Problem
        What is wrong, in the order in which to read it.
    """

    def __init__(self, *problems: Problem) -> None:
        lines = [str(problem) for problem in problems[:MOST_SHOWN]]
        more = len(problems) - len(lines)
        super().__init__("\n".join([*lines, f"and {more} more problems"] if more else lines))
        self.problems = problems


class StreamBroken(MicromarketError):
    """A stream of market data has a gap, or its engine answers otherwise than the one it mirrors."""


class RunError(MicromarketError):
    """A run directory cannot be read, resumed or written."""


class StoreError(MicromarketError):
    """A store or recorded facts cannot be read or written, or do not belong together."""


class StoreUnavailable(StoreError):
    """The server of a store does not answer, or does not let one in."""


class BusError(MicromarketError):
    """Messages cannot be carried: no server answers, or a program does not."""


class MissingExtra(MicromarketError):
    """An optional dependency is needed and not installed."""
