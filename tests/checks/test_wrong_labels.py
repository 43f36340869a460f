"""The finding on wrong labels: its severity by the interval, and where it says nothing."""

import numpy as np
import pytest

from core.checks.wrong_labels import labels_look_wrong
from core.stats.label_noise import WrongShare, wrong_shares

FOUND = WrongShare(0.09, 0.05, 0.13, 12.0, 0.85, 400)


def test_the_share_is_told_with_its_interval_and_the_way_to_the_list():
    finding = labels_look_wrong("train", FOUND, 2, ["a.png", "b.png"])
    assert finding is not None and (finding.id, finding.severity) == ("train-labels-look-wrong", "warning")
    assert finding.claim.startswith("About 9.0 % of the training labels look wrong (95 % CI 5.0 % to 13 %)")
    assert "python -m core labels" in finding.remedy
    assert finding.evidence["files"] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"low": 0.02}, "info"),
        ({"low": 0.0, "evidence": 2.0}, None),
        ({"share": 0.32, "low": 0.2, "evidence": 2.0}, "info"),  # much, and nothing wrong is unlikely
        ({"agreement": 0.58}, None),  # a classifier that cannot say
        ({"labels": 40}, None),
        ({"share": 0.5, "high": 0.5}, None),  # exchanged classes
    ],
    ids=str,
)
def test_it_is_an_info_or_silent_where_it_cannot_be_sure(change, severity):
    finding = labels_look_wrong("val", FOUND._replace(**change), 2, [])
    assert (finding.severity if finding else None) == severity


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.8, 0.1, 0.1), (0.7, 0.3)])
def test_a_classifier_that_knows_only_which_class_is_frequent_accuses_no_label(shares: tuple[float, ...]) -> None:
    rng, classes, told = np.random.default_rng(0), len(shares), 0
    for _ in range(5):
        labels = rng.choice(classes, 1000, p=shares)
        logits = np.log(shares) + rng.normal(0, 0.5, (1000, classes))
        answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        (found,) = wrong_shares(labels, answers, np.zeros(1000, np.int64))
        told += labels_look_wrong("train", found, classes, ["a.png"]) is not None
    assert told == 0
