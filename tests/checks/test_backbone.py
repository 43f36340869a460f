"""What features of a network add: parts that nothing measured tells apart, and what heads reach beside a mark."""

from typing import Any

import numpy as np
import pytest

from core.checks.backbone import Seen, seen_findings
from core.checks.class_marks import found_mark
from core.checks.coverage import FEATURE_IDS, coverage, in_words, with_features
from core.checks.finding import Finding
from core.checks.preflight import CHECK_IDS, merged
from core.checks.sample import Sample
from tests.checks.planted import tagged
from tests.checks.test_parts_and_classes import sample_of


def seen(sample: Sample, *, shift: float = 0.0, agrees: float = 1.0) -> Seen:
    """Features of which a few columns tell the class, and with a shift others the part; answers by the label."""
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 1, (len(sample.files), 400)).astype("f4")
    rows[:, :5] += 2 * sample.labels[:, None]
    rows[:, 20:40] += shift * sample.held_out[:, None]
    said = np.where(rng.random(len(rows)) < agrees, sample.labels, rng.integers(0, 2, len(rows)))
    answers = np.stack([1.0 - said, said], axis=1) * 0.9 + 0.05
    names = [file.sha256 for file in sample.files]
    return Seen("Net", dict(zip(names, rows, strict=True)), dict(zip(names, answers, strict=True)))


@pytest.fixture
def asked(make_context: Any) -> Any:
    def ask(sample: Sample, what: Seen) -> dict[str, Finding]:
        context = make_context()
        context.__dict__["sample"] = sample
        return {one.id: one for one in seen_findings(context, what)}

    return ask


def test_parts_that_only_the_network_tells_apart_are_named_and_alike_ones_are_not(asked: Any) -> None:
    sample = sample_of()
    assert asked(sample, seen(sample)) == {}
    found = asked(sample, seen(sample, shift=1.5))["parts-differ"]
    assert found.severity == "warning" and found.evidence["by"] == "features of the backbone"
    assert (
        found.evidence["auc"] > 0.9 and found.evidence["network"] == "Net" and "Net distinguishes them" in found.claim
    )
    assert [path.split("/")[0] for path in found.evidence["files"][:4]] == ["train", "train", "val", "val"]


def test_a_mark_stands_beside_what_heads_reach_and_is_a_word_only_where_they_do_not_see_it(asked: Any) -> None:
    sample = sample_of(tagged(share=0.7), lambda label, val: label == 1)
    found = asked(sample, seen(sample))["class-told-by-mark"]
    assert found.severity == "info" and found.evidence["backbone_right"] == 1.0
    assert "Heads on features of Net reach 100 % (AUC 1.00); of the" in found.claim
    assert found.claim.endswith("correctly, of the others 100 %, so they do not depend on it.")
    mark = found_mark(sample)
    assert mark is not None
    follows = np.stack([1.0 - mark.shows, mark.shows], axis=1) * 0.9 + 0.05
    said = seen(sample)._replace(answers=dict(zip([file.sha256 for file in sample.files], follows, strict=True)))
    led = asked(sample, said)["class-told-by-mark"]
    assert led.severity == "warning" and "images in which it indicates another class than the label, they" in led.claim
    blind = asked(sample, seen(sample, agrees=0.0))["class-told-by-mark"]
    assert blind.severity == "info" and blind.claim.endswith("so these features hardly show it.")


def test_one_cause_is_one_finding_also_when_features_are_asked_later() -> None:
    darker = Finding("train-val-preprocess-mismatch", "warning", "Darker.")
    parts = Finding("parts-differ", "info", "By brightness.", {"by": "noise", "also_by": ["brightness"]})
    (first,) = merged([darker, parts], [])
    assert (first.id, first.severity, first.told_symptoms()) == ("parts-differ", "warning", ["Darker."])
    (again,) = merged([first], [Finding("parts-differ", "warning", "By features.", {"by": "brightness"})])
    assert again.claim == "By features." and again.told_symptoms() == ["Darker."]
    assert len(merged([darker, Finding("parts-differ", "info", "x", {"by": "noise", "also_by": []})], [])) == 2


def test_what_was_not_checked_is_named_with_the_reason(make_context: Any) -> None:
    made = coverage(make_context(), CHECK_IDS)
    left = {one["id"]: one["why"] for one in made["not_run"]}
    assert {*FEATURE_IDS, "parts-differ"} == left.keys() and "check --features" in left["val-labels-look-wrong"]
    assert not {*left} & {*made["run"]} and len(made["run"]) == len(CHECK_IDS) - 1
    after = with_features(made, {"val-labels-look-wrong": "neither part has 60 images"})
    assert after["features"] and "train-labels-look-wrong" in after["run"]
    assert "val-labels-look-wrong (neither part has 60 images)" in in_words(after)
