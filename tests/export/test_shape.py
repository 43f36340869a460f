"""Rules for JSON from outside: what fits passes, what does not is named with its place."""

from typing import Any

import pytest

from core.export.shape import Rule, count, each, fields, mapping, maybe, number, one_of, plain, share, text


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (text, ["", "x" * 5000], ["x" * 5001, 1, None, ["x"]]),
        (number, [0, -1.5, 1e200], [True, "1", None, float("nan"), float("inf"), 10**400]),
        (count, [0, 10**15], [-1, 1.0, True, 10**16]),
        (share, [0, 1, 0.5], [-0.1, 1.1, True, None]),
        (one_of(["a", "b"]), ["a"], ["c", 1, ["a"], None]),
        (maybe(count), [None, 3], ["3"]),
        (each(count, 2), [[], [1, 2]], [[1, 2, 3], [1, "2"], {}, None]),
        (fields({"a": count}, {"b": text}), [{"a": 1}, {"a": 1, "b": ""}, {"a": 1, "new": [1, {"x": None}]}],
         [{}, {"a": "1"}, {"a": 1, "b": 2}, {"a": 1, "new": "x" * 6000}, [], None]),
        (mapping(count), [{}, {"any": 1}], [{"any": "1"}, {"k" * 6000: 1}, []]),
        (plain, [None, True, "x", 1.5, [[[[[[1]]]]]]], [[[[[[[[1]]]]]]], "x" * 6000, float("nan")]),
    ],
)  # fmt: skip
def test_each_rule(rule: Rule, good: list[Any], bad: list[Any]) -> None:
    assert [rule(value, "it") for value in good] == [""] * len(good)
    for value in bad:
        assert rule(value, "it").startswith("it"), value


def test_the_place_is_named() -> None:
    rule = fields({"files": each(fields({"path": text}))})
    assert rule({"files": [{"path": "a"}, {"path": 1}]}, "manifest.json") == "manifest.json.files[1].path is not text"
    assert rule({"files": [{}]}, "m") == "m.files[0] lacks path"
