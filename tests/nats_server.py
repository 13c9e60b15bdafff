"""A NATS server of our own on a free port, or a skipped test."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

STARTING_SECONDS = 20


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nats_server():
    """Run a server and give its address."""
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("nats-server is not installed")
    port = free_port()
    server = subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTING_SECONDS
        while not answers(port):
            assert time.monotonic() < until
            assert server.poll() is None
            time.sleep(0.02)
        yield f"nats://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
