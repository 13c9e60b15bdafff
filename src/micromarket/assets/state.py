"""What has changed in fleets since they were made, as arrays: enough to go on after an interruption."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import LocalAsset

Arrays = Mapping[str, NDArray[Any]]


def fleet_arrays(initial: Sequence[LocalAsset], current: Sequence[LocalAsset]) -> Arrays:
    """Return what has changed in fleets since the start: their state, by ``<fleet>.<field>``.

    Fleets are frozen, so a field that still is the very object it started with cannot have changed.
    """
    return {
        f"{k}.{field.name}": np.asarray(getattr(now, field.name))
        for k, (before, now) in enumerate(zip(initial, current, strict=True))
        for field in dataclasses.fields(now)  # type: ignore[arg-type]
        if field.init and getattr(now, field.name) is not getattr(before, field.name)
    }


def restore_fleets(initial: Sequence[LocalAsset], arrays: Arrays) -> tuple[LocalAsset, ...]:
    """Return the fleets as they were when `arrays` were taken; names that are no fleet's field are left alone."""
    changes: list[dict[str, NDArray[Any]]] = [{} for _ in initial]
    for name, values in arrays.items():
        k, _, field = name.partition(".")
        if k.isdigit():
            changes[int(k)][field] = values
    return tuple(
        dataclasses.replace(fleet, **changed)  # type: ignore[type-var]
        for fleet, changed in zip(initial, changes, strict=True)
    )
