"""Which kernels are in use."""

import os

import pytest

from micromarket.kernels import backend


@pytest.mark.skipif(backend.NAME == "plain", reason="no compiler at installation: the plain kernels are in use")
def test_the_compiled_kernels_are_in_use():
    """A build that failed falls back to the plain twins; here it must not have."""
    assert backend.native is not None


def test_a_failed_build_does_not_pass_for_a_missing_compiler():
    """Where everything is installed the extension must have been built."""
    assert not (os.environ.get("MICROMARKET_TESTS_NEED_ALL") and backend.NAME == "plain")
