"""The records of a run. What is not named here is kept as it is; see `records.py`, which reads and writes them."""

from dataclasses import fields
from typing import Annotated, Any, Literal, NotRequired, Self, get_type_hints

from pydantic import Field, model_validator, with_config
from typing_extensions import TypedDict

from core.store.record_types import (
    STRICT,
    Count,
    EpochNumber,
    Interval,
    Moment,
    Names,
    Number,
    Plain,
    Rate,
    Record,
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
    keys: dict[str, object] = {f.name: NotRequired[hints[f.name]] for f in fields(Status)}
    record = TypedDict("record", {**keys, "status": Literal[_WRITTEN]})  # type: ignore[misc]
    return with_config(STRICT)(record)


StatusRecord = _status_record()
"""status.json: what `Status` is made of."""

Owner = Annotated[str, Field(strict=True, max_length=1000)]
"""owner.json."""

RunColours = dict[Annotated[str, Field(strict=True, max_length=60)], Annotated[int, Field(strict=True, ge=0, lt=100)]]
"""colours.json of the home: the number of each run's colour, by its id."""


class CostRecord(Record):
    """One entry of costs.json."""

    kind: Annotated[str, Field(strict=True, max_length=40)]
    seconds: Seconds
    network: Annotated[str, Field(strict=True, max_length=100)] = ""
    size: Count = 0
    block: Annotated[str, Field(strict=True, max_length=100)] = ""
    time: Moment = 0.0
    machine: Annotated[str, Field(strict=True, max_length=200)] = ""


class CostRecords(Record):
    """costs.json of the home: what work takes on each machine; see core/estimate/measured.py."""

    costs: Annotated[list[CostRecord], Field(max_length=1000)] = []


class Deleted(Record):
    """deleted.json of a run in the trash."""

    time: Moment


class NoteRecord(Record):
    """note.json."""

    text: str
    tags: Annotated[list[str], Field(max_length=1000)]


@with_config(STRICT)
class ClusterJob(TypedDict, total=False):
    """job.json."""

    job: str
    attempt: Annotated[int, Field(ge=0, le=10**6)]


class Event(Record):
    """One line of events.jsonl."""

    event: Annotated[str, Field(max_length=200)] = ""
    time: Moment | None = None
    epoch: EpochNumber = 0
    phase: Annotated[str, Field(max_length=200)] = ""
    seconds: Seconds = 0.0
    message: str = ""
    run: Text = ""
    """Of `mlflow`: the id it has there."""
    loss: Number | None = None
    accuracy: Share | None = None
    auc: Share | None = None
    val_loss: Number | None = None
    val_accuracy: Share | None = None
    val_auc: Share | None = None
    learning_rate: Rate | None = None


_FIGURES = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "learning_rate")


class EpochRecord(Event):
    """A finished epoch: the event that has its figures."""

    event: Literal["epoch"]
    epoch: EpochNumber

    def figure(self, name: str) -> float | None:
        """The value of a metric, by its name in `METRICS`, or of `learning_rate`; None where it was not measured."""
        value: float | None = getattr(self, name) if name in _FIGURES else None
        return value


class FindingRecord(Record):
    """One entry of findings.json."""

    id: Text
    severity: Literal["error", "warning", "info"]
    claim: Text
    evidence: Plain = {}
    remedy: str = ""
    change: Plain = {}
    symptoms: Annotated[list[Plain], Field(max_length=100)] = []


class Findings(Record):
    """findings.json."""

    findings: Annotated[list[FindingRecord], Field(max_length=1000)]


@with_config(STRICT)
class ImageRecord(TypedDict):
    """One file in manifest.json. A dictionary, as there may be a million of them: objects would take three times the
    memory and the time (550 MB and 3.6 s, measured)."""

    path: Text
    label: Text
    sha256: NotRequired[Text]
    split: NotRequired[Text]
    group: NotRequired[Text]
    fold: NotRequired[Text]
    width: NotRequired[Count]
    height: NotRequired[Count]
    mode: NotRequired[Text]
    format: NotRequired[Text]


Files = Annotated[list[ImageRecord], Field(max_length=MOST_FILES)]


class Manifest(Record):
    """manifest.json."""

    root: Text = ""
    classes: Names = []
    train: Files = []
    val: Files = []
    test: Files = []
    test_as_validation: bool = False
    layout: Text = ""
    """How the folders were read, as `--layout` takes it."""
    corrections: Plain = {}
    split_file: Plain | None = None
    window: Annotated[list[Number], Field(min_length=2, max_length=2)] | Literal["full"] | None = None
    """Of deep images, where it was measured: what becomes black and white."""
    imported: Plain = {}

    def part(self, name: str) -> list[ImageRecord]:
        """The files of `train`, `val` or `test`."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]


class ClassFigures(Record):
    """What a model does on one class."""

    name: Text = Field(default="", alias="class")
    precision: Share | None
    recall: Share | None
    f1: Share | None
    support: Count


class Roc(Record):
    """A class's ROC curve."""

    false_positive_rate: Annotated[list[Share], Field(min_length=1, max_length=10_000)]
    true_positive_rate: list[Share]
    auc: Share | None

    @model_validator(mode="after")
    def _points(self) -> Self:
        of_one_length(false_positive_rate=self.false_positive_rate, true_positive_rate=self.true_positive_rate)
        return self


class Mistake(Record):
    """An image that a model reads wrongly."""

    file: Text
    label: Text
    predicted: Text
    probability: Share | None
    true_probability: Share | None = None


class PartFigures(Record):
    """What a model does on the validation or test images."""

    accuracy: Share
    count: Annotated[int, Field(ge=1, le=10**9)] | None = None
    correct: Count | None = None
    interval: Interval | None = None
    groups: Count | None = None
    """Groups of images, such as patients, that the interval counts; none where every image stands for itself."""
    auc: Share | None = None
    loss: Number | None = None
    majority_class: Text = ""
    majority_share: Share | None = None
    confusion: list[list[Count]] = []
    per_class: Annotated[list[ClassFigures], Field(max_length=10_000)] = []
    roc: dict[Text, Roc] = {}
    worst: Annotated[list[Mistake], Field(max_length=1000)] = []


class Recorded(Record):
    """recorder.json: the training ran elsewhere, in somebody's own code; parity_recorder.py has written this."""

    recorder: Annotated[int, Field(ge=1, le=1000)]
    keras: Text = ""
    backend: Text = ""
    settings: Names = []
    """Keys of the settings that are known; the others of the configuration have their defaults and say nothing."""
    trained_weights: dict[str, Count] = {}
    """How many weights of `base` and `head` the training was to change."""
    seconds: Seconds = 0.0
    """What the recording took during the training."""
    training_seconds: Seconds = 0.0
    files: bool = True
    """Whether the images are known as files; else by their pixels."""
    watched: Count = 0
    """Validation images that were predicted after each epoch."""


class Evaluation(Record):
    """evaluation.json."""

    classes: Names = []
    weights: Text = ""
    val: PartFigures | None = None
    test: PartFigures | None = None

    def part(self, name: str) -> PartFigures | None:
        """The figures of `val` or `test`; None where there are no such images."""
        return {"val": self.val, "test": self.test}[name]

    @property
    def parts(self) -> dict[str, PartFigures]:
        """The parts that there are, by name."""
        return {name: part for name in ("val", "test") if (part := self.part(name)) is not None}

    @model_validator(mode="after")
    def _square(self) -> Self:
        """The confusion matrices are of the classes."""
        classes = len(self.classes)
        for part in self.parts.values():
            if "confusion" in part.model_fields_set and [len(row) for row in part.confusion] != [classes] * classes:
                raise ValueError(f"a confusion matrix must have {classes} rows and columns, as there are classes")
            if part.correct is not None and part.count is not None and part.correct > part.count:
                raise ValueError("more images are counted as correct than there are")
        return self
