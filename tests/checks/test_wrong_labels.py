"""The finding on wrong labels: its severity by the interval, and where it says nothing."""

import pytest

from core.checks.wrong_labels import labels_look_wrong
from core.stats.label_noise import WrongShare

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
