"""What a run must remember to go on after it was interrupted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import LocalAsset

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


def fleet_arrays(initial: Sequence[LocalAsset], current: Sequence[LocalAsset]) -> Arrays:
    """Return what has changed in fleets since the start: their state, by ``<fleet>.<field>``.

    Fleets are frozen, so a field that still is the very object it started with cannot have changed.
    """
    return {
        f"{k}.{field.name}": getattr(now, field.name)
        for k, (before, now) in enumerate(zip(initial, current, strict=True))
        for field in dataclasses.fields(now)  # type: ignore[arg-type]
        if field.init and getattr(now, field.name) is not getattr(before, field.name)
    }


def restore_fleets(initial: Sequence[LocalAsset], arrays: Arrays) -> tuple[LocalAsset, ...]:
    """Return the fleets as they were when `arrays` were taken."""
    changes: list[dict[str, NDArray[Any]]] = [{} for _ in initial]
    for name, values in arrays.items():
        k, _, field = name.partition(".")
        if k.isdigit():
            changes[int(k)][field] = values
    return tuple(
        dataclasses.replace(fleet, **changed)  # type: ignore[type-var]
        for fleet, changed in zip(initial, changes, strict=True)
    )
