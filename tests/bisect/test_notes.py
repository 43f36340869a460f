"""What is told beside a verdict: a run that did not come to its end, images that differ, what differs in datasets."""

from collections.abc import Sequence
from typing import Any

from core import files
from core.bisect.ends import DATASET
from core.bisect.factors import find_factors
from core.bisect.notes import note_of, same_images
from core.bisect.orient import seen_from
from core.bisect.reasons import reasons_between
from core.bisect.result import Facts
from core.config import make_config
from core.store.runs import Run, RunStore, Status

QUIET = {"training.early_stopping": 0, "training.epochs": 40}
IMAGES = [("t1", "a"), ("t2", "b"), ("t3", "a"), ("t4", "b")]


def a_run(
    settings: dict[str, Any] | None = None,
    *,
    status: str = "finished",
    val: Sequence[tuple[str, str]] = (("v1", "a"), ("v2", "b")),
    train: Sequence[tuple[str, str]] = IMAGES,
    dataset: str = "/data/x",
    epochs: int = 2,
) -> Run:
    """A run as a training leaves it, of images given by content and class."""
    run = RunStore().create(make_config(dataset, {**QUIET, **(settings or {})}, name=f"a run that {status}"))
    parts = {
        name: [{"path": f"{label}/{sha}.png", "label": label, "split": "", "sha256": sha} for sha, label in listed]
        for name, listed in (("train", train), ("val", val))
    }
    files.write_json(run.path / "manifest.json", {"root": dataset, "classes": ["a", "b"], **parts})
    for epoch in range(1, epochs + 1):
        run.add_event("epoch", epoch=epoch, val_accuracy=0.5)
    run.write_status(Status(status=status))
    return run


def note(a: Run, b: Run) -> str:
    return note_of((a, b), find_factors(a, b), "val")


def own(a: Run, b: Run) -> str:
    return Facts(a, b, find_factors(a, b), "val").own_sentence()


def test_a_run_that_was_stopped_is_told_as_what_the_two_differ_by() -> None:
    whole, stopped = a_run(epochs=40), a_run(status="stopped")
    said = "“a run that stopped” was stopped after 2 of 40 epochs, which is no setting"
    assert said in own(whole, stopped) and said in own(stopped, whole)
    assert (note(whole, stopped), own(whole, a_run(epochs=3))) == ("", ""), "a training may end early by its settings"


def test_beside_a_setting_it_is_a_note_that_turns_with_the_runs() -> None:
    whole, failed = a_run(epochs=40), a_run({"data.batch_size": 4}, status="failed")
    assert note(whole, failed).startswith("Run B failed after 2 of 40 epochs, which is no setting")
    turned = {"runs": ["one", "two"], "titles": ["", ""], "good": "", "candidates": [], "noise": {"a": [], "b": []},
              "tests": [], "arms": [], "measured": [], "values": {}, "auc": {"a": [], "b": []},
              "note": note(whole, failed)}  # fmt: skip
    result: Any = turned
    assert seen_from(result, "two")["note"].startswith("Run A failed after 2 of 40 epochs")
    assert note(whole, a_run({"data.batch_size": 4}, epochs=40)) == ""


def test_two_draws_of_validation_images_are_not_these_images() -> None:
    first = a_run()
    other = a_run({"data.seed": 9}, val=[("v2", "b"), ("t1", "a")], train=[("v1", "a"), *IMAGES[1:]])
    factors = find_factors(first, other)
    assert factors.keys == ("data.seed",)
    assert not same_images(factors.a, factors.b, "val")
    said = note(first, other)
    assert said.startswith("The two runs are evaluated on different images (2 and 2, 1 in both)")
    assert "does not cover that" in said
    alike = find_factors(first, a_run({"data.batch_size": 4}))
    assert same_images(alike.a, alike.b, "val")


def test_of_two_datasets_it_is_said_what_differs() -> None:
    first = a_run()

    def reason(**other: Any) -> str:
        factors = find_factors(first, a_run(dataset="/data/y", **other))
        assert factors.keys == (DATASET,)
        return reasons_between(factors.keys, factors.a, factors.b)[DATASET]

    assert reason(train=[("t1", "b"), ("t2", "a"), *IMAGES[2:]]).startswith(
        "The same images, but 2 for training in another class"
    )
    assert "1 for training and 1 for validation in" in reason(
        train=[("t1", "b"), *IMAGES[1:]], val=[("v1", "a"), ("v2", "a")]
    )
    assert reason(train=IMAGES[::-1]).startswith("The same images and labels in another order")
    assert reason(train=[("new", "a"), *IMAGES[1:]]).startswith("Different images, labels or order change")
    assert reason(train=[("", "a"), *IMAGES[1:]]).startswith("Different images, labels or order change")
