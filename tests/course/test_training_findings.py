"""Augmentation, freezing and the head: what the settings alone tell."""

from typing import Any

import pytest

from core.checks import augmentation, freezing, head, learning_rate, smoothing
from tests.told import told

QUESTION = {"data.augmentation": "question"}
UNFROZEN = {"training.mode": "end_to_end", "training.unfreeze_from": "all"}


def test_one_frozen_draw_is_told(make_context):
    finding = told(augmentation.bottleneck_one_draw(make_context({**QUESTION, "data.augmentation_draws": 1})))
    assert (finding.severity, finding.change) == ("warning", {"data.augmentation": "none"})
    assert finding.claim == (
        "Every training image is augmented once, and that one version is used in all epochs; validation images are "
        "not augmented."
    )


@pytest.mark.parametrize("settings", [{**QUESTION, "data.augmentation_draws": 5}, {"data.augmentation_draws": 1}])
def test_several_draws_or_none_are_fine(make_context, settings):
    assert augmentation.bottleneck_one_draw(make_context(settings)) is None


@pytest.mark.parametrize(
    ("dataset", "classes", "word"),
    [
        ("/data/chest", ("a", "b"), "chest"),
        ("/data/ChestXRay2017", ("a", "b"), "xray"),
        ("/data/set", ("NORMAL", "PNEUMONIA"), "pneumonia"),
        ("/data/set", ("0", "1", "2"), "digits"),
        ("/data/traffic-signs", ("stop", "yield"), "signs"),
        ("sample", ("a", "b"), "chest"),
    ],
)
def test_mirroring_what_has_a_left_and_a_right_is_told(make_context, dataset, classes, word):
    these = {"train": dict.fromkeys(classes, 50), "val": dict.fromkeys(classes, 50)}
    finding = told(augmentation.label_breaking_augmentation(make_context(QUESTION, counts=these, dataset=dataset)))
    assert (finding.severity, finding.change) == ("warning", {"data.augmentation": "light"})
    assert finding.evidence["word"] == word
    light = make_context({"data.augmentation": "light"}, counts=these, dataset=dataset)
    assert augmentation.label_breaking_augmentation(light) is None


@pytest.mark.parametrize(
    ("written", "claim", "change"),
    [
        ("strong", "are mirrored,", "medical"),
        ("rotation 10, flip both", "are mirrored and turned upside down,", "rotation -10..10"),
        ("rotation 0..180", "are rotated by up to 180 degrees,", "none"),
    ],
)
def test_steps_that_break_labels_are_told_and_left_out(make_context, written, claim, change):
    these = {"train": {"0": 50, "1": 50, "2": 50}, "val": {"0": 50, "1": 50, "2": 50}}
    context = make_context({"data.augmentation": written}, counts=these)
    finding = told(augmentation.label_breaking_augmentation(context))
    assert claim in finding.claim
    assert finding.change == {"data.augmentation": change}
    after = make_context({"data.augmentation": change}, counts=these)
    assert augmentation.label_breaking_augmentation(after) is None


def test_ranges_that_hide_the_object_are_told(make_context):
    written = "crop 0.1..1, zoom 0.3..3, shift 0.6, brightness 0.1..2, contrast 0..1, channel_shift 200, rotation 180"
    finding = told(augmentation.augmentation_hides_object(make_context({"data.augmentation": written})))
    assert finding.evidence["steps"] == [
        *("crop 0.1..1", "zoom 0.3..3", "shift -0.6..0.6", "brightness 0.1..2", "contrast 0..1"),
        "channel_shift -200..200",
    ]
    assert "crop 0.1..1 leaves 1 % of the area; zoom 0.3..3 enlarges more than 2.5 times; " in finding.claim
    for preset in ("none", "light", "medical", "strong", "question"):
        assert augmentation.augmentation_hides_object(make_context({"data.augmentation": preset})) is None


@pytest.mark.parametrize("classes", [("cat", "dog"), ("chestnut", "oak"), ("texture", "signal"), ("0", "1")])
def test_mirroring_other_images_is_fine(make_context, classes):
    these = {"train": dict.fromkeys(classes, 50), "val": dict.fromkeys(classes, 50)}
    assert augmentation.label_breaking_augmentation(make_context(QUESTION, counts=these)) is None


def test_whole_backbone_at_a_high_rate_is_an_error(make_context):
    context = make_context({**UNFROZEN, "training.learning_rate": 7e-4, "model.backbone": "VGG16"})
    finding = told(freezing.base_not_frozen(context))
    assert (finding.severity, finding.change) == ("error", {"training.unfreeze_from": ""})
    assert finding.claim == (
        "All 14,714,688 weights of VGG16 are trained from the first step at a learning rate of 0.0007; above 0.0001 "
        "pretrained features are lost."
    )
    assert freezing.unfreeze_high_lr(context) is None


@pytest.mark.parametrize(
    "settings",
    [
        {**UNFROZEN, "training.learning_rate": 1e-5},
        {**UNFROZEN, "training.learning_rate": 1e-2, "training.optimizer": "sgd"},
        {"training.mode": "end_to_end"},
        {"training.mode": "fine_tune"},
    ],
)
def test_gentle_rates_and_frozen_backbones_are_fine(make_context, settings):
    assert freezing.base_not_frozen(make_context(settings)) is None
    assert freezing.unfreeze_high_lr(make_context(settings)) is None


@pytest.mark.parametrize(
    ("settings", "block", "key"),
    [
        ({"training.mode": "end_to_end", "training.unfreeze_from": "block7"}, "block7", "training.learning_rate"),
        (
            {"training.mode": "fine_tune", "training.finetune_learning_rate": 1e-3},
            "its last block",
            "training.finetune_learning_rate",
        ),
    ],
)
def test_blocks_at_a_high_rate_are_told(make_context, settings, block, key):
    finding = told(freezing.unfreeze_high_lr(make_context(settings)))
    assert finding.severity == "warning"
    assert finding.claim == (
        f"The backbone is trained from {block} on at a learning rate of 0.001; above 0.0001 pretrained features are "
        "lost."
    )
    assert finding.change == {key: pytest.approx(1e-5)}


def test_backbone_that_trains_under_a_random_head_is_told(make_context):
    finding = told(freezing.finetune_from_random_head(make_context(UNFROZEN)))
    assert (finding.severity, finding.change) == ("warning", {"training.mode": "fine_tune"})
    assert finding.claim == "The backbone is trained from all on from the first step, while the head is still random."
    assert freezing.finetune_from_random_head(make_context({"training.mode": "fine_tune"})) is None


def test_random_backbone_is_an_error_when_it_never_trains(make_context):
    finding = told(freezing.weights_not_loaded(make_context({"model.weights": "none"})))
    assert (finding.severity, finding.change) == ("error", {"model.weights": "imagenet"})
    assert finding.claim.endswith(
        "starts from random weights and is never trained: the head learns from random features."
    )
    assert told(freezing.weights_not_loaded(make_context({**UNFROZEN, "model.weights": "none"}))).severity == "warning"


def test_stages_name_the_lowest_block_and_the_falling_rate(make_context):
    staged = {"training.mode": "fine_tune", "training.finetune_stages": 3, "training.finetune_learning_rate": 1e-2}
    claim = told(freezing.unfreeze_high_lr(make_context({**staged, "training.block_rate_factor": 0.38}))).claim
    assert claim == (
        "The backbone is trained from block6 on at a learning rate of 0.01 in its last block, times 0.38 for each "
        "block before it; above 0.0001 pretrained features are lost."
    )
    assert (
        "from block6 on at a learning rate of 0.01; above"
        in told(freezing.unfreeze_high_lr(make_context(staged))).claim
    )


def test_first_block_by_name_unfreezes_everything(make_context):
    settings = {"training.mode": "fine_tune", "training.unfreeze_from": "Block1", "model.backbone": "VGG16"}
    finding = told(freezing.freeze_index_wrong(make_context(settings)))
    assert (finding.severity, finding.change) == ("info", {"training.unfreeze_from": "block5"})
    assert finding.claim == "Block1 is the first block of VGG16: all its 14,714,688 weights are trained."
    assert freezing.freeze_index_wrong(make_context({**settings, "training.unfreeze_from": "block5"})) is None
    assert freezing.freeze_index_wrong(make_context({**settings, "training.unfreeze_from": "all"})) is None


def test_strong_dropout_is_worth_knowing(make_context):
    finding = told(head.dropout_too_strong(make_context({"model.dropout": 0.7})))
    assert (finding.severity, finding.change) == ("info", {"model.dropout": 0.5})
    assert finding.claim.startswith("70 % of the inputs of each layer of the head are dropped in training;")
    assert head.dropout_too_strong(make_context({"model.dropout": 0.5})) is None


def test_batch_normalisation_of_single_images_is_an_error(make_context):
    layers = {"model.head": "batch_norm, dense 32 relu"}
    finding = told(head.batch_norm_of_one(make_context({**layers, "data.batch_size": 1})))
    assert (finding.severity, finding.change) == ("error", {"data.batch_size": 32})
    assert head.batch_norm_of_one(make_context({**layers, "data.batch_size": 2})) is None
    assert head.batch_norm_of_one(make_context({"data.batch_size": 1})) is None


def test_labels_so_smooth_that_no_loss_is_low_are_worth_knowing(make_context):
    finding = told(smoothing.label_smoothing_strong(make_context({"training.label_smoothing": 0.5})))
    assert (finding.severity, finding.change) == ("info", {"training.label_smoothing": 0.1})
    assert "no loss can fall below 0.562, where equal probabilities give 0.693" in finding.claim
    for usual in (0.0, 0.1, 0.2):
        assert smoothing.label_smoothing_strong(make_context({"training.label_smoothing": usual})) is None


def test_flattened_head_is_told_by_its_weights(make_context):
    settings = {"model.pooling": "flatten", "data.image_size": 150, "model.dense_units": 128}
    finding = told(head.flatten_vs_gap(make_context(settings)))
    assert finding.change == {"model.pooling": "average"}
    assert finding.evidence == {
        "flatten": 5 * 5 * 1280 * 128 + 128 + 129,
        "average": 1280 * 128 + 128 + 129,
        "training_pictures": 240,
    }
    assert head.flatten_vs_gap(make_context({"model.pooling": "flatten", "data.image_size": 32})) is None


RATES: list[tuple[float, str, dict[str, Any], str]] = [
    # rate, optimizer, head, severity or none
    (0.03, "adam", {}, ""), (0.1, "adam", {}, ""), (1.0, "adam", {}, "warning"), (10.0, "adam", {}, "warning"),
    (0.03, "adam", {"model.dense_units": 128}, ""), (1.0, "adam", {"model.dense_units": 128}, "warning"),
    (0.007, "adam", {"model.dense_units": 128, "model.pooling": "flatten"}, "warning"),
    (0.03, "adam", {"model.dense_units": 128, "model.pooling": "flatten"}, "error"),
    (1e-6, "adam", {}, "warning"), (1e-5, "rmsprop", {}, "warning"), (1e-3, "rmsprop", {}, ""),
    (1.0, "sgd", {}, "warning"), (1.0, "sgd", {"model.dense_units": 128}, "warning"),
    (3.0, "sgd", {"model.dense_units": 128}, "error"), (0.01, "sgd", {}, ""),
    (1e-4, "sgd", {}, "warning"), (1e-4, "sgd", {"training.epochs": 500}, ""),
    (1e-4, "sgd", {"training.momentum": 0.9}, ""), (0.1, "sgd", {"training.momentum": 0.9}, "warning"),
]  # fmt: skip


def test_the_range_of_the_rate_is_that_of_its_optimizer_its_head_and_its_steps(make_context):
    for rate, optimizer, more, severity in RATES:
        context = make_context({"training.learning_rate": rate, "training.optimizer": optimizer, **more})
        finding = learning_rate.lr_out_of_range(context)
        assert (finding.severity if finding else "") == severity, (rate, optimizer, more)
    quick = {"training.learning_rate": 1, "training.optimizer": "sgd", "training.momentum": 0.9}
    high = told(learning_rate.lr_out_of_range(make_context({**quick, "model.dense_units": 64})))
    assert high.change == {"training.learning_rate": 0.01}


def test_a_rate_outside_the_range_is_told_with_one_inside_it(make_context):
    finding = told(learning_rate.lr_out_of_range(make_context({"training.learning_rate": 1e-6})))
    assert finding.claim == (
        "The learning rate of 1e-06 is too low for 400 steps: with adam heads without hidden units need 5e-05 or "
        "more to come near what they can reach in as many."
    )
    assert finding.change == {"training.learning_rate": 1e-3}
    high = told(learning_rate.lr_out_of_range(make_context({"training.learning_rate": 2, "model.dense_units": 64})))
    assert high.claim == (
        "The learning rate of 2 is above the range in which heads with hidden units on pooled features learn well with "
        "adam, up to 0.03."
    )


def test_low_rate_suits_a_backbone_that_trains(make_context):
    assert learning_rate.lr_out_of_range(make_context({**UNFROZEN, "training.learning_rate": 1e-6})) is None


def test_last_epoch_as_the_result_is_worth_knowing(make_context):
    finding = told(head.last_vs_best_weights(make_context({"training.early_stopping": 0, "training.epochs": 10})))
    assert finding.change == {"training.early_stopping": 5}
    assert finding.claim == (
        "Early stopping is off: after 10 epochs the weights of the last epoch are kept, not those of the best."
    )
    assert head.last_vs_best_weights(make_context({"training.early_stopping": 0, "training.epochs": 2})) is None


def test_lower_precision_is_worth_knowing(make_context):
    finding = told(head.mixed_precision(make_context({"training.precision": "bfloat16"})))
    assert (finding.severity, finding.change) == ("info", {"training.precision": "float32"})
    assert finding.claim.startswith("The backbone computes in bfloat16: features differ by some 7 %")


@pytest.mark.parametrize(
    ("has_it", "words"),
    [(True, "about twice as fast"), (False, "slower, not faster"), (None, "is not known; without them it is slower")],
)
def test_lower_precision_comes_with_what_this_processor_makes_of_it(make_context, monkeypatch, has_it, words):
    monkeypatch.setattr(head, "has_bfloat16", lambda: has_it)
    finding = told(head.mixed_precision(make_context({"training.precision": "bfloat16"})))
    assert words in finding.claim and finding.evidence["processor_has_it"] is has_it


def test_few_steps_are_told(make_context):
    finding = told(head.too_few_updates(make_context({"training.epochs": 1})))
    assert (finding.severity, finding.change) == ("warning", {"training.epochs": 7})
    assert finding.claim == "1 epoch of 8 batches are 8 steps in all."
    two_phases = told(head.too_few_updates(make_context({"training.epochs": 1, "training.mode": "fine_tune"})))
    assert two_phases.claim == "1 epoch of 8 batches are 8 steps before fine-tuning."
    assert head.too_few_updates(make_context({"training.epochs": 7})) is None
