"""Files of order events: read in binary, CSV or Parquet; trades and resting orders written in binary or CSV."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from micromarket.errors import Problem, ScenarioError
from micromarket.kernels.order_records import EVENT, Records

_READERS = {".csv": "read_csv", ".parquet": "read_parquet"}
_NEEDED = [name for name in EVENT.names or () if name != "flags"]


def read_events(path: Path) -> Records:
    """Return the events of a file, as an array of `EVENT`.

    Parameters
    ----------
    path : Path
        A CSV or Parquet file by its ending, with the columns of `EVENT` in any order (`flags` may be missing); any
        other is a flat array of its 24-byte records.

    Raises
    ------
    ScenarioError
        If the file cannot be read as that.
    """
    if not path.is_file():
        raise ScenarioError(_problem(path, "no such file", "a file of order events"))
    return _table(path) if path.suffix.lower() in _READERS else _flat(path)


def write_records(path: Path, records: Records) -> None:
    """Write trades or resting orders: as CSV if the file's name ends so, else as their bytes.

    Parameters
    ----------
    path : Path
        File to write, replaced if it is there.
    records : structured array
        What to write.
    """
    if path.suffix.lower() == ".csv":
        names = ",".join(records.dtype.names or ())
        np.savetxt(path, records, fmt="%d", delimiter=",", header=names, comments="")
    else:
        path.write_bytes(records.tobytes())


def _flat(path: Path) -> Records:
    size = path.stat().st_size
    if size % EVENT.itemsize:
        raise ScenarioError(_problem(path, f"{size} bytes", f"records of {EVENT.itemsize} bytes each"))
    return np.fromfile(path, dtype=EVENT)


def _table(path: Path) -> Records:
    query = f"SELECT * FROM {_READERS[path.suffix.lower()]}(?)"
    try:
        columns = duckdb.connect().execute(query, [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        raise ScenarioError(_problem(path, str(error).splitlines()[0], "a table of order events")) from None
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise ScenarioError(_problem(path, f"no column {', '.join(missing)}", f"the columns {', '.join(_NEEDED)}"))
    events = np.zeros(len(columns["kind"]), dtype=EVENT)
    for name in EVENT.names or ():
        if name in columns:
            events[name] = _whole(path, name, columns[name])
    return events


def _whole(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    limits = np.iinfo(EVENT[name])
    masked = np.ma.getmaskarray(values).any() or values.dtype.kind not in "iu"
    if masked or (len(values) and (values.min() < limits.min or values.max() > limits.max)):
        allowed = f"whole numbers from {limits.min} to {limits.max}, no cell empty"
        raise ScenarioError(_problem(path, f"a column {name} that breaks its rule", allowed))
    return np.asarray(values)


def _problem(path: Path, found: str, allowed: str) -> Problem:
    return Problem(str(path), 0, 0, "", found, allowed)
