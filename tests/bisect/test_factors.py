"""Which differences matter: every kind that provably does not, and its neighbour that does."""

import json
from collections.abc import Callable
from string import ascii_lowercase
from typing import Any

import pytest

from core import files
from core.bisect.factors import Factors, find_factors
from core.config import make_config
from core.errors import RunError
from core.store.runs import Run, RunStore

MakeRun = Callable[..., Run]


@pytest.fixture
def ended_run() -> MakeRun:
    """A function that makes a run with one epoch and a manifest of so many images a class, without training."""

    def make(
        settings: dict[str, Any] | None = None,
        *,
        dataset: str = "/data/x",
        counts: tuple[int, ...] = (20, 20),
        on_disk: bool = True,
        salt: str = "",
        name: str = "",
    ) -> Run:
        run = RunStore().create(make_config(dataset, settings or {}, name=name))
        part = {"train": "train" if on_disk else "", "val": "val" if on_disk else ""}
        manifest: dict[str, Any] = {"root": dataset, "classes": list(ascii_lowercase[: len(counts)])}
        for split, share in (("train", 1), ("val", 2)):
            manifest[split] = [
                {
                    "path": f"{k}/{n}.png",
                    "label": ascii_lowercase[k],
                    "split": part[split],
                    "sha256": f"{salt}{split}{k}{n}",
                }
                for k, count in enumerate(counts)
                for n in range(count // share)
            ]
        files.write_json(run.path / "manifest.json", manifest)
        run.add_event("epoch", epoch=1, val_accuracy=0.5)
        return run

    return make


FactorsOf = Callable[..., Factors]


@pytest.fixture
def factors_of(ended_run: MakeRun) -> Callable[..., Factors]:
    def factors(a: dict[str, Any], b: dict[str, Any], **options: Any) -> Factors:
        return find_factors(ended_run(a, **options), ended_run(b, **options))

    return factors


TUNED = {"training.mode": "fine_tune"}
IN_STAGES = {**TUNED, "training.finetune_stages": 3}

NEUTRAL: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {"training.mode": "end_to_end"}, "training.mode", "cached features and a full pass are the same training"),
    ({}, {"training.mode": "end_to_end", "training.literal": True}, "training.literal", "executed"),
    ({}, {"data.drop_remainder": True, "data.batch_size": 32}, "", ""),
    ({"data.batch_size": 8}, {"data.batch_size": 8, "data.drop_remainder": True}, "data.drop_remainder",
     "there is no partial batch: 40 images fill batches of 8"),
    ({}, {"data.augmentation_draws": 1}, "data.augmentation_draws", "there is no augmentation"),
    ({"data.augmentation": "light", "data.augmentation_draws": 55}, {"data.augmentation": "light"},
     "data.augmentation_draws", "every epoch uses the same version of each image"),
    ({}, {"data.validation_split": 0.3}, "data.validation_split", "split on disk"),
    ({}, {"data.group_pattern": ""}, "data.group_pattern", "split on disk"),
    ({}, {"data.seed": 9}, "data.seed", "split on disk, there is no augmentation"),
    ({}, {"training.finetune_epochs": 9}, "training.finetune_epochs", "neither run is fine-tuned"),
    ({}, {"training.finetune_learning_rate": 1e-3}, "training.finetune_learning_rate", "neither run is fine-tuned"),
    ({}, {"training.finetune_stages": 3}, "training.finetune_stages", "neither run is fine-tuned"),
    ({}, {"training.block_rate_factor": 0.5}, "training.block_rate_factor", "neither run is fine-tuned"),
    (TUNED, {**TUNED, "training.block_rate_factor": 0.5}, "training.block_rate_factor",
     "only the last block is trained"),
    ({}, {"training.class_weight": "balanced"}, "training.class_weight", "every weight is 1"),
    ({}, {"data.sampling": "balanced"}, "data.sampling", "either way each image is used once"),
    ({}, {"training.seed": 2}, "training.seed", "it is random variation"),
    ({}, {"training.momentum": 0.9}, "training.momentum", "only sgd and rmsprop have a momentum"),
    ({}, {"training.schedule_end": 0.5}, "training.schedule_end", "follows no schedule"),
    ({}, {"training.finetune_optimizer": "sgd"}, "training.finetune_optimizer", "not fine-tuned"),
    ({"model.dense_units": 8}, {"model.head": "dropout 0.2, dense 8 relu, dropout 0.2"}, "model.head",
     "the short form and the list describe the same layers"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "key", "reason"), [case for case in NEUTRAL if case[2]], ids=lambda v: str(v)[:40])
def test_what_provably_changes_nothing_is_skipped_with_its_reason(
    factors_of: FactorsOf, a: dict[str, Any], b: dict[str, Any], key: str, reason: str
) -> None:
    for one, two in ((a, b), (b, a)):
        found = factors_of(one, two)
        assert found.keys == ()
        assert reason in found.skipped[key]


@pytest.mark.parametrize(
    ("a", "b", "key"),
    [
        ({}, {"data.drop_remainder": True}, "data.drop_remainder"),
        ({"data.augmentation": "light"}, {"data.augmentation": "light", "data.augmentation_draws": 1},
         "data.augmentation_draws"),
        ({"data.augmentation": "light"}, {"data.augmentation": "light", "data.seed": 2}, "data.seed"),
        ({"model.weights": "none"}, {"model.weights": "none", "data.seed": 2}, "data.seed"),
        ({}, {"training.mode": "fine_tune"}, "training.mode"),
        (TUNED, IN_STAGES, "training.finetune_stages"),
        (IN_STAGES, {**IN_STAGES, "training.block_rate_factor": 0.5}, "training.block_rate_factor"),
        ({}, {"training.mode": "end_to_end", "training.mixup": 0.2}, "training.mixup"),
        ({**TUNED, "training.mixup": 0.2}, {**TUNED, "training.mixup": 0.2, "data.seed": 2}, "data.seed"),
        ({}, {"data.shuffle": "none"}, "data.shuffle"),
        ({}, {"training.runtime": "openvino"}, "training.runtime"),
        ({"training.mode": "end_to_end", "training.literal": True}, {"training.runtime": "openvino"},
         "training.runtime"),
        ({}, {"data.fit": "crop"}, "data.fit"),
        ({}, {"training.early_stopping": 0}, "training.early_stopping"),
        ({}, {"training.learning_rate": 1.0}, "training.learning_rate"),
    ],
    ids=lambda v: str(v)[:40],
)  # fmt: skip
def test_what_may_matter_is_a_factor(
    factors_of: FactorsOf, a: dict[str, Any], b: dict[str, Any], key: str
) -> None:  # fmt: skip
    assert factors_of(a, b).keys == (key,)


def test_the_split_matters_where_the_program_makes_it(factors_of: Callable[..., Factors]) -> None:
    assert factors_of({}, {"data.validation_split": 0.3}, on_disk=False).keys == ("data.validation_split",)
    assert factors_of({}, {"data.seed": 2}, on_disk=False).keys == ("data.seed",)


def test_a_fit_matters_unless_all_images_are_known_to_be_square(factors_of: FactorsOf, ended_run: MakeRun) -> None:
    assert factors_of({}, {"data.fit": "crop"}).keys == ("data.fit",)  # a manifest that does not say
    runs = [ended_run({"data.fit": fit}) for fit in ("stretch", "letterbox")]
    for height, reason in ((40, "all images are square"), (41, None)):
        for run in runs:
            manifest: dict[str, Any] = json.loads((run.path / "manifest.json").read_text())
            for file in (*manifest["train"], *manifest["val"]):
                file |= {"width": 40, "height": 40}
            manifest["val"][-1]["height"] = height
            files.write_json(run.path / "manifest.json", manifest)
        assert find_factors(*runs).skipped.get("data.fit") == reason


def test_class_weights_matter_where_the_classes_are_unequal(factors_of: Callable[..., Factors]) -> None:
    assert factors_of({}, {"training.class_weight": "balanced"}, counts=(30, 20)).keys == ("training.class_weight",)


def test_sampling_matters_where_the_classes_differ_by_more_than_one_image(factors_of: Callable[..., Factors]) -> None:
    assert factors_of({}, {"data.sampling": "balanced"}, counts=(30, 20)).keys == ("data.sampling",)
    assert factors_of({}, {"data.sampling": "balanced"}, counts=(21, 20)).keys == ()
    assert factors_of({}, {"training.class_weight": "balanced"}, counts=(21, 20)).keys == ("training.class_weight",)


def test_an_unfrozen_base_is_told_by_what_it_unfreezes(factors_of: FactorsOf) -> None:
    found = factors_of({}, {"training.mode": "end_to_end", "training.unfreeze_from": "all"})
    assert found.keys == ("training.unfreeze_from",)
    assert "the difference is in training.unfreeze_from" in found.skipped["training.mode"]
    assert found.config(frozenset(found.keys), 1).training.unfreeze_from == "all"


def test_every_mixture_of_a_bottleneck_and_a_run_with_mixup_can_be_trained(factors_of: Callable[..., Factors]) -> None:
    """Bottleneck mode has no mixup: trials are full passes, on images wherever these are mixed."""
    weighted = {"training.class_weight": "balanced", "training.focal_gamma": 2}
    found = factors_of(weighted, {"training.mode": "end_to_end", "training.mixup": 0.2}, counts=(30, 20))
    assert set(found.keys) == {"training.mixup", *weighted}
    trial = found.config(frozenset({"training.mixup"}), 1).training
    assert (trial.mode, trial.mixup, trial.class_weight, trial.focal_gamma) == ("end_to_end", 0.2, "balanced", 2)
    assert not trial.is_on_features
    assert found.config(frozenset(), 1).training.is_on_features


def test_the_questions_presets_differ_in_order_and_draws(ended_run: MakeRun) -> None:
    configs = [
        make_config("/data/x", {}, preset=f"question-{name}").settings() for name in ("bottleneck", "end-to-end")
    ]
    found = find_factors(*(ended_run(config) for config in configs))
    assert found.keys == ("data.shuffle", "data.augmentation_draws")
    assert set(found.skipped) == {"training.mode", "data.drop_remainder"}


def test_a_trial_takes_the_switched_values_and_the_seed(factors_of: FactorsOf) -> None:
    found = factors_of({"data.shuffle": "none"}, {"model.dropout": 0.7, "training.mode": "end_to_end"})
    trial = found.config(frozenset({"model.dropout"}), 42, name="bisect: x")
    assert (trial.data.shuffle, trial.model.dropout, trial.training.seed, trial.name) == ("none", 0.7, 42, "bisect: x")
    assert trial.training.is_frozen
    assert not trial.training.literal


def test_another_folder_is_a_factor(ended_run: MakeRun) -> None:
    found = find_factors(ended_run(), ended_run(dataset="/data/y", salt="other"))
    assert found.keys == ("dataset",)
    assert found.config(frozenset({"dataset"}), 1).dataset == "/data/y"


def test_a_copy_of_the_folder_is_none(ended_run: MakeRun) -> None:
    found = find_factors(ended_run(), ended_run(dataset="/data/y"))
    assert found.keys == ()
    assert found.skipped["dataset"] == "the two folders hold the same images in the same order"


def test_other_classes_are_refused(ended_run: MakeRun) -> None:
    a, b = ended_run(), ended_run(counts=(9, 9, 9), dataset="/data/y")
    with pytest.raises(RunError, match=r"have different classes \(a, b; a, b, c\)"):
        find_factors(a, b)


def test_many_different_classes_are_counted(ended_run: MakeRun) -> None:
    a, b = ended_run(name="a", counts=(9,) * 26), ended_run(name="b", counts=(9,) * 20, dataset="/data/y")
    with pytest.raises(RunError, match=r"^run “a” and run “b” have .* \(26 and 20 classes, 20 in common\)"):
        find_factors(a, b)


def test_a_folder_that_has_changed_is_refused(ended_run: MakeRun) -> None:
    a, b = ended_run(), ended_run(salt="new")
    with pytest.raises(RunError, match=r"^the images in /data/x have changed between run “.*; train both again$"):
        find_factors(a, b)


def test_a_run_is_not_compared_with_itself(ended_run: MakeRun) -> None:
    run = ended_run()
    with pytest.raises(RunError, match=r"is compared with itself; give two runs$"):
        find_factors(run, run)


def test_a_run_without_an_epoch_is_refused(ended_run: MakeRun) -> None:
    empty = RunStore().create(make_config("/data/x", {}, name="empty"))
    with pytest.raises(RunError, match=r"^run “empty” has not finished an epoch"):
        find_factors(ended_run(), empty)


def test_a_name_is_told_and_changes_nothing(ended_run: MakeRun) -> None:
    found = find_factors(ended_run(name="x"), ended_run(name="y"))
    assert (found.keys, found.skipped) == ((), {"name": "a name changes nothing"})


def test_a_head_that_is_a_list_is_one_factor(factors_of: FactorsOf) -> None:
    """Its parts are not searched one by one, whichever form the other run has."""
    short = {"model.dense_units": 8, "training.epochs": 3}
    found = factors_of(short, {"model.head": "max, dense 4 tanh, dropout 0.5"})
    assert set(found.keys) == {"model.head", "model.pooling", "training.epochs"}
    assert found.skipped["model.dropout"] == "it is part of model.head: a head that is a list is one factor"
    mixed = found.config(frozenset({"model.head"}), seed=5).model
    assert (mixed.head, mixed.pooling) == ("dense 4 tanh, dropout 0.5", "average")
    assert found.config(frozenset({"model.pooling"}), seed=5).model.head == "dropout 0.2, dense 8 relu, dropout 0.2"
    both = factors_of({"model.head": "dense 4 relu"}, {"model.head": "dense 4 elu"})
    assert both.keys == ("model.head",)
