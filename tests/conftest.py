"""What all tests share: quick property tests, and no silent skipping where everything should be there."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the oracles be asked more often than anybody wants to wait for at every run."""
    parser.addoption("--oracle-events", type=int, default=15_000, help="random events that the oracles judge")


@pytest.fixture(scope="session")
def oracle_events(request: pytest.FixtureRequest) -> int:
    """Random events of the oracles; a tenth as many curve orders and a hundredth as many auctions are judged."""
    return request.config.getoption("--oracle-events")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were left out, and why, even in quiet mode."""
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.write_line(f"left out: {len(skipped)}")
    for report in skipped:
        terminalreporter.write_line(f"  {report.nodeid}: {report.longrepr[2]}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where nothing may be left out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("MICROMARKET_TESTS_NEED_ALL") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
