"""Checks of freezing and learning rates: which backbone weights train, and how fast."""

from core.checks.context import Context
from core.checks.finding import Finding
from core.config import RunConfig, TrainConfig
from core.models.unfreezing import stages

GENTLE = {"adam": 1e-4, "adamw": 1e-4, "rmsprop": 1e-4, "sgd": 1e-2}
"""Learning rate up to which a pretrained backbone keeps what it knows, by optimizer."""


def base_not_frozen(context: Context) -> Finding | None:
    """The whole backbone trains from the first step at a high rate.

    Measured with VGG16 and Adam at 7e-4: accuracy exactly 0.5, predictions constant, all features zero. Could be
    mistaken for class-ordered batches; there the predictions are not constant.
    """
    training = context.config.training
    rate, limit = _backbone_rate(training), GENTLE[_backbone_optimizer(training)]
    if not _trains_all(context) or training.mode != "end_to_end" or rate <= limit:
        return None
    return Finding(
        "base-not-frozen",
        "error",
        f"All {context.backbone.parameters:,} weights of {context.backbone.title} are trained from the first step "
        f"at a learning rate of {rate:g}; above {limit:g} pretrained features are lost.",
        {"trained_backbone_weights": context.backbone.parameters, "learning_rate": rate, "gentle_up_to": limit},
        "Keep the backbone frozen: training.unfreeze_from empty; or train its last blocks later, with "
        "training.mode=fine_tune.",
        {"training.unfreeze_from": ""},
    )


def unfreeze_high_lr(context: Context) -> Finding | None:
    """Blocks of the backbone train at a rate that destroys pretrained features."""
    training = context.config.training
    rate, limit = _backbone_rate(training), GENTLE[_backbone_optimizer(training)]
    if not _unfreezes(training) or rate <= limit:
        return None
    if training.mode == "end_to_end" and _trains_all(context):
        return None  # base-not-frozen says it
    key = "training.finetune_learning_rate" if training.mode == "fine_tune" else "training.learning_rate"
    lowest, falling = _lowest(context.config), _falling(context.config)
    return Finding(
        "unfreeze-high-lr",
        "warning",
        f"The backbone is trained from {lowest or 'its last block'} on at a learning rate of {rate:g}{falling}; "
        f"above {limit:g} pretrained features are lost.",
        {"unfreeze_from": lowest, "learning_rate": rate, "gentle_up_to": limit},
        f"Use a lower learning rate: {key}={limit / 10:g}.",
        {key: limit / 10},
    )


def finetune_from_random_head(context: Context) -> Finding | None:
    """The backbone trains together with a head that is still random, whose gradients are large and mean nothing."""
    training = context.config.training
    if training.mode != "end_to_end" or not training.unfreeze_from:
        return None
    return Finding(
        "finetune-from-random-head",
        "warning",
        f"The backbone is trained from {training.unfreeze_from} on from the first step, while the head is still "
        "random.",
        {"mode": training.mode, "unfreeze_from": training.unfreeze_from},
        "Train the head first: training.mode=fine_tune.",
        {"training.mode": "fine_tune"},
    )


def weights_not_loaded(context: Context) -> Finding | None:
    """The backbone starts from random weights; frozen, its features mean nothing."""
    config = context.config
    if config.model.weights == "imagenet":
        return None
    frozen = config.training.is_frozen
    return Finding(
        "weights-not-loaded",
        "error" if frozen else "warning",
        f"{context.backbone.title} starts from random weights"
        + (" and is never trained: the head learns from random features." if frozen else "."),
        {"weights": config.model.weights, "backbone_trains": not frozen},
        "Use the ImageNet weights: model.weights=imagenet.",
        {"model.weights": "imagenet"},
    )


def freeze_index_wrong(context: Context) -> Finding | None:
    """The block from which training is to begin is the first one: this unfreezes everything, by another name."""
    training = context.config.training
    if not _unfreezes(training) or training.unfreeze_from == "all" or not _trains_all(context):
        return None
    last = context.backbone.blocks[-1]
    return Finding(
        "freeze-index-wrong",
        "info",
        f"{training.unfreeze_from} is the first block of {context.backbone.title}: all its "
        f"{context.backbone.parameters:,} weights are trained.",
        {"unfreeze_from": training.unfreeze_from, "blocks": list(context.backbone.blocks)},
        f"Choose a later block, for instance training.unfreeze_from={last}.",
        {"training.unfreeze_from": last},
    )


def _unfreezes(training: TrainConfig) -> bool:
    """Whether any weight of the backbone trains; fine-tune without a block takes the last one."""
    return training.mode == "fine_tune" or (training.mode == "end_to_end" and bool(training.unfreeze_from))


def _trains_all(context: Context) -> bool:
    training = context.config.training
    names = ["", *("all", context.backbone.blocks[0])]
    plain = training.unfreeze_from.strip().lower().replace("-", "").replace("_", "")
    return _unfreezes(training) and plain in [name.replace("_", "") for name in names[1:]]


def _lowest(config: RunConfig) -> str:
    """The lowest block that trains, in the last stage of fine-tuning; empty where the settings leave it at the last."""
    found = stages(config)
    return found[-1].block if len(found) > 1 else config.training.unfreeze_from


def _falling(config: RunConfig) -> str:
    """What is to be added where lower blocks have lower rates."""
    found, factor = stages(config), config.training.block_rate_factor
    if factor == 1 or not found or found[-1].count == 1:
        return ""
    return f" in its last block, times {factor:g} for each block before it"


def _backbone_optimizer(training: TrainConfig) -> str:
    return training.finetuning_optimizer if training.mode == "fine_tune" else training.optimizer


def _backbone_rate(training: TrainConfig) -> float:
    """The learning rate at which the backbone trains."""
    return training.finetune_learning_rate if training.mode == "fine_tune" else training.learning_rate
