"""Findings of a training's course: each on figures that show it, none on figures that only look like it."""

from dataclasses import replace
from typing import Any

import pytest

from core import files
from core.checks.finding import Finding
from core.checks.preflight import findings_record
from core.config import make_config
from core.course.contradictions import answers_reversed
from core.course.during import run_findings, trace_findings, training_record
from core.course.recorded import recorded_order
from core.store.runs import Run, RunStore
from core.store.trace_record import TracedEpoch

ORDERED = [[10, 0]] * 20 + [[0, 10]] * 20
MIXED = [[6, 4], [4, 6]] * 20
FROZEN = {"base": "w", "statistics": "s", "head": "h", "base_after": "w", "statistics_after": "s"}
MOVED = {**FROZEN, "base_after": "w2"}
UNFROZEN = {"training.mode": "end_to_end", "training.unfreeze_from": "all", "training.learning_rate": 7e-4}


def epoch(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A healthy epoch, and what is to be different in it."""
    healthy = {
        "epoch": number, "phase": "training", "draw": 0, "mix": MIXED, "losses": [0.7 - 0.01 * number],
        "gradient_norms": [1.0], "loss": 0.6 - 0.02 * number, "accuracy": 0.8, "val_loss": 0.45 + 0.1 / number,
        "val_accuracy": 0.8, "val_auc": 0.9, "positive_share": 0.5, "predicted_class": "NORMAL",
        "predicted_share": 0.5, "prediction_std": 0.3, "best_threshold_accuracy": 0.82, "dead_units": 0.3,
        "feature_mean": 0.2, "feature_std": 0.1, "order": "o", "batch_orders": ["o"],
    }  # fmt: skip
    return {**healthy, **changes}


def record(
    epochs: list[dict[str, Any]],
    settings: dict[str, Any] | None = None,
    hashes: dict[str, Any] | None = None,
    val: tuple[int, int] = (40, 40),
) -> Run:
    """A run with that trace."""
    run = RunStore().create(
        make_config("sample", {"model.dense_units": 128, "training.epochs": 10, **(settings or {})})
    )
    labels = ["NORMAL"] * val[0] + ["PNEUMONIA"] * val[1]
    manifest = {"classes": ["NORMAL", "PNEUMONIA"], "val": [{"path": "x", "label": label} for label in labels]}
    files.write_json(run.path / "manifest.json", manifest)
    sample = {
        "epoch": 1, "draw": 0, "file": "f", "path": "x", "decoded": "d", "decoded_mean": 9.0, "pixels": "p",
        "pixels_mean": 9.0, "input": "i", "mean": 0.1, "std": 0.2, "features_std": 0.4,
    }  # fmt: skip
    record = {
        "format": 1,
        "classes": ["NORMAL", "PNEUMONIA"],
        "hashes": hashes or FROZEN,
        "environment": {},
        "data": {"train": "t", "val": "v", "labels": "l"},
        "samples": [sample],
        "epochs": epochs,
    }
    files.write_json(run.path / "trace.json", record)
    return run


def found(*args: Any, **kwargs: Any) -> dict[str, Finding]:
    return {finding.id: finding for finding in trace_findings(record(*args, **kwargs))}


def several(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [epoch(number, **changes) for number in range(1, count + 1)]


PINNED = {"val_accuracy": 0.5, "predicted_share": 1.0, "positive_share": 1.0, "predicted_class": "PNEUMONIA"}


def test_a_healthy_training_has_no_findings() -> None:
    assert found(several(10)) == {}


def test_a_run_without_a_trace_has_no_findings() -> None:
    assert trace_findings(RunStore().create(make_config("sample", {}))) == []


def test_chance_accuracy_with_a_high_auc_and_class_order_is_the_fingerprint_of_class_order() -> None:
    findings = found(several(3, **PINNED, val_auc=0.96, prediction_std=0.02, mix=ORDERED, best_threshold_accuracy=0.9))
    assert list(findings) == ["majority-accuracy-high-auc"]
    finding = findings["majority-accuracy-high-auc"]
    assert finding.severity == "error" and finding.change == {"data.shuffle": "samples"}
    assert finding.claim == (
        "In epoch 3 100 % of the validation images are predicted as “PNEUMONIA”, so accuracy is 0.500, its share; "
        "but AUC is 0.960, and another threshold would give accuracy 0.900. The model separates the classes, but "
        "not at this threshold. This is consistent with class-ordered batches, and the recorded order is class by "
        "class: 40 of 40 batches hold a single class, expected under shuffling: 0.1."
    )
    assert finding.evidence["single_class_batches"] == 40


def test_the_same_figures_with_mixed_batches_do_not_blame_the_order() -> None:
    finding = found(several(3, **PINNED, val_auc=0.96, prediction_std=0.02))["majority-accuracy-high-auc"]
    assert finding.change == {}
    assert "but here the classes are mixed (0 of 40 batches hold a single class" in finding.claim


def test_one_epoch_that_calls_all_one_class_is_no_finding_yet() -> None:
    assert found([epoch(1), epoch(2, **PINNED, val_auc=0.96)]) == {}


def test_a_pinned_run_with_a_low_auc_is_never_said_to_have_learnt() -> None:
    pinned = several(4, **PINNED, val_auc=0.5, prediction_std=1e-8, dead_units=1.0, mix=ORDERED, val_loss=5.0)
    findings = found(pinned)
    assert list(findings) == ["constant-predictor"]
    below = findings["constant-predictor"].symptoms
    assert [symptom["id"] for symptom in below] == ["dead-relu-head"]
    assert not any("learnt" in finding.claim for finding in findings.values())
    assert findings["constant-predictor"].claim == (
        "After epoch 4 all 80 validation images get the same prediction, “PNEUMONIA”, with the same probability: "
        "its standard deviation is 1e-08. The recorded order is class by class (40 of 40 batches hold a single "
        "class, expected under shuffling: 0.1); this is consistent with it."
    )
    assert below[0]["claim"].startswith("After epoch 4 all 128 hidden ReLU units of the head are dead")
    assert findings["constant-predictor"].change == {"data.shuffle": "samples"}


def test_a_dead_head_with_mixed_batches_and_an_unchanged_base_is_consistent_with_the_rate() -> None:
    finding = found(
        several(3, **PINNED, val_auc=0.5, prediction_std=0.0, dead_units=1.0), {"training.learning_rate": 0.7}
    )
    assert "The backbone is unchanged, the classes are mixed" in finding["constant-predictor"].claim
    assert finding["constant-predictor"].remedy == "Try a lower learning rate than 0.7."


def test_an_unfrozen_base_whose_features_collapse_is_told_from_class_order() -> None:
    epochs = several(3, **PINNED, val_auc=0.5, prediction_std=0.0, feature_std=0.0, feature_mean=0.0, loss=0.694,
                     val_loss=0.693)  # fmt: skip
    findings = found(epochs, UNFROZEN, MOVED)
    assert list(findings) == ["collapsed-features"]
    below = [symptom["id"] for symptom in findings["collapsed-features"].symptoms]
    assert below == ["constant-predictor", "loss-near-ln-k"]
    assert "backbone's weights have moved" in findings["collapsed-features"].claim
    assert "consistent with" in findings["collapsed-features"].claim


def test_features_without_spread_of_a_base_that_did_not_move_have_not_collapsed() -> None:
    assert "collapsed-features" not in found(several(3, feature_std=0.0))


def test_a_frozen_base_that_moved_is_an_error() -> None:
    finding = found(several(1), {}, MOVED)["base-moved-although-frozen"]
    assert (finding.severity, finding.evidence) == ("error", {"before": "w", "after": "w2"})


def test_a_base_that_fine_tuning_moved_is_none() -> None:
    tuned = [epoch(1), epoch(2, phase="finetuning")]
    assert found(tuned, {"training.mode": "fine_tune"}, MOVED) == {}


STAGED = {"training.mode": "fine_tune", "training.finetune_stages": 3, "training.unfreeze_from": "block5"}


@pytest.mark.parametrize(
    ("phase", "moved", "ids"),
    [
        ("training", None, ["base-moved-although-frozen"]),  # of the base as a whole, which `MOVED` has
        ("finetuning", ["top"], []),
        ("finetuning", ["block7", "top"], ["base-moved-although-frozen"]),
        ("finetuning", [], ["base-still-although-unfrozen"]),
        ("finetuning 2", ["block7", "top"], []),
        ("finetuning 2", ["top"], ["base-still-although-unfrozen"]),
        ("finetuning 3", ["block5", "block6", "block7", "top"], []),
        ("finetuning 3", ["stem", "block5", "block6", "top"],
         ["base-moved-although-frozen", "base-still-although-unfrozen"]),
    ],
)  # fmt: skip
def test_in_each_stage_the_blocks_it_trains_move_and_no_others(
    phase: str, moved: list[str] | None, ids: list[str]
) -> None:
    last = epoch(2, phase=phase) if moved is None else epoch(2, phase=phase, moved_blocks=moved)
    assert list(found([epoch(1), last], STAGED, MOVED)) == ids


def test_a_block_that_moves_or_stays_against_the_settings_is_named() -> None:
    last = epoch(2, phase="finetuning 3", moved_blocks=["stem", "block5", "block6", "top"])
    findings = found([epoch(1), last], STAGED, MOVED)
    assert findings["base-moved-although-frozen"].claim == (
        "The weights of stem after epoch 2 differ from those before training, although the backbone is frozen below "
        "block5."
    )
    assert findings["base-still-although-unfrozen"].claim == (
        "The weights of block7 are the same after epoch 2 as before training, although the backbone is set to be "
        "trained from block5 on."
    )


def test_an_unfrozen_base_that_did_not_move_is_an_error() -> None:
    assert list(found(several(2), UNFROZEN)) == ["base-still-although-unfrozen"]
    assert list(found(several(2), UNFROZEN, MOVED)) == []


def test_statistics_of_batch_normalisation_that_moved_are_an_error() -> None:
    assert list(found(several(1), UNFROZEN, {**MOVED, "statistics_after": "s2"})) == ["bn-statistics-moved"]


@pytest.mark.parametrize(
    ("broken", "claim"),
    [
        ({"loss": None, "losses": [0.7, None], "gradient_norms": [1.0, None]},
         "The loss is no longer a finite number in epoch 3."),
        ({"loss": 9.5, "accuracy": 0.5},
         "The training loss is 9.5 in epoch 3; it began at 0.69, and equal probabilities for all classes would give "
         "0.693."),
    ],
)  # fmt: skip
def test_a_loss_that_explodes_or_is_no_number_has_diverged(broken: dict[str, Any], claim: str) -> None:
    findings = found([epoch(1), epoch(2), epoch(3, **broken)])
    assert findings["diverged"].claim == claim


def test_the_high_loss_of_class_order_has_not_diverged() -> None:
    assert "diverged" not in found(several(3, **PINNED, loss=4.0, val_loss=10.0, mix=ORDERED, val_auc=0.5))


def test_a_loss_at_ln_k_means_something_after_three_epochs_only() -> None:
    assert "loss-near-ln-k" not in found(several(2, loss=0.693, val_loss=0.693))
    finding = found(several(3, loss=0.693, val_loss=0.69))["loss-near-ln-k"]
    assert finding.evidence["input_std"] == 0.2


def test_an_accuracy_of_the_majority_share_is_said_to_be_that() -> None:
    epochs = several(4, val_accuracy=0.73, predicted_share=0.99, val_auc=0.6)
    finding = found(epochs, val=(73, 27))["class-imbalance-baseline"]
    assert "always predicting “NORMAL” would give 0.730" in finding.claim
    assert found(epochs, val=(50, 50)) == {}


def test_nearly_all_answers_of_one_class_are_right_where_nearly_all_images_are() -> None:
    """Of 57 and 3 images 59 are called by the frequent class's name: 2 of the 3 are found, or 1, or none."""
    near = {"predicted_share": 59 / 60, "val_auc": 0.98, "predicted_class": "NORMAL", "accuracy": 0.95}
    assert found(several(8, **near, val_accuracy=58 / 60), val=(57, 3)) == {}  # 1 of 3, and more may come
    settings = {"training.epochs": 10, "training.early_stopping": 0}
    two = {**near, "predicted_share": 58 / 60, "val_accuracy": 59 / 60}
    assert found(several(10, **two), settings, val=(57, 3)) == {}
    none = {**near, "predicted_share": 1.0, "val_accuracy": 0.95}
    told = found(several(10, **none), settings, val=(57, 3))
    assert {id: one.severity for id, one in told.items()} == {"class-imbalance-baseline": "warning"}


def test_validation_at_chance_is_told_long_before_training_is_right_in_all() -> None:
    lot = {"val_accuracy": 0.46, "val_auc": 0.47, "val_loss": 0.9}
    assert found(several(4, **lot, accuracy=0.75), val=(40, 40)) == {}
    told = found(several(6, **lot, accuracy=0.75), val=(40, 40))
    assert {id: one.severity for id, one in told.items()} == {"validation-at-chance": "warning"}
    assert found(several(5, **lot, accuracy=0.55), val=(40, 40)) == {}


def test_few_validation_images_do_not_show_that_nothing_holds_there() -> None:
    """14 of 20 right fits a network that is right on 85 % of other images: the interval ends there."""
    some, none = {"val_accuracy": 0.7, "val_auc": 0.75}, {"val_accuracy": 0.5, "val_auc": 0.5}
    few = {"val": (10, 10)}
    assert "validation-at-chance" not in found(several(6, **some, val_loss=0.7, accuracy=0.99), **few)
    told = found(several(6, **none, val_loss=0.9, accuracy=0.99), **few)["validation-at-chance"]
    assert told.severity == "error"
    assert told.claim.endswith("on these 20 images nothing shows that what was learned in training holds.")


def test_what_exchanged_classes_do_to_the_images_of_a_class_stands_below_them() -> None:
    reversed_answers = {"val_accuracy": 0.05, "val_auc": 0.01, "accuracy": 0.97, "val_loss": 3.0}
    run = record(several(6, **reversed_answers))
    parts = Finding("parts-differ", "warning", "Images of NORMAL differ.", {"class": "NORMAL"})
    labels = Finding("val-labels-look-wrong", "warning", "40 % look wrong.", {})
    files.write_json(run.path / "findings.json", findings_record([parts, labels]))
    (told,) = run_findings(run)
    assert [told.id, *(one["id"] for one in told.symptoms)] == ["answers-reversed", *("parts-differ", labels.id)]
    everywhere = replace(parts, evidence={"class": None})
    files.write_json(run.path / "findings.json", findings_record([everywhere]))
    assert [one.id for one in run_findings(run)] == ["parts-differ", "answers-reversed"]


def test_overfitting_is_a_rise_of_validation_loss_while_training_loss_falls() -> None:
    losses = [0.5, 0.4, 0.45, 0.5, 0.55, 0.6]
    epochs = [epoch(k, loss=0.6 - 0.08 * k, val_loss=v, accuracy=0.95) for k, v in enumerate(losses, start=1)]
    kept, not_kept = found(epochs), found(epochs, {"training.early_stopping": 0})
    assert (kept["overfitting"].severity, not_kept["overfitting"].severity) == ("info", "warning")
    assert not_kept["overfitting"].change == {"training.early_stopping": 5}
    assert "lowest in epoch 2, 0.400, and is 0.600 in epoch 6" in kept["overfitting"].claim
    assert found([epoch(k, val_loss=0.4 + 0.01 * k) for k in range(1, 7)]) == {}


def test_single_class_batches_in_random_order_are_not_called_class_ordered() -> None:
    order = recorded_order([TracedEpoch(**epoch(mix=[[10, 0], [0, 10]] * 20))], ["a", "b"])
    assert not order.is_class_ordered and not order.is_mixed


def test_pure_batches_that_chance_explains_are_mixed() -> None:
    order = recorded_order([TracedEpoch(**epoch(mix=[[8, 0]] * 18 + [[7, 1]] * 2))], ["a", "b"])
    assert order.is_mixed and not order.is_class_ordered


def test_mixed_images_explain_a_validation_accuracy_above_that_of_training() -> None:
    epochs = several(6, accuracy=0.6, val_accuracy=0.95)
    mixed = found(epochs, {"training.mode": "end_to_end", "training.mixup": 1})["validation-far-better"]
    assert mixed.severity == "info"
    assert mixed.claim.endswith("The training images are seen mixed with others, which lowers training accuracy.")
    assert found(epochs)["validation-far-better"].severity == "warning"


def losses(count: int, penalty: float, log_losses: list[float], **changes: Any) -> list[dict[str, Any]]:
    """Epochs whose validation loss falls by its penalty."""
    falling = [penalty * (1 + 0.2 * (count - k)) for k in range(1, count + 1)]
    return [
        epoch(k, loss=f + 0.4, val_loss=f + v, val_log_loss=v, **changes)
        for k, (f, v) in enumerate(zip(falling, log_losses, strict=True), start=1)
    ]


def found_l2(epochs: list[dict[str, Any]], settings: dict[str, Any] | None = None) -> dict[str, Finding]:
    head = {"model.dense_units": 0, "model.head": "dense 64 relu l2=0.1"}
    return found(epochs, {**head, **(settings or {})})


def test_a_loss_of_penalties_is_told_where_they_hold_the_probabilities_equal() -> None:
    flat = losses(10, 1.0, [0.7 - 0.002 * k for k in range(10)])
    told = found_l2(flat)["penalty-in-loss"]
    assert told.severity == "warning" and "1.000 (59 %) are L2 penalties" in told.claim
    assert "log loss of its probabilities is 0.682" in told.claim and "a log loss of 0.693" in told.claim
    assert found_l2(losses(10, 0.35, [0.6 - 0.04 * k for k in range(10)])) == {}, "a head of many weights that learns"
    assert "penalty-in-loss" not in found(flat), "without l2 the two losses differ for another reason"
    smooth = found_l2(flat, {"training.label_smoothing": 0.1})
    assert "penalty-in-loss" not in smooth, "what the loss is made of is not known then"


def test_an_epoch_that_its_penalties_have_chosen_is_told() -> None:
    rising = losses(10, 1.0, [0.4 + 0.02 * k for k in range(10)])
    told = found_l2(rising)["penalty-in-loss"]
    assert told.change == {"training.val_loss": "log_loss"}
    assert "Epoch 10 is kept because of its penalties: log loss was 0.400 in epoch 1" in told.claim
    last = found_l2(rising, {"training.early_stopping": 0})["penalty-in-loss"]
    assert last.severity == "info" and "is kept because" not in last.claim, "nothing chooses an epoch then"
    assert "penalty-in-loss" not in found_l2(losses(10, 0.3, [0.4 + 0.02 * k for k in range(10)])), "a smaller part"


def test_a_loss_that_looks_worse_than_guessing_by_its_penalties_is_told() -> None:
    told = found_l2(losses(10, 1.9, [0.6 - 0.04 * k for k in range(10)]))["penalty-in-loss"]
    assert told.severity == "info"
    assert "1.900 (89 %) are L2 penalties" in told.claim and "log loss of its probabilities is 0.240" in told.claim


def test_probabilities_worse_than_equal_ones_are_told_beside_a_good_accuracy() -> None:
    sure = several(10, val_loss=0.9, val_accuracy=0.85, confidence=0.98)
    told = found(sure, {"training.early_stopping": 0})["worse-than-equal"]
    assert told.change == {"training.early_stopping": 5}
    assert "accuracy on validation is 0.850, with a mean probability of 0.98" in told.claim
    assert "log loss is 0.900, above that of equal probabilities for all 2 classes, 0.693" in told.claim
    assert found(several(10, val_loss=0.69, val_accuracy=0.85)) == {}
    chance = several(10, val_loss=0.9, val_accuracy=0.55)
    assert "worse-than-equal" not in found(chance), "no accuracy that would hide it"
    first = [epoch(k, val_loss=1.5 - 0.15 * k, val_accuracy=0.85) for k in range(1, 5)]
    assert found(first) == {}, "a loss that is falling still may come below"


def test_overfitting_explains_them_where_it_is_the_last_epoch_that_is_kept() -> None:
    rising = [epoch(k, loss=0.6 - 0.05 * k, val_loss=0.3 + 0.06 * k, accuracy=0.95) for k in range(1, 11)]
    told = found(rising, {"training.early_stopping": 0})
    assert {id: [one["id"] for one in finding.symptoms] for id, finding in told.items()} == {
        "overfitting": ["worse-than-equal"]
    }
    assert "worse-than-equal" not in str(found(rising)), "an epoch from before it is kept"


def test_a_run_that_ended_at_chance_is_told_though_its_head_has_learnt_a_little_by_heart() -> None:
    lot = {"val_accuracy": 0.53, "val_auc": 0.54, "val_loss": 0.87, "accuracy": 0.64}
    told = found(several(10, **lot), val=(60, 60))
    assert {id: one.severity for id, one in told.items()} == {"no-better-than-chance": "warning"}
    assert "accuracy" in told["no-better-than-chance"].claim
    assert found(several(4, **lot), val=(60, 60)) == {}, "it has not ended"
    assert found(several(10, **{**lot, "val_auc": 0.68}), val=(60, 60)) == {}, "it ranks the images"
    assert found(several(10, **{**lot, "val_accuracy": 0.62, "val_loss": 0.67}), val=(60, 60)) == {}, "beyond chance"
    assert found(several(10, **lot), val=(15, 15)) == {}, "too few to tell"
    assert "augmentation" not in told["no-better-than-chance"].remedy
    mirrored = found(several(10, **lot), {"data.augmentation": "flip horizontal"}, val=(60, 60))
    assert "data.augmentation=none: a step of it (flip horizontal)" in mirrored["no-better-than-chance"].remedy
    for cause in ("too-few-updates", "rate-falls-early"):
        run = record(several(10, **lot), val=(60, 60))
        files.write_json(run.path / "findings.json", findings_record([Finding(cause, "warning", "Known.", {})]))
        (led,) = trace_findings(run)
        assert [led.id, *(one["id"] for one in led.symptoms)] == [cause, "no-better-than-chance"]


def test_few_images_of_a_class_lead_before_few_steps() -> None:
    epochs = several(4, val_accuracy=0.91, predicted_share=1.0, val_auc=0.7, predicted_class="NORMAL", accuracy=0.95)
    run = record(epochs, val=(101, 10))
    kinds = ("too-few-updates", "few-of-a-class")
    known = [Finding(id, "warning", "Known.", {}) for id in kinds]
    files.write_json(run.path / "findings.json", findings_record(known))
    (led,) = trace_findings(run)
    assert [led.id, *(one["id"] for one in led.symptoms)] == ["few-of-a-class", "class-imbalance-baseline"]


def test_a_class_that_is_not_found_is_told_beside_others_that_are() -> None:
    """Training images of NORMAL lie among those of PNEUMONIA, too: only this class is found."""
    one = {"confusion": [[2, 38], [1, 39]], "val_accuracy": 0.51, "predicted_share": 0.9, "accuracy": 0.75}
    told = found(several(10, **one))["class-not-found"]
    assert told.severity == "warning" and told.evidence["classes"] == ["NORMAL"]
    assert "2 of 40 of NORMAL, most often predicted as PNEUMONIA (38)" in told.claim
    assert "Of the other classes 98 % are found. Training accuracy is 0.750." in told.claim
    hard = {"confusion": [[12, 28], [1, 39]], "val_accuracy": 0.64, "accuracy": 0.75}
    assert found(several(10, **hard)) == {}, "a class that is hard"
    few = {"confusion": [[0, 8], [1, 39]], "val_accuracy": 0.81, "accuracy": 0.9}
    assert "class-not-found" not in found(several(10, **few), val=(8, 40)), "too few to tell"
    once = [*several(9, **hard), epoch(10, **one)]
    assert "class-not-found" not in found(once), "in one epoch alone"
    assert "class-not-found" not in found(several(3, **one)), "more may come"


def test_classes_taken_for_each_other_in_one_epoch_alone_are_not_exchanged() -> None:
    run = record([epoch(1), epoch(2)])
    labels, classes = ["a", "b", "c"] * 20, ["a", "b", "c"]
    exchanged, other = [[0, 20, 0], [20, 0, 0], [0, 0, 20]], [[2, 18, 0], [4, 16, 0], [0, 0, 20]]
    known = training_record(run)
    assert known is not None
    for tables, said in (([exchanged, exchanged], True), ([other, exchanged], False)):
        epochs = [TracedEpoch(**epoch(k, confusion=table)) for k, table in enumerate(tables, start=1)]
        assert bool(answers_reversed(replace(known, epochs=epochs, labels=labels, classes=classes))) is said


def test_a_class_without_weight_explains_one_answer_for_all_and_a_rare_one_does_not() -> None:
    same = {**PINNED, "prediction_std": 4e-5, "accuracy": 0.5, "val_auc": 0.35}
    for severity, leads in (("error", "class-weight-mismatch"), ("warning", "constant-predictor")):
        run = record(several(4, **same))
        weights = Finding("class-weight-mismatch", severity, "NORMAL has no weight.", {})
        files.write_json(run.path / "findings.json", findings_record([weights]))
        assert [one.id for one in trace_findings(run)] == [leads]


def test_a_loss_that_goes_up_and_down_is_not_called_still_falling() -> None:
    def run(*losses: float, **changes: Any) -> dict[str, Finding]:
        epochs = [epoch(k, val_loss=loss, **changes) for k, loss in enumerate(losses, start=1)]
        return found(epochs, {"training.epochs": len(losses), "training.learning_rate": 0.01})

    assert "still-falling" in run(0.68, 0.66, 0.64, 0.62, 0.6, 0.58)
    assert "still-falling" not in run(0.68, 0.66, 0.69, 0.7, 0.68, 0.6)
    large = run(6.8, 6.6, 6.4, 6.2, 6.0, 5.8, loss=6.0)
    assert list(large) == ["loss-leapt"], "its steps are too large, not too short"


def test_one_class_for_all_is_said_of_two_epochs_alike_and_not_of_steps_that_are_too_large() -> None:
    one = {"predicted_share": 0.97, "confidence": 0.99, "accuracy": 0.9, "val_accuracy": 0.55, "val_auc": 0.7}
    assert "one-class-on-validation" in found(several(6, **one))
    for share in (0.7, 0.94):
        assert "one-class-on-validation" not in found(
            [*several(5, **one), epoch(6, **{**one, "predicted_share": share})]
        )
    assert "one-class-on-validation" not in found([*several(5, **one), epoch(6, **{**one, "predicted_class": "b"})])
    leapt = found(several(6, **one, loss=6.0))
    assert list(leapt) == ["loss-leapt"]
    assert leapt["loss-leapt"].symptoms[0]["id"] == "one-class-on-validation"
