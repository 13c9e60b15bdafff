"""What a mechanism keeps for each of its instruments."""

from __future__ import annotations

from typing import NoReturn, TypeVar

from micromarket.domain.ids import InstrumentId
from micromarket.errors import UnknownInstrument

Kept = TypeVar("Kept")


class ByInstrument(dict[InstrumentId, Kept]):
    """What is kept, by instrument; to ask for one that is not traded is refused by name."""

    def __missing__(self, instrument_id: InstrumentId) -> NoReturn:
        """Refuse an instrument that is not there.

        Raises
        ------
        UnknownInstrument
            Always.
        """
        raise UnknownInstrument(f"{instrument_id} is not traded here")
