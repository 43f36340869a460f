"""trace.json: the record of a training, from which findings and comparisons come."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.store.record_types import Count, EpochNumber, Names, Number, Plain, Rate, Record, Share, Text, of_one_length

MOST_EPOCHS, MOST_BATCHES = 100_000, 100_000

MOST_CONFUSION = 12
"""With more classes the confusion matrix of an epoch, and the label mix of its batches, are not recorded."""


class Hashes(Record):
    """Of weights, before a training and after."""

    base: Text | None
    statistics: Text | None = None
    head: Text | None = None
    base_after: Text | None = None
    statistics_after: Text | None = None
    head_after: Text | None = None


class DataHashes(Record):
    """Of files and labels."""

    train: Text
    val: Text
    labels: Text


class Sample(Record):
    """An image followed to its features."""

    epoch: EpochNumber
    draw: Count
    file: Text
    path: Text
    decoded: Text
    decoded_mean: Number | None
    pixels: Text
    pixels_mean: Number | None
    input: Text
    mean: Number | None
    std: Number | None
    features: Text | None = None
    features_mean: Number | None = None
    features_std: Number | None = None
    min: Number | None = None
    max: Number | None = None


class TracedInput(Record):
    """One of the first batches, as the network was given it."""

    epoch: EpochNumber = 0
    batch: Count = 0
    kind: Text = ""
    order: Text = ""
    count: Count = 0
    pixels: Text | None = None
    features: Text | None = None
    min: Number | None = None
    max: Number | None = None
    mean: Number | None = None
    std: Number | None = None


Figures = Annotated[list[Number | None], Field(max_length=MOST_BATCHES)]
Mix = Annotated[
    list[list[Annotated[int, Field(ge=0, le=100_000)]]],
    Field(max_length=MOST_BATCHES),
]


class TracedEpoch(Record):
    """One epoch of trace.json."""

    epoch: EpochNumber
    phase: Text = ""
    draw: Count
    order: Text
    batches: Count = 0
    seen: Count = 0
    mixing: Text | None = None
    batch_orders: Annotated[list[Text], Field(max_length=MOST_BATCHES)]
    mix: Mix
    losses: Figures
    gradient_norms: Figures
    greatest_norm: Number | None = None
    loss: Number | None
    accuracy: Share | None
    val_loss: Number | None
    val_accuracy: Share | None
    val_auc: Share | None
    learning_rate: Rate | None = None
    val_log_loss: Number | None = None
    positive_share: Share | None = None
    predicted_class: Text
    predicted_share: Share
    prediction_std: Number | None
    best_threshold_accuracy: Share | None
    confidence: Share | None = None
    confusion: Annotated[list[list[Count]], Field(max_length=MOST_CONFUSION)] = []
    dead_units: Share | None
    feature_mean: Number | None = None
    feature_std: Number | None = None
    moved_blocks: Names | None = None
    head: Text | None = None
    base: Text | None = None

    @property
    def log_loss(self) -> float | None:
        """Of the validation images, whatever their loss is made of; of a trace that does not have it, the loss."""
        return self.val_loss if self.val_log_loss is None else self.val_log_loss

    @model_validator(mode="after")
    def _steps(self) -> Self:
        """Every loss has a norm."""
        of_one_length(losses=self.losses, gradient_norms=self.gradient_norms)
        return self


class Elsewhere(Record):
    """What a trace that was recorded in somebody's own code knows an image by; gradients and features it has none."""

    files: bool
    """Whether images are known as files; else `data` has hashes of their pixels."""
    batches: Literal["files", "content"]
    """What the order of the batches is told by: files, or the pixels as the network was given them."""


class TraceHead(Record):
    """trace.json without the epochs, which are written one by one."""

    format: Count = 0
    environment: Plain
    data: DataHashes
    hashes: Hashes
    classes: Names
    samples: Annotated[list[Sample], Field(max_length=MOST_BATCHES)]
    inputs: Annotated[list[TracedInput], Field(max_length=MOST_BATCHES)] = []
    elsewhere: Elsewhere | None = None


class Trace(TraceHead):
    """trace.json."""

    epochs: Annotated[list[TracedEpoch], Field(max_length=MOST_EPOCHS)]

    @model_validator(mode="after")
    def _rows(self) -> Self:
        """Every batch has a number for each class."""
        classes = len(self.classes)
        if any(len(row) != classes for epoch in self.epochs for row in (*epoch.mix, *epoch.confusion)):
            raise ValueError(f"the mix of a batch must have {classes} numbers, as there are classes")
        if any(len(epoch.confusion) not in (0, classes) for epoch in self.epochs):
            raise ValueError(f"a confusion matrix must have {classes} rows, as there are classes")
        return self

    def versions(self, names: dict[str, str]) -> list[str]:
        """Which versions of libraries the run had, in words.

        Args:
            names: dict. A key of `environment`, such as `keras`, to what to call it.
        """
        found = self.environment
        return [f"{word} {found[key]}" for key, word in names.items() if isinstance(found.get(key), str)]
