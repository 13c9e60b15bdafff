"""Opening a store by its address: a file for SQLite, ``postgresql://...`` for a server."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from micromarket.errors import StoreError
from micromarket.storage.database import Database
from micromarket.storage.sqlite import SQLite
from micromarket.storage.store import Store

SERVERS = ("postgresql://", "postgres://")


def open_store(address: str, create: bool = False) -> Store:
    """Return the store at an address; close it, or use it in a ``with`` block.

    Parameters
    ----------
    address : str
        File, or address of a PostgreSQL database.
    create : bool, default False
        Whether to make tables that are missing, and the file.

    Raises
    ------
    StoreError
        If it is not there, no database, or of another version.
    MissingExtra
        If PostgreSQL is asked for and its client is not installed.
    """
    store = Store(_database(address, create))
    if create:
        store.create()
    return store


def _database(address: str, create: bool) -> Database:
    if address.startswith(SERVERS):
        server: Database = import_module("micromarket.storage.postgres").PostgreSQL(address)
        return server
    path = Path(address)
    if not create and not path.is_file():
        raise StoreError(f"{path}: there is no such store")
    return SQLite(path, create)
