"""What the records of a run must look like. What is not named here is kept as it is; see `records.py`.

Keys may be absent where an earlier version, or a run that has ended early, has not written them; those that may not are
read without asking.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal, NotRequired, get_type_hints

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from core.store.shape_types import (
    STRICT,
    Count,
    EpochNumber,
    Interval,
    Moment,
    Names,
    Number,
    Plain,
    Seconds,
    Share,
    Text,
    of_one_length,
)
from core.store.status import STATUSES, Status

MOST_FILES = 1_000_000

_WRITTEN = tuple(name for name in STATUSES if name != "damaged")


def _status_record() -> Any:
    """The fields of `Status`, each as that class says; `status` itself must be there."""
    hints = get_type_hints(Status, include_extras=True)
    keys: dict[str, Any] = {f.name: NotRequired[hints[f.name]] for f in fields(Status)}
    record = TypedDict("record", {**keys, "status": Literal[_WRITTEN]})  # type: ignore[misc]
    return with_config(STRICT)(record)


StatusRecord = _status_record()

Owner = Annotated[str, Field(strict=True, max_length=1000)]


@with_config(STRICT)
class Deleted(TypedDict):
    """deleted.json of a run in the trash."""

    time: Moment


@with_config(STRICT)
class Note(TypedDict):
    """note.json."""

    text: str
    tags: Annotated[list[str], Field(max_length=1000)]


@with_config(STRICT)
class ClusterJob(TypedDict, total=False):
    """job.json."""

    job: str
    attempt: Annotated[int, Field(ge=0, le=10**6)]


@with_config(STRICT)
class Event(TypedDict, total=False):
    """One line of events.jsonl."""

    event: Annotated[str, Field(max_length=200)]
    time: Moment
    epoch: EpochNumber
    phase: Annotated[str, Field(max_length=200)]
    seconds: Seconds
    message: str
    loss: Number | None
    accuracy: Share | None
    auc: Share | None
    val_loss: Number | None
    val_accuracy: Share | None
    val_auc: Share | None
    learning_rate: Annotated[float, Field(ge=0, le=1e6)] | None


@with_config(STRICT)
class Finding(TypedDict):
    """One entry of findings.json."""

    id: Text
    severity: Literal["error", "warning", "info"]
    claim: Text
    evidence: NotRequired[Plain]
    remedy: NotRequired[str]
    change: NotRequired[Plain]


@with_config(STRICT)
class Findings(TypedDict):
    """findings.json."""

    findings: Annotated[list[Finding], Field(max_length=1000)]


@with_config(STRICT)
class ImageRecord(TypedDict):
    """One file in manifest.json."""

    path: Text
    label: Text
    sha256: NotRequired[Text]


Files = Annotated[list[ImageRecord], Field(max_length=MOST_FILES)]


@with_config(STRICT)
class Manifest(TypedDict, total=False):
    """manifest.json."""

    root: Text
    classes: Names
    train: Files
    val: Files
    test: Files
    test_as_validation: bool
    corrections: Plain
    split_file: Plain | None
    imported: Plain


@with_config(STRICT)
class ClassFigures(TypedDict):
    """What a model does on one class."""

    precision: Share | None
    recall: Share | None
    f1: Share | None
    support: Count


def _curve(record: Any) -> Any:
    of_one_length(record, "false_positive_rate", "true_positive_rate")
    return record


@with_config(STRICT)
class Roc(TypedDict):
    """A class's ROC curve."""

    false_positive_rate: Annotated[list[Share], Field(min_length=1, max_length=10_000)]
    true_positive_rate: list[Share]
    auc: Share | None


@with_config(STRICT)
class Mistake(TypedDict):
    """An image that a model reads wrongly."""

    file: Text
    label: Text
    predicted: Text
    probability: Share


@with_config(STRICT)
class Part(TypedDict):
    """What a model does on the validation or test images."""

    accuracy: Share
    count: NotRequired[Annotated[int, Field(ge=1, le=10**9)]]
    correct: NotRequired[Count]
    interval: NotRequired[Interval]
    auc: NotRequired[Share | None]
    loss: NotRequired[Number | None]
    majority_class: NotRequired[Text]
    majority_share: NotRequired[Share]
    confusion: NotRequired[list[list[Count]]]
    per_class: NotRequired[Annotated[list[ClassFigures], Field(max_length=10_000)]]
    roc: NotRequired[dict[Text, Annotated[Roc, AfterValidator(_curve)]]]
    worst: NotRequired[Annotated[list[Mistake], Field(max_length=1000)]]


def _square(record: Any) -> Any:
    """The confusion matrices are of the classes."""
    classes = len(record.get("classes", []))
    for part in (record[name] for name in ("val", "test") if name in record):
        table = part.get("confusion")
        if table is not None and [len(row) for row in table] != [classes] * classes:
            raise ValueError(f"a confusion matrix must have {classes} rows and columns, as there are classes")
        if part.get("correct", 0) > part.get("count", 10**15):
            raise ValueError("more images are called right than there are")
    return record


@with_config(STRICT)
class _Evaluation(TypedDict, total=False):
    classes: Names
    weights: Text
    val: Part
    test: Part


Evaluation = Annotated[_Evaluation, AfterValidator(_square)]
