"""The verdict in plain words: the cause, both values, why, and what switching it does in each run."""

from typing import Any

from core.bisect.headline import headline

SHUFFLE = "data.shuffle"


def result(**facts: Any) -> Any:
    found = {
        "verdict": "single", "factors": [SHUFFLE], "good": "a", "candidates": [SHUFFLE, "data.augmentation"],
        "values": {SHUFFLE: {"a": "samples", "b": "none"}}, "why": {SHUFFLE: "Batches of one class pull the head."},
        "tests": [], "noise": {"a": [0.875, 0.88], "b": [0.5, 0.5]},
        "measured": [
            {"from_b": [], "value": 0.8771, "interval": None, "auc": 0.94},
            {"from_b": [SHUFFLE, "data.augmentation"], "value": 0.5, "interval": None, "auc": 0.61},
            {"from_b": [SHUFFLE], "value": 0.5002, "interval": None, "auc": 0.6},
            {"from_b": ["data.augmentation"], "value": 0.8688, "interval": None, "auc": 0.93},
        ],
    }  # fmt: skip
    return {**found, **facts}


def test_a_single_cause_is_named_with_both_values_why_and_what_switching_does():
    said = headline(result())
    assert said.title == "“Shuffle” is the cause."
    assert said.lines == (
        "run A has samples, run B has none.",
        "Batches of one class pull the head.",
        "Set in B as in A, accuracy goes from 50.0 to 86.9 %.",
        "Set in A as in B, accuracy goes from 87.7 to 50.0 %.",
    )


def test_seen_from_the_other_side_the_same_figures_are_told():
    turned = result(
        good="b",
        measured=[
            {"from_b": [SHUFFLE, "data.augmentation"], "value": 0.8771, "interval": None},
            {"from_b": [], "value": 0.5, "interval": None},
            {"from_b": ["data.augmentation"], "value": 0.5002, "interval": None},
            {"from_b": [SHUFFLE], "value": 0.8688, "interval": None},
        ],
    )
    assert headline(turned).lines[-2:] == (
        "Set in A as in B, accuracy goes from 50.0 to 86.9 %.",
        "Set in B as in A, accuracy goes from 87.7 to 50.0 %.",
    )


def test_what_was_decided_by_auc_is_told_by_auc():
    assert headline(result(decided_by="auc")).lines[-2:] == (
        "Set in B as in A, AUC goes from 0.610 to 0.930.",
        "Set in A as in B, AUC goes from 0.940 to 0.600.",
    )
    alone = result(decided_by="auc", candidates=[SHUFFLE], measured=[
        {"from_b": [], "value": 0.9, "interval": None, "auc": 0.9858},
        {"from_b": [SHUFFLE], "value": 0.89, "interval": None, "auc": 0.9774},
    ])  # fmt: skip
    assert headline(alone).lines[-1] == "It is the only difference: A reaches AUC 0.986, B AUC 0.977."


def test_two_settings_that_are_all_there_is_are_not_called_one_difference():
    both = [SHUFFLE, "data.augmentation"]
    ends = [{"from_b": [], "value": 0.9, "interval": None}, {"from_b": both, "value": 0.5, "interval": None}]
    told = headline(result(factors=both, candidates=both, measured=ends)).lines[-1]
    assert told == "They are the only differences: A reaches 90.0 %, B 50.0 %."


def test_a_result_of_an_older_version_is_told_by_its_tests():
    old = result(tests=[
        {"factor": SHUFFLE, "direction": "sufficient", "base": "a", "value": 0.5},
        {"factor": SHUFFLE, "direction": "necessary", "base": "b", "value": 0.86875},
    ])  # fmt: skip
    del old["measured"], old["values"], old["why"]
    assert headline(old).lines == (
        "With batches of one class, the head follows one class after the other; the last batches dominate.",
        "Set in B as in A, accuracy goes from 50.0 to 86.9 %.",
        "Set in A as in B, accuracy goes from 87.8 to 50.0 %.",
    )


def test_several_causes_none_and_what_was_not_measured():
    both = result(verdict="joint", factors=[SHUFFLE, "data.augmentation"])
    assert headline(both).title == "“Shuffle” and “Augmentation” are the cause together."
    either = [SHUFFLE, "data.augmentation"]
    assert headline(result(verdict="interaction", factors=either)).title == (
        "“Shuffle” and “Augmentation” are the cause; the effect of one depends on the other."
    )
    three = headline(result(verdict="interaction", factors=[*either, "data.seed"])).title
    assert three.endswith(" are the cause; the effect of one depends on the others.")
    assert headline(result(verdict="no-difference", factors=[])).title == "No setting makes a difference that matters."
    assert headline(result(verdict="inconclusive", factors=[])).title == "Not decided yet."
    assert headline(result(measured=[])).lines == (
        "run A has samples, run B has none.", "Batches of one class pull the head."
    )  # fmt: skip
    assert headline(result(factors=["a.setting_of_tomorrow"])).title == "a.setting_of_tomorrow is the cause."
