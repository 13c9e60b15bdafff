"""Facts as lines of JSON, one each, that read back equal: the record of a run of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from micromarket.errors import MicromarketError, StoreError
from micromarket.node.living.facts import Fact

Recorded = tuple[str, Fact]
"""The name of a node, and what happened at it."""

KINDS = {kind.__name__: kind for kind in get_args(Fact)}


def line_of(node: str, fact: Fact) -> str:
    """Return a fact of a node as one line of JSON without its end."""
    content = msgspec.to_builtins(fact, enc_hook=np.ndarray.tolist)
    return msgspec.json.encode({"node": node, "fact": type(fact).__name__, **content}).decode()


def recorded(line: str | bytes) -> Recorded:
    """Return what `line_of` wrote.

    Raises
    ------
    StoreError
        If it is something else.
    """
    try:
        content = msgspec.json.decode(line, type=dict[str, Any])
        node, kind = str(content.pop("node")), KINDS[content.pop("fact")]
        return node, msgspec.convert(content, kind, dec_hook=_array)
    except (msgspec.MsgspecError, MicromarketError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"expected a fact as a line of JSON; found {line[:60]!r}: {error}") from None


def read_lines(paths: Iterable[Path]) -> Iterator[Recorded]:
    """Yield the facts that stand in files, in their order.

    A last line without its end is left for later: it is still being written.

    Raises
    ------
    StoreError
        If a file cannot be read or a line is no fact; the message says which.
    """
    for path in paths:
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.endswith(b"\n"):
                        yield _located(line, path, number)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None


def _located(line: bytes, path: Path, number: int) -> Recorded:
    try:
        return recorded(line)
    except StoreError as error:
        raise StoreError(f"{path}:{number}: {error}") from None


def _array(kind: type, found: Any) -> np.ndarray[Any, Any]:
    (number,) = get_args(get_args(kind)[1])
    return np.array(found, dtype=number)
