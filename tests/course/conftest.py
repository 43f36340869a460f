"""The same healthy run as the checks of before a training have."""

from tests.checks.conftest import make_context  # noqa: F401
