"""Transactive signals as JSON: what goes over a bus, and its JSON Schema for other people's code."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from micromarket.errors import BadSignal, InvalidValue
from micromarket.node.living.signals import (
    LARGEST,
    Content,
    IntervalRecords,
    StatedLine,
    Statement,
    TransactiveRecord,
    TransactiveSignal,
)
from micromarket.node.networks.tree import MOST_LOSS

IDENTITY = "https://micromarket.example/schema/transactive-signal-1.json"
MOST_BYTES = 1_000_000
"""Longer messages are refused unread."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[float, Meta(ge=0, le=LARGEST)]


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


class LineOfStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as the node at one of its ends states it."""

    neighbor: Annotated[Name, Meta(description="Node at the other end.")]
    import_limit_kw: Annotated[
        Limit | None, Meta(description="Most power from the neighbor, where it is sent [kW]; null is unlimited.")
    ] = None
    export_limit_kw: Annotated[
        Limit | None, Meta(description="Most power to the neighbor, where it is sent [kW]; null is unlimited.")
    ] = None
    full_load_loss: Annotated[
        float,
        Meta(ge=0, lt=MOST_LOSS, description="Fraction lost at the limit of either direction; needs both limits."),
    ] = 0.0


class StatementOfSignal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one node, the sender or any other, shows the whole network of itself."""

    node: Annotated[Name, Meta(description="Node that states it.")]
    version: Annotated[
        int, Meta(ge=1, le=2**53, description="Counts its statements in this market; the highest holds.")
    ]
    lines: Annotated[tuple[LineOfStatement, ...], Meta(description="Its lines to neighbors that state as well.")]
    intervals: Annotated[
        tuple[IntervalOfSignal, ...],
        Meta(min_length=1, description="Its net curve in the market's intervals, power positive into the network."),
    ]


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
    shared: Annotated[
        tuple[StatementOfSignal, ...],
        Meta(description="Where nodes share their curves: the newest statement of every node that the sender knows."),
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
        intervals=_intervals_of(signal.content),
        shared=tuple(_stated(one) for one in signal.shared),
    )


def signal_of(message: SignalMessage) -> TransactiveSignal:
    """Return the signal that was sent in this form.

    Raises
    ------
    BadSignal
        If it breaks a rule of signals.
    """
    return TransactiveSignal(
        message.market,
        message.sender,
        message.receiver,
        message.number,
        message.sent_at,
        _content_of(message.intervals),
        message.heard,
        message.answer,
        tuple(_statement_of(one) for one in message.shared),
    )


def _intervals_of(content: Content) -> tuple[IntervalOfSignal, ...]:
    return tuple(
        IntervalOfSignal(
            start=interval.start,
            records=tuple(
                Record(record=record.number, price=record.price, power_kw=record.power_kw)
                for record in interval.records
            ),
        )
        for interval in content
    )


def _content_of(intervals: tuple[IntervalOfSignal, ...]) -> Content:
    return tuple(
        IntervalRecords(
            interval.start,
            tuple(TransactiveRecord(record.record, record.price, record.power_kw) for record in interval.records),
        )
        for interval in intervals
    )


def _stated(one: Statement) -> StatementOfSignal:
    lines = tuple(
        LineOfStatement(
            neighbor=line.neighbor,
            import_limit_kw=line.import_limit_kw,
            export_limit_kw=line.export_limit_kw,
            full_load_loss=line.full_load_loss,
        )
        for line in one.lines
    )
    return StatementOfSignal(node=one.node, version=one.version, lines=lines, intervals=_intervals_of(one.content))


def _statement_of(message: StatementOfSignal) -> Statement:
    lines = tuple(
        StatedLine(line.neighbor, line.import_limit_kw, line.export_limit_kw, line.full_load_loss)
        for line in message.lines
    )
    return Statement(message.node, message.version, lines, _content_of(message.intervals))


def signal_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of signals."""
    schema = msgspec.json.schema(SignalMessage)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTITY, **schema}


def schema_text() -> str:
    """Return the JSON Schema as the text that is published."""
    return json.dumps(signal_schema(), indent=2, ensure_ascii=False) + "\n"
