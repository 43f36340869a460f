"""What trace.json must look like: the record of a training, from which findings and comparisons come."""

from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from core.store.shape_types import STRICT, Count, EpochNumber, Names, Number, Plain, Share, Text, of_one_length

MOST_EPOCHS, MOST_BATCHES = 100_000, 100_000


@with_config(STRICT)
class Hashes(TypedDict):
    """Of weights, before a training and after."""

    base: Text | None
    statistics: NotRequired[Text | None]
    head: NotRequired[Text | None]
    base_after: NotRequired[Text | None]
    statistics_after: NotRequired[Text | None]
    head_after: NotRequired[Text | None]


@with_config(STRICT)
class DataHashes(TypedDict):
    """Of files and labels."""

    train: Text
    val: Text
    labels: Text


@with_config(STRICT)
class Sample(TypedDict):
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
    features: NotRequired[Text | None]
    features_mean: NotRequired[Number | None]
    features_std: NotRequired[Number | None]


Figures = Annotated[list[Number | None], Field(max_length=MOST_BATCHES)]
Mix = Annotated[
    list[list[Annotated[int, Field(ge=0, le=100_000)]]],
    Field(max_length=MOST_BATCHES),
]


@with_config(STRICT)
class TracedEpoch(TypedDict):
    """One epoch of trace.json."""

    epoch: EpochNumber
    phase: NotRequired[Text]
    draw: Count
    order: Text
    batch_orders: Annotated[list[Text], Field(max_length=MOST_BATCHES)]
    mix: Mix
    losses: Figures
    gradient_norms: Figures
    loss: Number | None
    accuracy: Share | None
    val_loss: Number | None
    val_accuracy: Share | None
    val_auc: Share | None
    predicted_class: Text
    predicted_share: Share
    prediction_std: Number | None
    best_threshold_accuracy: Share | None
    dead_units: Share | None
    feature_mean: NotRequired[Number | None]
    feature_std: NotRequired[Number | None]
    moved_blocks: NotRequired[Names | None]
    learning_rate: NotRequired[Annotated[float, Field(ge=0, le=1e6)] | None]
    head: NotRequired[Text | None]
    base: NotRequired[Text | None]


def _rows(record: Any) -> Any:
    """Every batch has a number for each class, and a norm for each loss."""
    classes = len(record["classes"])
    for epoch in record["epochs"]:
        if any(len(row) != classes for row in epoch["mix"]):
            raise ValueError(f"the mix of a batch must have {classes} numbers, as there are classes")
        of_one_length(epoch, "losses", "gradient_norms")
    return record


@with_config(STRICT)
class _Trace(TypedDict):
    environment: Plain
    data: DataHashes
    hashes: Hashes
    classes: Names
    samples: Annotated[list[Sample], Field(max_length=MOST_BATCHES)]
    inputs: NotRequired[Annotated[list[Plain], Field(max_length=MOST_BATCHES)]]
    epochs: Annotated[list[TracedEpoch], Field(max_length=MOST_EPOCHS)]


Trace = Annotated[_Trace, AfterValidator(_rows)]
