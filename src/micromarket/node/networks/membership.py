"""Which participant belongs to which node, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.errors import WrongShape


def checked_members(member_of: ArrayLike, participants: int, nodes: int) -> NDArray[np.int64]:
    """Return the node of each participant, shape (participants,).

    Raises
    ------
    WrongShape
        If a participant has no node, or one that does not exist.
    """
    found = np.asarray(member_of, dtype=np.int64)
    if found.shape != (participants,):
        raise WrongShape(
            f"member_of must have one node for each of {participants} participants; found shape {found.shape}"
        )
    if ((found < 0) | (found >= nodes)).any():
        raise WrongShape(f"member_of must name nodes 0 to {nodes - 1}; found {found.min()} to {found.max()}")
    return found
