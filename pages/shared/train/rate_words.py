"""What a range test suggests, in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.job_records import RangeTest

MARKS = {
    "valley": "Middle of the longest decline of the loss: the recommended value.",
    "steep": "Steepest decline of the loss: usually larger.",
}
"""Suggestions and what they are."""


def suggestions(result: "RangeTest") -> dict[str, float]:
    """The suggested rates by name; empty where the loss never fell."""
    found = {"valley": result.valley, "steep": result.steep}
    return {name: rate for name, rate in found.items() if rate is not None}


def rate_words(result: "RangeTest") -> str:
    """The range test as text, for screen readers."""
    said = [f"{name} {rate:.2g}" for name, rate in suggestions(result).items()]
    ends = f"from {result.rates[0]:.1g} to {result.rates[-1]:.1g}"
    return f"Training loss over learning rates {ends}. Suggested: {', '.join(said) or 'none'}."
