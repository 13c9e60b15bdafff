import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.errors import BadSignal
from micromarket.node.living.signals import (
    LARGEST,
    IntervalRecords,
    StatedLine,
    Statement,
    TransactiveRecord,
    TransactiveSignal,
)
from micromarket.runtime.wire import MOST_BYTES, decoded, encoded, schema_text, signal_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "signal.schema.json"
NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
OFFER = TransactiveSignal(
    "spot/2026-07-06T12:00:00Z",
    "feeder",
    "home",
    2,
    NOON,
    (
        IntervalRecords(
            NOON, (TransactiveRecord(0, 0.25, 2.0), TransactiveRecord(1, 0.25, 0.0), TransactiveRecord(2, 0.25, 9.0))
        ),
    ),
    heard=1,
    answer=True,
)
NUMBERS = st.floats(-LARGEST, LARGEST)
LIMITS = st.none() | st.floats(0.0, LARGEST)


@st.composite
def signals(draw):
    """Signals of any curve, to any precision."""
    prices, powers = (sorted(draw(st.lists(NUMBERS, min_size=3, max_size=3))) for _ in range(2))
    vertices = list(zip(prices, powers, strict=True))
    points = [draw(st.tuples(NUMBERS, NUMBERS)), vertices[0], vertices[2], vertices[1]]
    records = tuple(
        TransactiveRecord(number, *point) for number, point in enumerate(points[: draw(st.sampled_from([1, 4]))])
    )
    sent_at = draw(
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=-4))))
    )
    content, number, heard = (IntervalRecords(NOON, records),), draw(st.integers(1, 99)), draw(st.integers(0, 9))
    limits = draw(st.tuples(LIMITS, LIMITS))
    lines = (StatedLine("b", *limits, 0.0 if None in limits else draw(st.floats(0.0, 0.4))),)
    shared = (Statement("a", number, lines, content), Statement("c", 1, (), content))[: draw(st.integers(0, 2))]
    return TransactiveSignal("m", "a", "b", number, sent_at, content, heard, draw(st.booleans()), shared)


@given(signals())
def test_a_signal_survives_json(signal):
    """Every number comes back to the last bit."""
    assert signal == decoded(encoded(signal))


@given(signals())
def test_what_is_sent_keeps_the_published_schema(signal):
    """Nothing in any signal is other than the schema says."""
    judge = jsonschema.Draft202012Validator(signal_schema())

    assert [] == list(judge.iter_errors(json.loads(encoded(signal))))


def test_the_published_schema_is_the_one_of_the_code():
    """`micromarket schema --signals` prints it."""
    assert schema_text() == PUBLISHED.read_text(encoding="utf-8")


def test_an_answer_alone_has_no_intervals():
    heard = TransactiveSignal("spot", "home", "feeder", 0, NOON, heard=3)

    assert heard == decoded(encoded(heard))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": "2"}, r"Expected `int`, got `str` - at `\$.number`"),
        ({"sent_at": "2026-07-06T12:00:00"}, "timezone"),
        ({"color": "red"}, "unknown field `color`"),
        ({"number": 0}, "number 0 goes with no content"),
        ({"intervals": [{"start": "2026-07-06T12:00:00Z", "records": []}]}, "length >= 1"),
        (
            {
                "intervals": [
                    {"start": "2026-07-06T12:00:00Z", "records": [{"record": 1, "price": 0.1, "power_kw": 1}]}
                ]
            },
            "numbered 0",
        ),
    ],
)
def test_wrong_messages_are_refused_by_name(change, message):
    """The sentence names the field."""
    payload = json.dumps(json.loads(encoded(OFFER)) | change).encode()

    with pytest.raises(BadSignal, match=message):
        decoded(payload)


@pytest.mark.parametrize("payload", [b"", b"not json", b"[]", b"\xff\xfe", b"x" * (MOST_BYTES + 1)])
def test_what_is_no_signal_is_refused(payload):
    with pytest.raises(BadSignal):
        decoded(payload)


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(payload):
    """Whatever comes over the bus is a signal or a named refusal."""
    with contextlib.suppress(BadSignal):
        assert isinstance(decoded(payload), TransactiveSignal)
