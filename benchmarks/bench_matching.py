"""How fast the order book is: each shape of events, beside a bare array book and the plain twin; one call at a time.

Run as ``python benchmarks/bench_matching.py [EVENTS]``, one million by default; medians of five runs of each, in
turn, in the processor's time of this thread. The bare array is compiled on the spot where there is a compiler; it
knows no price outside a window of 16,384 ticks, and only new orders and cancels, so not every shape fits it.
Its memory is made and touched beforehand; the book's is not.
"""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from micromarket.kernels.backend import NAME, native
from micromarket.kernels.matching import RESTING, TRADE, Book, Kind, PlainBook, digest
from micromarket.kernels.order_records import Records
from order_events import SHAPES, generate
from timing import duration, table

RUNS = 5
PLAIN = 100_000
FITS_BARE = ("base", "single", "deep", "sweep")
WINDOW = 1 << 14
COMPILER = shutil.which("g++") or shutil.which("c++")


def own_time(function: Callable[[], object]) -> float:
    """Return the time that the processor gave to this thread during a call [s]."""
    start = time.thread_time()
    function()
    return time.thread_time() - start


def bare_book(folder: Path) -> ctypes.CDLL | None:
    """Compile the bare array book as the package's kernels are; return None where there is no compiler."""
    if COMPILER is None:
        return None
    source, library = Path(__file__).with_name("bare_array_book.hpp"), folder / "bare.so"
    options = ["-std=c++20", "-O3", "-shared", "-fPIC", "-x", "c++"]
    subprocess.run([COMPILER, *options, str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.bare_replay.restype = ctypes.c_size_t
    return loaded


def bare_replay(library: ctypes.CDLL, events: Records, instruments: int) -> Callable[[], Records]:
    """Make a bare array book ready for `events`; return what replays them and returns the trades."""
    trades, low = np.zeros(len(events), dtype=TRADE), ctypes.c_int32(10_000 - WINDOW // 2)
    count, pointers = ctypes.c_size_t(len(events)), [ctypes.c_void_p(each.ctypes.data) for each in (events, trades)]
    library.bare_prepare(count, ctypes.c_uint32(instruments))
    return lambda: trades[: library.bare_replay(pointers[0], count, low, pointers[1])]


def ready_book(priority: str, events: Records) -> Callable[[], object]:
    """Return what replays `events` in a new book."""
    return partial(Book(priority).replay, events)


def shapes(count: int, library: ctypes.CDLL | None) -> None:
    """Print the time of an event in each shape."""
    rows = []
    for shape_name, shape in SHAPES.items():
        events = generate(shape, count)
        contenders: dict[str, Callable[[], Callable[[], object]]] = {
            name: partial(ready_book, priority, events)
            for name, priority in (("book", "time"), ("by volume", "volume"), ("pro rata", "pro_rata"))
        }
        if library is not None and shape_name in FITS_BARE:
            contenders["bare"] = partial(bare_replay, library, events, shape.instruments)
            assert digest(Book().replay(events)) == digest(bare_replay(library, events, shape.instruments)())
        rounds = [{each: own_time(ready()) for each, ready in contenders.items()} for _ in range(RUNS)]
        median = {each: statistics.median(run[each] for run in rounds) / count * 1e9 for each in contenders}
        few = events[:PLAIN]
        twin = statistics.median(own_time(lambda few=few: PlainBook().replay(few)) for _ in range(3))
        plain = twin / len(few) * 1e9
        bare = median.get("bare")
        rows.append(
            {
                "shape": shape_name,
                "book": median["book"],
                "bare array": bare or "",
                "book / bare": median["book"] / bare if bare else "",
                "plain twin": plain,
                "twin / book": plain / median["book"],
                "by volume": median["by volume"],
                "pro rata": median["pro rata"],
            }
        )
    table(rows, f"Time of one event [ns], {count} events in one batch ({NAME} kernels)")


def calls(count: int) -> None:
    """Print the time of one call from Python, trades included, beside an empty one."""
    events = generate(SHAPES["base"], count)
    rows = [
        (kind, (order_id,) if kind == Kind.CANCEL else (at, side, price, quantity, order_id))
        for kind, side, _, at, price, quantity, order_id in events.tolist()
    ]

    def each_call() -> None:
        book = Book()
        doors = {int(Kind.NEW): book.add, int(Kind.CANCEL): book.cancel}
        for kind, arguments in rows:
            doors[kind](*arguments)

    nothing = native.empty_call if native is not None else int
    rows_of_empty = [(kind, 1) for kind, _ in rows]
    whole = statistics.median(own_time(each_call) for _ in range(RUNS)) / count

    def empty_calls() -> None:
        doors = {int(Kind.NEW): nothing, int(Kind.CANCEL): nothing}
        for kind, argument in rows_of_empty:
            doors[kind](argument)

    empty = statistics.median(own_time(empty_calls) for _ in range(RUNS)) / count
    table(
        [
            {"one call from Python": "an event of the base shape, trades included", "time": duration(whole)},
            {"one call from Python": "an empty bound call", "time": duration(empty)},
        ],
        "One call at a time",
    )


def snapshots(count: int) -> None:
    """Print snapshot and restore of many standing orders, the memory of one, and one event among them."""
    rows = []
    sizes = [10**power for power in range(3, 8) if 10**power <= count * 10]
    for size in sizes:
        resting = np.zeros(size, dtype=RESTING)
        place = np.arange(size)
        resting["price"], resting["quantity"], resting["order_id"] = 100_000 - place // 1000, 10, place + 1
        content = Book().snapshot() + resting.tobytes()
        book = Book.restore(content)
        restore = statistics.median(own_time(partial(Book.restore, content)) for _ in range(3))
        snapshot = statistics.median(own_time(book.snapshot) for _ in range(3))
        chance = np.random.Generator(np.random.PCG64(1))
        few = min(size // 2, 100_000)
        canceled = np.zeros(few, dtype=generate(SHAPES["base"], 1).dtype)
        canceled["kind"], canceled["order_id"] = Kind.CANCEL, chance.permutation(size)[:few] + 1
        cancel = own_time(lambda book=book, canceled=canceled: book.replay(canceled)) / few
        rows.append(
            {
                "standing": size,
                "snapshot": duration(snapshot),
                "restore": duration(restore),
                "one cancel": duration(cancel),
                "bytes each": getattr(book, "bytes_held", 0) / size,
            }
        )
    table(rows, "Standing orders, a thousand at each price; cancels anywhere among them")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        shapes(wanted, bare_book(Path(temporary)))
    calls(min(wanted, 300_000))
    snapshots(min(wanted, 1_000_000))
