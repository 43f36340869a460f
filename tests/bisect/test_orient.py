"""A bisect's result seen from either of its runs."""

from typing import Any

from core.bisect.orient import seen_from

RESULT: Any = {
    "runs": ["one", "two"], "titles": ["first", "second"], "good": "a", "candidates": ["data.shuffle", "training.seed"],
    "verdict": "single", "gap": {"value": 0.4, "interval": [0.3, 0.5]},
    "noise": {"a": [0.9, 0.91], "b": [0.5], "spread": 0.01},
    "tests": [{"factor": "data.shuffle", "direction": "sufficient", "base": "a", "value": 0.5}],
    "arms": [
        {"name": "A again, training.seed 1", "base": "a", "from_b": [], "value": 0.9},
        {"name": "B with data.shuffle = samples, training.seed 2", "base": "b", "from_b": ["training.seed"]},
    ],
}  # fmt: skip


def test_from_the_first_run_it_is_as_it_was_written():
    assert seen_from(RESULT, "one") is RESULT
    nothing: Any = {}
    assert seen_from(nothing, "one") is nothing
    assert seen_from(RESULT, "another") is RESULT


def test_from_the_second_run_the_sides_are_exchanged_and_the_facts_stay():
    seen = seen_from(RESULT, "two")
    assert seen["runs"] == ["two", "one"]
    assert seen["titles"] == ["second", "first"]
    assert seen["good"] == "b"
    assert seen["noise"] == {"a": [0.5], "b": [0.9, 0.91], "spread": 0.01}
    assert seen["tests"][0] == {"factor": "data.shuffle", "direction": "sufficient", "base": "b", "value": 0.5}
    assert [trial["name"] for trial in seen["arms"]] == [
        "B again, training.seed 1",
        "A with data.shuffle = samples, training.seed 2",
    ]
    assert [trial["from_b"] for trial in seen["arms"]] == [["data.shuffle", "training.seed"], ["data.shuffle"]]
    assert (seen["verdict"], seen["gap"]) == (RESULT["verdict"], RESULT["gap"])


def test_seen_from_the_other_side_twice_it_is_the_same_again():
    assert seen_from(seen_from(RESULT, "two"), "one") == RESULT
