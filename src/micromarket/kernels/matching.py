"""The order book in use: the compiled one, or its plain twin where none could be built.

`Book` and `PlainBook` have the same methods, documented at the twin. The compiled one lets other threads run during
`replay`, and refuses every call while it does.
"""

from __future__ import annotations

from micromarket.kernels.backend import native
from micromarket.kernels.matching_plain import PlainBook
from micromarket.kernels.order_records import EVENT, PRIORITIES, RESTING, TRADE, Kind, digest

__all__ = ["EVENT", "PRIORITIES", "RESTING", "TRADE", "Book", "Kind", "PlainBook", "digest"]

Book: type[PlainBook] = PlainBook if native is None else native.Book
