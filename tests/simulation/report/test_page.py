"""The report in a real browser: every chart is drawn, nothing is fetched, nothing fails."""

import re
import shutil
import subprocess

import pytest

from micromarket.simulation.recording.results import load
from micromarket.simulation.report.build import write

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=20000",
    "--enable-logging=stderr",
)


@pytest.fixture(scope="module")
def opened(street, tmp_path_factory):
    """Return the page's elements after its script ran, and what the browser logged."""
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed; the page was not opened")
    file = write(load(street), tmp_path_factory.mktemp("page") / "report.html")
    profile = tmp_path_factory.mktemp("profile")
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", "--window-size=1440,3000", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def test_no_errors(opened):
    """The script ran to its end without an error, and the console stayed empty."""
    elements, logged = opened

    assert (re.search(r'data-errors="(\d+)"', elements)[1], re.findall(r"CONSOLE.*", logged)) == ("0", [])


def test_all_drawn(opened):
    """Every figure holds a drawing with lines, areas, points or cells in it."""
    elements, _ = opened
    figures = re.findall(r"<figure.*?</figure>", elements, re.DOTALL)

    empty = [
        figure[:60]
        for figure in figures
        if not re.search(r'class="(?:js-line|js-fill|point|hm|points)|<image', figure)
    ]

    assert (re.search(r'data-drawn="(\d+)"', elements)[1], []) == (str(len(figures)), empty)


def test_controls(opened):
    """The reader can choose an interval, a case, a line and a customer."""
    elements, _ = opened

    assert len(re.findall(r'<div class="control" data-control="\w+"><', elements)) == 4


def test_legends(opened):
    """Legends are buttons that say whether their line is shown."""
    elements, _ = opened

    assert len(re.findall(r'<button[^>]*aria-pressed="true"', elements)) > 25
