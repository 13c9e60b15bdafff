"""Every test that asks for an address runs over each database."""

from itertools import count

import pytest

from postgres_server import postgres_server

NUMBERS = count()


@pytest.fixture(scope="session")
def server():
    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres(server):
    """A new, empty database."""
    import psycopg

    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres", f"/{name}").replace(f"//{name}", "//postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path):
    """Where a new store may be made."""
    return str(tmp_path / "run.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")
