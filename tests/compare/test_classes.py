"""Classes of two runs: one that is never predicted, recalls that accuracy hides, runs that have learned nothing."""

from collections.abc import Sequence

import numpy as np

from core import files
from core.compare.classes import ClassesCompared, compare_classes
from core.compare.paired import pair
from core.config import make_config
from core.store.predictions import write_predictions
from core.store.runs import Run, RunStore


def make_run(labels: str, predicted: str, first: Sequence[float] | None = None, patients: int = 0) -> Run:
    """A run on images of one letter each; `first` are the probabilities of the first class."""
    run, classes = RunStore().create(make_config("sample", {})), sorted(set(labels))
    paths = [f"{label}/{f'person{k % patients}_' if patients else ''}{k:04}.png" for k, label in enumerate(labels)]
    val = [{"path": path, "sha256": path, "label": label} for path, label in zip(paths, labels, strict=True)]
    files.write_json(run.path / "manifest.json", {"root": "x", "classes": classes, "val": val})
    rows = []
    for k, (path, label, said) in enumerate(zip(paths, labels, predicted, strict=True)):
        sure = {name: 0.9 if name == said else 0.1 / (len(classes) - 1) for name in classes}
        if first is not None:
            sure = dict(zip(classes, (first[k], 1 - first[k]), strict=True))
        rows.append(["val", path, label, said, *(f"{p:.6f}" for p in sure.values())])
    write_predictions(run.path / "predictions.csv", classes, rows)
    return run


def compared(a: Run, b: Run) -> ClassesCompared:
    return compare_classes(a, b, pair(a, b))


def test_a_class_that_one_run_never_predicts_is_named_with_recall() -> None:
    labels = "ab" * 20
    found = compared(make_run(labels, "ab" * 18 + "aabb"), make_run(labels, "b" * 40))
    assert found["never_predicted"] == {"a": [], "b": ["a"]}
    assert found["recall"] == {"a": [0.95, 0.0], "b": [0.95, 1.0]}
    assert found["sentences"] == ["B never predicts “a”: its recall is 0.0 %, where A has 95.0 %."]
    found = compared(make_run("abc" * 9, "aba" * 9), make_run("abc" * 9, "abb" * 9))
    assert found["sentences"][0] == "Neither run ever predicts “c”: recall 0.0 % in both."
    right = make_run(labels, labels)
    assert compared(right, make_run(labels, "ab" * 18 + "aabb"))["sentences"] == []
    other = make_run("cd" * 20, "c" * 40)
    assert compared(right, other)["sentences"] == ["B never predicts “d”: its recall is 0.0 %."], "without a pair"


def test_many_classes_that_are_never_predicted_are_counted() -> None:
    labels = "abcdefghij" * 4
    *named, more = compared(make_run(labels, labels), make_run(labels, "a" * 40))["sentences"]
    assert [one[:21] for one in named] == [f"B never predicts “{name}”:" for name in "bcdef"]
    assert more == "B never predicts 4 other classes either."
    seven = "abcdefg" * 4
    assert compared(make_run(seven, seven), make_run(seven, "a" * 28))["sentences"][5] == (
        "B never predicts 1 other class either."
    )


def test_recalls_that_accuracy_hides_are_said() -> None:
    """Both are right on 80 of 100: one misses 20 of a, the other 20 of b."""
    labels = "a" * 50 + "b" * 50
    one, other = "b" * 20 + "a" * 30 + "b" * 50, "a" * 50 + "a" * 20 + "b" * 30
    assert compared(make_run(labels, one), make_run(labels, other))["sentences"] == [
        "Recall differs by more than chance, which accuracy does not show: “a” 60.0 % in A and 100.0 % in B; “b” "
        "100.0 % in A and 60.0 % in B."
    ]
    worse = "b" * 20 + "a" * 30 + "a" * 20 + "b" * 30
    assert compared(make_run(labels, labels), make_run(labels, worse))["sentences"] == [], "accuracy shows it"


def test_recalls_of_few_patients_are_not_called_more_than_chance() -> None:
    labels = "a" * 50 + "b" * 50
    one, other = "b" * 20 + "a" * 30 + "b" * 50, "a" * 50 + "a" * 20 + "b" * 30
    runs = [make_run(labels, said, patients=4) for said in (one, other)]
    assert compared(*runs)["sentences"] == []


def test_two_runs_at_chance_are_said_to_have_learned_nothing() -> None:
    rng = np.random.default_rng(1)
    labels = "ab" * 100
    runs = []
    for _ in range(2):
        first = rng.uniform(0.3, 0.7, 200)
        runs.append(make_run(labels, "".join("a" if p > 0.5 else "b" for p in first), first.tolist()))
    (said,) = compared(*runs)["sentences"]
    assert said.startswith(
        "That either run has learned to tell the classes apart is not shown by these 200 images: always naming “a” is "
        "right on 50.0 %; A is right on "
    )
    assert "(AUC 0." in said
    assert compared(runs[0], make_run(labels, labels))["sentences"] == [], "one of them has"


def test_a_run_that_only_lacks_a_threshold_has_learned() -> None:
    """All 95:5 images are called a, but those of b have the lowest probabilities of a."""
    labels = "a" * 190 + "b" * 10
    first = [0.9 - k / 1000 for k in range(200)]
    found = compared(make_run(labels, "a" * 200, first), make_run(labels, "a" * 200, first))
    assert found["sentences"] == ["Neither run ever predicts “b”: recall 0.0 % in both."]
    broken = [make_run(labels, "a" * 200, [float("nan")] * 200) for _ in range(2)]
    assert compared(*broken)["sentences"][1] == (
        "That either run has learned to tell the classes apart is not shown by these 200 images: always naming “a” is "
        "right on 95.0 %; A is right on 95.0 % and B is right on 95.0 %."
    )
