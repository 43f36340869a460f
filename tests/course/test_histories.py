"""Findings on histories of real small trainings (heads on features of 400 X-rays), planted faults and healthy twins.

histories.json holds the figures of their epochs, and the findings from before them by id. How each was made: classes of
one part exchanged (valrev, trainrev; digits_swap and _shift of ten classes), a mark that goes with the other class on
validation (tagrev), labels drawn anew (noise30, noise100), features moved on validation (shiftval), settings.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checks.finding import Finding
from core.config import make_config
from core.course.causes import explained
from core.course.contradictions import exchanged_classes
from core.course.during import CHECKS
from core.course.recorded import Order
from core.course.training_record import TrainingRecord
from core.store.trace_record import Hashes, TracedEpoch

HISTORIES = Path(__file__).parent / "histories.json"

HEALTHY = (
    "h_recommended", "h_hidden", "h_sgd", "h_smooth", "h_digits", "h_tiny", "h_noisytrain", "h_imbmild", "h_drop5",
    "h_hard20_7", "imb",
)  # fmt: skip
"""Nothing at all is said of them: one is of labels drawn by lot, too few to tell."""

PLANTED: dict[str, dict[str, list[str]]] = {
    "valrev": {"answers-reversed": ["overfitting"]},
    "trainrev": {"answers-reversed": ["overfitting"]},
    "tagrev": {"answers-reversed": ["overfitting"]},
    "digits_swap": {"answers-reversed": ["overfitting"]},
    "digits_shift": {"answers-reversed": ["validation-at-chance", "overfitting"]},
    "drop95_hidden": {"dropout-too-strong": ["validation-far-better"]},
    "sgd1": {"lr-out-of-range": ["loss-leapt"]},
    "sgd1_hidden": {"lr-out-of-range": ["constant-predictor", "dead-relu-head", "loss-near-ln-k", "nothing-learnt"]},
    "sgd1e-4": {"lr-out-of-range": ["still-falling"]},
    "adam.03": {},
    "adam.1": {},
    "adam1": {"lr-out-of-range": ["loss-leapt"]},
    "adam1_hidden": {"lr-out-of-range": ["dead-relu-head"]},
    "noise30": {"validation-far-better": []},
    "noise30_over": {"overfitting": []},
    "h_hard60_3": {"no-better-than-chance": []},  # labels drawn by lot
    "noise100_over": {"validation-at-chance": ["overfitting"]},
    "shiftval": {"one-class-on-validation": ["validation-at-chance"]},
    "shiftval2": {"majority-accuracy-high-auc": ["one-class-on-validation"]},
    "scaled": {"still-falling": []},
    "overfit": {},
}
"""What leads, with its symptoms."""


@cache
def histories() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads(HISTORIES.read_text(encoding="utf-8"))
    return read


def record_of(name: str) -> TrainingRecord:
    """A training as the checks read it."""
    kept = histories()[name]
    classes: list[str] = kept["classes"]
    rows = [dict(zip(kept["columns"], row, strict=True)) for row in kept["epochs"]]
    # They were recorded when a run had 20 epochs unless told.
    config = make_config("sample", {"training.epochs": 20, **kept["settings"]})
    known = {one["id"]: Finding(one["id"], one["severity"], "Known.", one["evidence"]) for one in kept["known"]}
    if (rate := rate_finding(config, sum(kept["train"]))) is not None:
        known[rate.id] = rate
    else:
        known.pop("lr-out-of-range", None)
    labels, train_labels = ([c for c, n in zip(classes, kept[part], strict=True) for _ in range(n)]
                            for part in ("val", "train"))  # fmt: skip
    epochs = [
        TracedEpoch.model_validate(
            {
                **{name: value for name, value in row.items() if name != "auc"},
                "phase": "training", "draw": 0, "order": "o", "batch_orders": [], "mix": [], "losses": [kept["first"]],
                "gradient_norms": [1.0], "best_threshold_accuracy": None,
                "confusion": kept["confusion"] if row is rows[-1] else [],
            }
        )
        for row in rows
    ]  # fmt: skip
    return TrainingRecord(
        config=config, epochs=epochs, hashes=Hashes(base="w", base_after="w"), samples=[],
        order=Order(13, 0, 0.0, 0, len(classes)), classes=classes, labels=labels, train_labels=train_labels,
        train_aucs={row["epoch"]: row["auc"] for row in rows}, known=known,
    )  # fmt: skip


def rate_finding(config: Any, count: int) -> Finding | None:
    """What the check of the learning rate says today."""
    from core.checks.learning_rate import out_of_range

    return out_of_range(config, count)


def found(name: str) -> dict[str, list[str]]:
    record = record_of(name)
    told = explained(record, [finding for check in CHECKS if (finding := check(record)) is not None])
    return {finding.id: [symptom["id"] for symptom in finding.symptoms] for finding in told}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_a_healthy_history(name: str) -> None:
    assert found(name) == {}


@pytest.mark.parametrize("name", PLANTED)
def test_one_cause_leads_and_has_its_symptoms_below_it(name: str) -> None:
    assert found(name) == PLANTED[name]


def test_reversed_answers_are_told_with_what_chance_gives_and_never_as_a_cause() -> None:
    record = record_of("valrev")
    told = explained(record, [finding for check in CHECKS if (finding := check(record)) is not None])[0]
    assert told.severity == "error"
    assert told.claim.startswith("Validation AUC is 0.008 in epoch 6, where random predictions give 0.41 to 0.59")
    assert "with the two classes swapped there, AUC would be 0.992" in told.claim
    swap = record_of("digits_swap")
    claim = explained(swap, [finding for check in CHECKS if (finding := check(swap)) is not None])[0].claim
    assert "2 classes are predicted as each other (d3 as d8, d8 as d3)" in claim


def test_a_class_that_swallows_another_is_not_exchanged_with_it() -> None:
    assert exchanged_classes(np.array([[2, 18, 0], [0, 20, 0], [1, 0, 19]])) == []
    assert exchanged_classes(np.array([[2, 18, 0], [17, 3, 0], [1, 0, 19]])) == [[0, 1]]
    assert exchanged_classes(np.array([[1, 3], [3, 1]])) == []  # of eight images that is chance


def test_the_docs_name_every_check_of_a_training() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    ids = {check.__name__.replace("_", "-") for check in CHECKS} - {"statistics-moved"} | {"bn-statistics-moved"}
    assert [one for one in sorted(ids) if f"`{one}`" not in docs] == []
