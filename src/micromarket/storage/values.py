"""Values as bytes: any tree of frozen dataclasses, with arrays, as JSON that reads back equal.

Equal values give equal bytes, and numbers come back bit by bit.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np

from micromarket.errors import InvalidValue

T = TypeVar("T")


class _Array(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    content: bytes


def to_bytes(value: object) -> bytes:
    """Return a value as bytes: dataclasses, mappings, sequences, times, numbers, text, and arrays of numbers."""
    return msgspec.json.encode(value, enc_hook=_plain, order="sorted")


def from_bytes(kind: type[T], content: bytes) -> T:
    """Return the value of type `kind` that `to_bytes` wrote.

    Raises
    ------
    InvalidValue
        If the bytes are not such a value.
    """
    try:
        return msgspec.json.decode(content, type=kind, dec_hook=_array)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise InvalidValue(f"expected a {kind.__name__}; found {content[:40]!r}: {error}") from None


def _plain(value: object) -> _Array:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise NotImplementedError(f"a {type(value).__name__} cannot be written down")
    return _Array(value.dtype.str, value.shape, value.tobytes())


def _array(_: type, found: Any) -> np.ndarray[Any, Any]:
    array = msgspec.convert(found, _Array)
    return np.frombuffer(bytearray(array.content), array.dtype).reshape(array.shape)
