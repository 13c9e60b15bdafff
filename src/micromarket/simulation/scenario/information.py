"""Information services as scenario and node files describe them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Struct

from micromarket.simulation.scenario.fields import Duration, Identifier, Moment, SeriesRef, about


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Silence(_Part, frozen=True, kw_only=True):
    """A time in which a service says nothing, to rehearse it."""

    start: Annotated[Moment, about("From when on.")]
    end: Annotated[Moment, about("Until when.")]


class Service(_Part, frozen=True, kw_only=True):
    """Who foretells what drives devices, such as the weather: at every whole multiple of `refresh` it tells anew."""

    id: Annotated[Identifier, about("Name.")]
    provides: Annotated[str, about("What it tells, such as outdoor temperature.")]
    foretells: Annotated[SeriesRef, about("Column that devices use; each of them foresees it as the service tells.")]
    by: Annotated[SeriesRef, about("Column with what the service tells of each time.")]
    refresh: Annotated[Duration, about("Time between two tellings.")] = timedelta(hours=1)
    reach: Annotated[Duration, about("How far ahead it tells; beyond, the same time of another day stands in.")] = (
        timedelta(hours=24)
    )
    valid_for: Annotated[Duration, about("Age at which what it told is no longer used.")] = timedelta(hours=6)
    usual: Annotated[str, about("What is used then: a quantity with its unit, such as `12 degC`.")]
    silent: Annotated[tuple[Silence, ...], about("Times in which it says nothing, to rehearse that.")] = ()
    address: Annotated[str, about("Where it is found.")] = ""
    license: Annotated[str, about("On which terms.")] = ""
