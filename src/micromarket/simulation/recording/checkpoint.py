"""What a run must remember to go on after it was interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from micromarket.storage.values import from_bytes, to_bytes

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


def save(path: Path, arrays: Arrays) -> None:
    """Write named arrays to `path`, all or nothing."""
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, allow_pickle=False, **dict(arrays))
    unfinished.replace(path)


def load(path: Path) -> Arrays:
    """Return what `save` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def array_of(value: object) -> NDArray[np.uint8]:
    """Return any tree of frozen dataclasses as one array."""
    return np.frombuffer(to_bytes(value), dtype=np.uint8)


def value_of(kind: type[T], array: NDArray[np.uint8]) -> T:
    """Return the value of which `array_of` made an array."""
    return from_bytes(kind, array.tobytes())
