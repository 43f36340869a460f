"""A finding that a test expects to be there."""

from core.checks.finding import Finding


def told(finding: Finding | None) -> Finding:
    """Gives the finding of a check, of which the type says only that there may be one."""
    assert finding is not None, "the check found nothing"
    return finding
