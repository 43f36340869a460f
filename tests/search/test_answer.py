"""How many heads of a search are trained, and how many it trains at most."""

from typing import Any

from core.search.answer import most_heads, trained_heads


def test_a_candidate_that_was_dropped_trains_no_more() -> None:
    states = {"waiting": 2, "dropped": 2, "left_out": 0, "kept": 15}
    record: Any = {"candidates": [{"state": name, "heads": [{}] * count} for name, count in states.items()]}
    assert trained_heads(record) == 19
    assert most_heads(record, 15) == 19 + 13
