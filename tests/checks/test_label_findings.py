"""Classes and labels."""

import dataclasses

import pytest

from core.checks import labels
from core.checks.preflight import merged
from tests.told import told


def counts(train, val):
    return {"train": train, "val": val}


def test_class_absent_from_validation_shifts_the_others(make_context):
    context = make_context(counts=counts({"a": 40, "b": 40, "c": 40}, {"a": 50, "b": 0, "c": 50}))
    finding = told(labels.class_index_mismatch(context))
    assert finding.severity == "warning"
    assert finding.claim == (
        "No validation image is of the class b; numbered separately, that folder would shift the indices of c."
    )
    assert finding.evidence == {"absent": ["b"], "train_and_val_number": {"c": [2, 1]}}


def test_last_class_absent_shifts_nothing(make_context):
    context = make_context(counts=counts({"a": 40, "b": 40, "c": 40}, {"a": 50, "b": 50, "c": 0}))
    assert told(labels.class_index_mismatch(context)).claim == "No validation image is of the class c."


def test_helper_folder_as_a_class_is_named(make_context):
    context = make_context(counts=counts({"cat": 40, "checkpoints": 3, "dog": 40}, {"cat": 50, "dog": 50}))
    finding = told(labels.hidden_dir_as_class(context))
    assert finding.severity == "warning"
    assert finding.evidence["pictures"] == {"checkpoints": 3}


def test_hidden_folder_beside_the_classes_is_worth_knowing(make_context, tmp_path):
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "val").mkdir()
    finding = told(labels.hidden_dir_as_class(make_context(dataset=str(tmp_path))))
    assert finding.severity == "info"
    assert finding.evidence == {"folders": ["train/.ipynb_checkpoints"]}
    assert "left out: train/.ipynb_checkpoints. Keras' ImageDataGenerator treats" in finding.claim
    (tmp_path / "train" / ".ipynb_checkpoints").rmdir()
    assert labels.hidden_dir_as_class(make_context(dataset=str(tmp_path))) is None


def test_numbers_sorted_as_text_are_told(make_context):
    three = {"class1": 40, "class10": 40, "class2": 40}
    finding = told(labels.lexicographic_class_order(make_context(counts=counts(three, three))))
    assert finding.severity == "info"
    assert "class10 has index 1; in numerical order it would have 2." in finding.claim


@pytest.mark.parametrize("names", [("class01", "class02", "class10"), ("1", "2", "3"), ("b2", "c1"), ("cat", "dog")])
def test_numbers_in_their_order_are_not_told(make_context, names):
    these = dict.fromkeys(names, 40)
    assert labels.lexicographic_class_order(make_context(counts=counts(these, these))) is None


@pytest.mark.parametrize(
    ("names", "inverted"),
    [
        (("abnormal", "normal"), True),
        (("COVID", "Healthy"), True),
        (("NORMAL", "PNEUMONIA"), False),
        (("negative", "positive"), False),
    ],
)
def test_class_without_a_finding_as_second_is_told(make_context, names, inverted):
    these = dict.fromkeys(names, 60)
    finding = labels.positive_class_inverted(make_context(counts=counts(these, these)))
    assert (finding is not None) == inverted
    if finding:
        assert finding.evidence == {"numbers": {names[0]: 0, names[1]: 1}}
        assert finding.change == {"data.positive_class": names[0]}
        assert labels.positive_class_inverted(make_context(finding.change, counts=counts(these, these))) is None


def test_majority_share_is_the_baseline(make_context):
    these = counts({"cat": 100, "dog": 270}, {"cat": 27, "dog": 73})
    finding = told(labels.class_imbalance_baseline(make_context(counts=these)))
    assert finding.severity == "warning"
    assert finding.claim == (
        "73 % of the validation images are dog: an accuracy of 0.730 is what always predicting it reaches."
    )
    assert finding.change == {"training.class_weight": "balanced"}
    weighted = told(labels.class_imbalance_baseline(make_context({"training.class_weight": "balanced"}, counts=these)))
    assert (weighted.severity, weighted.change) == ("info", {})


@pytest.mark.parametrize("val", [{"a": 59, "b": 41}, {"a": 6, "b": 3}, {"a": 49, "b": 26, "c": 25}, {"a": 9}])
def test_share_that_is_small_or_may_be_chance_is_no_imbalance(make_context, val):
    assert labels.class_imbalance_baseline(make_context(counts=counts(val, val))) is None


def test_many_classes_need_a_smaller_share_to_be_unbalanced(make_context):
    val = {"a": 60, **dict.fromkeys("bcdefghij", 10)}
    assert (
        "40 % of the validation images are a"
        in told(labels.class_imbalance_baseline(make_context(counts=counts(val, val)))).claim
    )


def test_weights_where_classes_are_equal_change_nothing(make_context):
    finding = told(labels.class_weight_mismatch(make_context({"training.class_weight": "balanced"})))
    assert (finding.severity, finding.change) == ("info", {"training.class_weight": "none"})
    assert "the largest class is only 1.00 times the smallest" in finding.claim


def test_rare_class_without_weights_is_told(make_context):
    these = counts({"cat": 20, "dog": 300}, {"cat": 50, "dog": 50})
    finding = told(labels.class_weight_mismatch(make_context(counts=these)))
    assert (finding.severity, finding.change) == ("warning", {"training.class_weight": "balanced"})
    assert finding.claim == (
        "The rarest class has 20 training images, the largest 15 times as many, and all images have the same weight "
        "in the loss."
    )
    assert labels.class_weight_mismatch(make_context({"training.class_weight": "balanced"}, counts=these)) is None


def test_a_class_that_hardly_counts_in_the_focal_loss_is_told(make_context):
    focal = {"training.focal_gamma": 2.0}
    none = told(labels.class_weight_mismatch(make_context({**focal, "training.focal_alpha": 1.0})))
    assert (none.severity, none.change) == ("error", {"training.focal_alpha": 0.5})
    assert none.claim == (
        "In the focal loss training.focal_alpha=1, the weight of dog, gives cat no weight at all, so nothing keeps the "
        "model from calling every image dog."
    )
    these = counts({"cat": 300, "dog": 30}, {"cat": 50, "dog": 50})
    upside_down = told(labels.class_weight_mismatch(make_context({**focal, "training.focal_alpha": 0.1}, counts=these)))
    assert (upside_down.severity, upside_down.change) == ("warning", {"training.focal_alpha": 0.91})
    assert "gives dog so little weight that all its training images count 1/90 of those of cat." in upside_down.claim


@pytest.mark.parametrize(
    "settings",
    [
        {"training.focal_gamma": 2.0, "training.focal_alpha": 0.9},  # makes up for what is rare
        {"training.focal_gamma": 2.0, "training.focal_alpha": 0.5, "training.class_weight": "balanced"},
    ],
)
def test_an_alpha_that_makes_up_for_a_rare_class_is_fine(make_context, settings):
    these = counts({"cat": 300, "dog": 30}, {"cat": 50, "dog": 50})
    assert labels.class_weight_mismatch(make_context(settings, counts=these)) is None
    small = make_context({"training.focal_gamma": 2.0, "training.focal_alpha": 0.25})
    assert labels.class_weight_mismatch(small) is None, "as Keras has it"


def test_balanced_sampling_compensates_for_a_rare_class_as_weights_do(make_context):
    these = counts({"cat": 20, "dog": 300}, {"cat": 20, "dog": 300})
    sampled = {"data.sampling": "balanced"}
    assert labels.class_weight_mismatch(make_context(sampled, counts=these)) is None
    baseline = told(labels.class_imbalance_baseline(make_context(sampled, counts=these)))
    assert (baseline.severity, baseline.change) == ("info", {})
    twice = told(
        labels.class_weight_mismatch(make_context({**sampled, "training.class_weight": "balanced"}, counts=these))
    )
    assert (twice.severity, twice.change) == ("warning", {"training.class_weight": "none"})
    assert twice.claim == (
        "Class weights and balanced sampling are both on: the rarest class, 15.0 times smaller than the largest, is "
        "compensated for twice."
    )
    equal = told(labels.class_weight_mismatch(make_context(sampled)))
    assert (equal.severity, equal.change) == ("info", {"data.sampling": "all"})


def test_one_file_in_two_classes_is_a_conflict(make_context):
    def same(file):
        twins = ("train/cat/cat000.jpg", "val/dog/dog000.jpg")
        return dataclasses.replace(file, sha256="f" * 64) if file.path in twins else file

    finding = told(labels.conflicting_labels(make_context(edit=same)))
    assert finding.severity == "warning"
    assert finding.claim == "1 image lies in more than one class."
    assert finding.evidence == {"groups": [["train/cat/cat000.jpg", "val/dog/dog000.jpg"]]}


def test_one_file_twice_in_one_class_is_no_conflict(make_context):
    def same(file):
        return dataclasses.replace(file, sha256="f" * 64) if file.label == "cat" else file

    assert labels.conflicting_labels(make_context(edit=same)) is None


def test_skipped_files_are_counted(make_context):
    finding = told(labels.skipped_files(make_context(skipped=(("train/a/notes.txt", "is not an image"),))))
    assert finding.claim == "Files left out because of their type or location: 1."


def test_a_class_of_a_few_images_beside_many_is_told_and_small_sets_are_not(make_context):
    counts = {"train": {"cat": 60, "dog": 60, "owl": 3}, "val": {"cat": 25, "dog": 25, "owl": 1}}
    found = told(labels.few_of_a_class(make_context(counts=counts)))
    assert found.claim == (
        "One class has too few images: owl (3 to train on, 1 to validate on). What is measured of it rests on single "
        "images."
    )
    weights = told(labels.class_weight_mismatch(make_context(counts=counts)))
    assert [one.id for one in merged([weights, found], [])] == ["few-of-a-class"]
    for healthy in ((16, 4), (60, 12), (9, 4)):
        small = {part: {"cat": n, "dog": n, "owl": n // 2} for part, n in zip(("train", "val"), healthy, strict=True)}
        assert labels.few_of_a_class(make_context(counts=small)) is None
