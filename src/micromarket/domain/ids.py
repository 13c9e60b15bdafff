"""A type for each kind of name; names are readable and derived from their inputs, so that a replay repeats them."""

from typing import NewType

PartyId = NewType("PartyId", str)
"""Someone who tenders and is billed."""

OrderId = NewType("OrderId", str)
"""An order, named by the market; unique within one marketplace as long as it is remembered there."""

InstrumentId = NewType("InstrumentId", str)
"""A product from a start, such as ``energy@feeder-1/PT15M/2026-07-06T04:00Z``."""
