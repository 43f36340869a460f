"""How jobs of all kinds are followed on a page."""

import pytest

from core.store.runs import Status
from pages.shared.shell.jobs import RESUMED_SECONDS, follow_seconds


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("running", 2.0),
        ("queued", 2.0),
        ("stopped", RESUMED_SECONDS),
        ("failed", RESUMED_SECONDS),
        ("interrupted", RESUMED_SECONDS),
        ("finished", None),
    ],
)
def test_a_job_that_may_be_resumed_elsewhere_is_looked_at_again(word: str, seconds: float | None) -> None:
    """A page that showed a stopped search still offered to resume it after another tab had done so."""
    assert follow_seconds(Status(status=word), 2.0) == seconds
