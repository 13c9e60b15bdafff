"""Values as bytes and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from micromarket.errors import InvalidValue
from micromarket.storage.values import from_bytes, to_bytes


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Something with everything in it."""

    at: datetime
    lasting: timedelta
    powers: NDArray[np.float64]
    steps: NDArray[np.int64]
    notes: dict[str, tuple[int, ...]]


READING = Reading(
    datetime(2026, 7, 6, 9, 45, tzinfo=UTC),
    timedelta(minutes=15),
    np.array([[0.1, -1 / 3, 5e-324]]).T,
    np.array([], dtype=np.int64),
    {"b": (1, 2), "a": ()},
)


def test_what_was_written_is_read():
    """Times, durations, mappings and every bit of every number come back."""
    back = from_bytes(Reading, to_bytes(READING))

    assert (READING.at, READING.lasting, READING.notes) == (back.at, back.lasting, back.notes)
    assert (READING.powers.tobytes(), READING.powers.shape) == (back.powers.tobytes(), back.powers.shape)
    assert (0, np.int64) == (len(back.steps), back.steps.dtype)


def test_equal_values_are_equal_bytes():
    """Writing, reading and writing again changes nothing, in whatever order names came."""
    assert to_bytes(READING) == to_bytes(from_bytes(Reading, to_bytes(READING)))
    assert to_bytes({"a": 1, "b": 2}) == to_bytes({"b": 2, "a": 1})


@pytest.mark.parametrize("content", [b"", b"{}", to_bytes(READING).replace(b"<f8", b"<f7")])
def test_other_bytes_are_refused(content):
    """What is no such value is named, not guessed at."""
    with pytest.raises(InvalidValue, match="expected a Reading"):
        from_bytes(Reading, content)


def test_an_array_of_objects_is_not_written():
    """Only numbers are written down."""
    with pytest.raises(NotImplementedError, match="ndarray"):
        to_bytes(np.array([object()]))
