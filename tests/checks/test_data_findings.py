"""What the scan of a dataset shows, and that a healthy one shows nothing."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from core.checks.data import data_findings
from core.checks.finding import SEVERITIES, Finding
from core.data.dataset_index import DatasetIndex, ImageFile, Unreadable

FILES = tuple(
    ImageFile(f"{split}/{label}/{n}.png", label, split, f"{split}{label}{n}", 9, 8, 6, "RGB", "PNG", 1)
    for split in ("train", "val")
    for label in ("a", "b")
    for n in range(3)
)
HEALTHY = DatasetIndex(Path("/data"), "splits", ("a", "b"), FILES)
SICK = dataclasses.replace(
    HEALTHY,
    test_as_validation=True,
    unreadable=tuple(Unreadable(f"train/a/bad{n}.png", "a", "train", f"bad{n}.png is empty.") for n in range(25)),
    skipped=(("train/a/notes.txt", "is not an image by its extension"),),
)


def only(**changes: Any) -> Finding:
    findings = data_findings(dataclasses.replace(HEALTHY, **changes))
    assert len(findings) == 1
    return findings[0]


def test_a_healthy_data_set_has_no_findings() -> None:
    assert data_findings(HEALTHY) == []


def test_an_empty_index_does_not_fail() -> None:
    assert data_findings(DatasetIndex(Path("/data"), "classes", (), ())) == []


def test_test_images_that_validate_are_a_warning() -> None:
    finding = only(test_as_validation=True)
    assert (finding.id, finding.severity) == ("test-as-validation", "warning")
    assert finding.evidence == {"pictures": 6}
    assert finding.claim == (
        "There is no val folder, so the test images are used for validation and no untouched test set is left."
    )


def test_unreadable_files_are_counted_and_the_first_are_named() -> None:
    finding = only(unreadable=SICK.unreadable)
    assert (finding.id, finding.severity) == ("corrupt-image", "warning")
    assert finding.claim == "Image files left out: 25 damaged or empty. bad0.png is empty."
    assert finding.evidence == {
        "kinds": {"damaged or empty": 25},
        "files": [f"train/a/bad{n}.png" for n in range(20)],
    }


def test_files_of_other_kinds_are_worth_knowing() -> None:
    finding = only(skipped=SICK.skipped)
    assert (finding.id, finding.severity) == ("skipped-files", "info")
    assert finding.evidence == {"files": ["train/a/notes.txt"]}


def test_every_finding_is_whole_and_goes_into_json() -> None:
    findings = data_findings(SICK)
    assert len({finding.id for finding in findings}) == 3
    for finding in findings:
        assert finding.severity in SEVERITIES
        assert finding.claim.endswith(".")
        assert finding.remedy.endswith(".")
        record = json.loads(json.dumps(finding.to_dict()))
        assert list(record)[:5] == ["id", "severity", "claim", "evidence", "remedy"]
        assert Finding(**record) == finding


def test_classes_named_like_parts_are_told_one_as_a_hint_and_two_as_a_warning() -> None:
    one, two = only(classes=("a", "b", "train")), only(classes=("Testing", "Training"))
    assert (one.id, one.severity, one.evidence) == ("part-named-class", "info", {"classes": ["train"]})
    assert (two.severity, two.evidence) == ("warning", {"classes": ["Testing", "Training"]})
    assert two.claim == "The classes Testing, Training are named like a part of a dataset."


def test_a_class_in_one_part_only_is_told() -> None:
    extra = tuple(dataclasses.replace(f, path=f"{f.split}/c/{n}.png", label="c") for n, f in enumerate(FILES[-2:]))
    held_out = only(classes=("a", "b", "c"), files=FILES + extra)
    assert (held_out.id, held_out.severity) == ("class-in-one-part", "warning")
    assert held_out.claim == "Of the classes, c is held out but never trained on."
    trained = only(files=tuple(f for f in FILES if (f.split, f.label) != ("val", "b")))
    assert trained.claim == "Of the classes, b is in the training part only."


def test_folders_that_are_not_used_are_named() -> None:
    finding = only(left_out=(("test1", "it has no class folders"),))
    assert (finding.id, finding.severity) == ("folders-left-out", "info")
    assert finding.claim == "Not used: folder test1."
