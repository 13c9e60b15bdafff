"""A PostgreSQL server of our own on a free port, or a skipped test."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import pytest

from nats_server import free_port

USER = "postgres"
"""Who runs the server where we are root, which PostgreSQL refuses."""


@contextmanager
def postgres_server():
    """Run a server and give the address of its database; it listens on this machine only."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = sorted(glob("/usr/lib/postgresql/*/bin/pg_ctl")) or [shutil.which("pg_ctl")]
    if programs[-1] is None:
        pytest.skip("PostgreSQL is not installed")
    folder, port = Path(tempfile.mkdtemp(prefix="micromarket-")), free_port()
    as_user = {"user": USER, "cwd": folder} if os.geteuid() == 0 else {"cwd": folder}
    if os.geteuid() == 0:
        shutil.chown(folder, USER)

    def control(*words):
        subprocess.run([programs[-1], "-D", folder / "data", "-s", *words], check=True, **as_user)

    try:
        control("initdb", "-o", f"-A trust -U {USER} -E UTF8 --locale=C --no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={folder}"
        control("start", "-w", "-l", folder / "log", "-o", options)
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            control("stop", "-m", "immediate")
        shutil.rmtree(folder)
