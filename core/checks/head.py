"""Checks of the head: learning rate, dropout, pooling, number of steps, weights kept, precision."""

import math

from core.checks.context import Context, percent
from core.checks.finding import Finding
from core.data.order import batches_per_epoch
from core.models.cpu import has_bfloat16
from core.notation.head import lowered

_STEPS = 50
"""Steps below which hardly any head has learned."""


def dropout_too_strong(context: Context) -> Finding | None:
    """More than half of the head's inputs are dropped.

    Measured with 0.7: training accuracy stays below validation accuracy, but it is not what pins accuracy at chance.
    """
    model = context.config.model
    rate = model.whole_head.dropout
    if rate <= 0.5:
        return None
    weaker = lowered(model.head, 0.5) if model.head else ""
    return Finding(
        "dropout-too-strong",
        "info",
        f"{percent(rate)} of the inputs of {'a layer' if weaker else 'each layer'} of the head are dropped in "
        "training; its training accuracy will stay below its validation accuracy.",
        {"dropout": rate},
        f"One half at most is usual: {f'model.head={weaker}' if weaker else 'model.dropout=0.5'}.",
        {"model.head": weaker} if weaker else {"model.dropout": 0.5},
    )


def batch_norm_of_one(context: Context) -> Finding | None:
    """Batch normalisation in the head with batches of one image: less its own mean every value is zero in training.

    Measured on 160 X-rays: training accuracy 0.46 after 6 epochs, 0.97 with batches of 32.
    """
    config = context.config
    normalised = any(layer.kind == "batch_norm" for layer in config.model.whole_head.layers)
    if not normalised or config.data.batch_size > 1:
        return None
    return Finding(
        "batch-norm-of-one",
        "error",
        "The head has batch normalisation, and a batch is one image: less the mean of the batch every value is zero "
        "in training, whatever the image, so nothing can be learned from it.",
        {"batch_size": config.data.batch_size, "head": config.model.head},
        "Use larger batches, data.batch_size=32, or a head without batch_norm.",
        {"data.batch_size": 32},
    )


def flatten_vs_gap(context: Context) -> Finding | None:
    """A head on the flattened map has hundreds of weights for each training image."""
    model, count = context.config.model, len(context.train)
    if model.pooling != "flatten" or not count:
        return None
    side = context.backbone.map_side(context.config.data.image_size)
    outputs = 1 if len(context.dataset.classes) == 2 else len(context.dataset.classes)
    flat, pooled = (
        model.whole_head.weights(context.backbone.channels * positions, outputs) for positions in (side * side, 1)
    )
    if flat <= 100 * count:
        return None
    return Finding(
        "flatten-vs-gap",
        "info",
        f"With flatten, the head has about {flat:,} weights for {count:,} training images; with average pooling it "
        f"would have {pooled:,}.",
        {"flatten": flat, "average": pooled, "training_pictures": count},
        "Use average pooling: model.pooling=average.",
        {"model.pooling": "average"},
    )


def last_vs_best_weights(context: Context) -> Finding | None:
    """Without early stopping the last epoch's weights are the result, even if an earlier epoch was better."""
    training = context.config.training
    if training.early_stopping or training.epochs < 5:
        return None
    return Finding(
        "last-vs-best-weights",
        "info",
        f"Early stopping is off: after {training.epochs} epochs the weights of the last epoch are kept, not those "
        "of the best.",
        {"epochs": training.epochs, "early_stopping": 0},
        "Keep the best epoch: training.early_stopping=5.",
        {"training.early_stopping": 5},
    )


def mixed_precision(context: Context) -> Finding | None:
    """The backbone computes with 8 bits of precision; features differ by some 7 % of their spread from float32."""
    if context.config.training.precision != "bfloat16":
        return None
    return Finding(
        "mixed-precision",
        "info",
        "The backbone computes in bfloat16: features differ by some 7 % of their standard deviation from those in "
        f"float32, so figures of the two cannot be compared exactly. {_SPEED[has_bfloat16()]}",
        {"precision": "bfloat16", "processor_has_it": has_bfloat16()},
        "For comparisons use training.precision=float32.",
        {"training.precision": "float32"},
    )


# `make bench`: on such a processor VGG16 at 150 pixels was 1.9 times as fast, EfficientNet-Lite0 with its depthwise
# convolutions 0.7 times.
_SPEED = {
    True: "This processor has instructions for it: networks of plain convolutions such as VGG16 are about twice as "
    "fast, those of depthwise convolutions (EfficientNet, MobileNet) are not.",
    False: "This processor has no instructions for it, so it will be slower, not faster.",
    None: "Whether this processor has instructions for it is not known; without them it is slower.",
}


def too_few_updates(context: Context) -> Finding | None:
    """So few steps before any fine-tuning that the head can hardly have learned, whatever the settings."""
    data, epochs = context.config.data, context.config.training.epochs
    per_epoch = batches_per_epoch(len(context.train), data.batch_size, data.drop_remainder)
    if not per_epoch or per_epoch * epochs >= _STEPS:
        return None
    needed = math.ceil(_STEPS / per_epoch)
    whole = "before fine-tuning" if context.config.training.mode == "fine_tune" else "in all"
    return Finding(
        "too-few-updates",
        "warning",
        f"{epochs} {'epoch' if epochs == 1 else 'epochs'} of {per_epoch} {'batch' if per_epoch == 1 else 'batches'} "
        f"are {per_epoch * epochs} steps {whole}.",
        {"epochs": epochs, "batches_per_epoch": per_epoch, "steps": per_epoch * epochs},
        f"Train longer: training.epochs={needed}.",
        {"training.epochs": needed} if needed <= 1000 else {},
    )
