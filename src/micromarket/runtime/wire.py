"""Transactive signals as JSON: what goes over a bus, and its JSON Schema for other people's code."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from micromarket.errors import BadSignal, InvalidValue
from micromarket.node.living.signals import LARGEST, IntervalRecords, TransactiveRecord, TransactiveSignal

IDENTITY = "https://micromarket.example/schema/transactive-signal-1.json"
MOST_BYTES = 1_000_000
"""Longer messages are refused unread."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point of a curve, or the scheduled point."""

    record: Annotated[
        int, Meta(ge=0, description="0 scheduled point, 1 lower end, 2 upper end, 3 and on the vertices between.")
    ]
    price: Annotated[float, Meta(ge=-LARGEST, le=LARGEST, description="Marginal price [currency/kWh].")]
    power_kw: Annotated[
        float,
        Meta(ge=-LARGEST, le=LARGEST, description="Average power [kW] toward the receiver, at the sending end."),
    ]


class IntervalOfSignal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All records of one interval."""

    start: Annotated[Moment, Meta(description="Start of the interval, with offset from UTC.")]
    records: Annotated[
        tuple[Record, ...],
        Meta(min_length=1, description="Numbered 0, or 0, 1, 2 and on, in that order; neither price nor power falls "
             "from record 1 by 3, 4, ... to 2."),
    ]  # fmt: skip


class SignalMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one transactive node tells a neighbor about one market."""

    market: Annotated[Name, Meta(description="Market: its series and the start of its first interval.")]
    sender: Annotated[Name, Meta(description="Node that sends.")]
    receiver: Annotated[Name, Meta(description="Neighbor it is for.")]
    number: Annotated[
        Count,
        Meta(description="Counts from 1 what the sender says to this receiver in this market; the highest holds. "
             "0 only says what was heard."),
    ]  # fmt: skip
    sent_at: Annotated[Moment, Meta(description="When, by the sender's clock.")]
    heard: Annotated[Count, Meta(description="Highest number that the sender has from the receiver.")] = 0
    answer: Annotated[bool, Meta(description="Whether the sender wants to know that it was heard.")] = False
    intervals: Annotated[
        tuple[IntervalOfSignal, ...], Meta(description="The market's intervals in order; none if number is 0.")
    ] = ()


_DECODER = msgspec.json.Decoder(SignalMessage)


def encoded(signal: TransactiveSignal) -> bytes:
    """Return a signal as JSON text."""
    return msgspec.json.encode(message_of(signal))


def decoded(payload: bytes) -> TransactiveSignal:
    """Return the signal that a message holds.

    Raises
    ------
    BadSignal
        If it is too long, no JSON, lacks or adds a field, or breaks a rule of signals; the message says where.
    """
    if len(payload) > MOST_BYTES:
        raise BadSignal(f"a signal has at most {MOST_BYTES} bytes; found {len(payload)}")
    try:
        return signal_of(_DECODER.decode(payload))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSignal(f"expected a transactive signal: {error}") from None
    except InvalidValue as error:
        raise BadSignal(str(error)) from None


def message_of(signal: TransactiveSignal) -> SignalMessage:
    """Return a signal in the form that is sent."""
    return SignalMessage(
        market=signal.market,
        sender=signal.sender,
        receiver=signal.receiver,
        number=signal.number,
        sent_at=signal.sent_at,
        heard=signal.heard,
        answer=signal.answer,
        intervals=tuple(
            IntervalOfSignal(
                start=interval.start,
                records=tuple(
                    Record(record=record.number, price=record.price, power_kw=record.power_kw)
                    for record in interval.records
                ),
            )
            for interval in signal.content
        ),
    )


def signal_of(message: SignalMessage) -> TransactiveSignal:
    """Return the signal that was sent in this form.

    Raises
    ------
    BadSignal
        If it breaks a rule of signals.
    """
    content = tuple(
        IntervalRecords(
            interval.start,
            tuple(TransactiveRecord(record.record, record.price, record.power_kw) for record in interval.records),
        )
        for interval in message.intervals
    )
    return TransactiveSignal(
        message.market,
        message.sender,
        message.receiver,
        message.number,
        message.sent_at,
        content,
        message.heard,
        message.answer,
    )


def signal_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of signals."""
    schema = msgspec.json.schema(SignalMessage)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTITY, **schema}


def schema_text() -> str:
    """Return the JSON Schema as the text that is published."""
    return json.dumps(signal_schema(), indent=2, ensure_ascii=False) + "\n"
