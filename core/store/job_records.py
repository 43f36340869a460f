"""What the records of jobs must look like: of bisects, sweeps, searches for a learning rate and reviews of labels."""

from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, Field, model_validator, with_config
from typing_extensions import TypedDict

from core.config import keys, setting
from core.errors import ConfigError
from core.setting import convert
from core.store.record_types import STRICT, Count, Interval, Names, Number, Plain, Record, Share, Text, of_one_length
from core.store.run_records import FindingRecord

MOST_TRIALS, MOST_STEPS = 10_000, 100_000

Minutes = Annotated[float, Field(ge=0, le=1e7)]
Budget = Annotated[float, Field(gt=0, le=1e7)]
RunId = Annotated[str, Field(max_length=200)]
Pair = Annotated[list[Text], Field(min_length=2, max_length=2)]
Side = Literal["a", "b"]
State = Literal["waiting", "running", "finished", "failed"]


@with_config(STRICT)
class JobSettings(TypedDict, total=False):
    """config.json of a job of any kind."""

    kind: Text
    runs: Annotated[list[RunId], Field(min_length=2, max_length=2)]
    review: Text
    key: Text
    answers: Text
    config: Plain
    arms: Annotated[list[Plain], Field(max_length=MOST_TRIALS)]
    budget_minutes: Budget
    folds: Annotated[int, Field(ge=2, le=100)]
    repeats: Annotated[int, Field(ge=1, le=1000)]
    brought: bool


@with_config(STRICT)
class Cost(TypedDict, total=False):
    """Minutes."""

    promised_minutes: Minutes
    estimated_minutes: Minutes
    spent_minutes: Minutes
    budget_minutes: Budget


@with_config(STRICT)
class TrialRun(TypedDict, total=False):
    """The least that a trial says: which run it has trained."""

    run: RunId | None


@with_config(STRICT)
class Trials(TypedDict, total=False):
    """What the results of bisects and sweeps have in common."""

    runs: list[RunId]
    arms: Annotated[list[TrialRun], Field(max_length=MOST_TRIALS)]


@with_config(STRICT)
class Spent(TypedDict, total=False):
    """What they say of their cost."""

    cost: Cost


@with_config(STRICT)
class SweepCost(TypedDict):
    """Minutes."""

    spent_minutes: Minutes
    budget_minutes: Budget


def measured(record: Any) -> Any:
    """What has a value has an interval."""
    for row in record["arms"]:
        if row["value"] is not None and row["interval"] is None:
            raise ValueError("a trial with a value must have an interval")
    if (gap := record.get("gap")) and gap["value"] is not None and gap["interval"] is None:
        raise ValueError("a gap must have an interval")
    return record


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    """Settings that there are, with values of their types."""
    for key, value in values.items():
        if key not in keys():
            raise ValueError(f"there is no setting {key[:100]}")
        try:
            convert(key, setting(key), value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
    return values


TrialSettings = Annotated[Plain, AfterValidator(_settings)]


@with_config(STRICT)
class SweepOutcome(TypedDict, total=False):
    """What came of a training of a sweep."""

    status: State
    value: Share | None
    interval: Interval | None
    loss: Number | None
    auc: Share | None
    epochs: Count | None


@with_config(STRICT)
class SweepTrial(TypedDict):
    """One training of a sweep."""

    name: Text
    settings: TrialSettings
    run: RunId | None
    status: State
    value: Share | None
    interval: Interval | None
    loss: Number | None
    auc: Share | None
    epochs: Count | None
    seconds: Annotated[float, Field(ge=0, le=1e9)]


@with_config(STRICT)
class Best(TypedDict):
    """The best trial of a sweep."""

    arm: Count
    run: RunId
    settings: TrialSettings
    value: Share
    optimism: Number
    pictures: NotRequired[Count]
    expected: NotRequired[Number]
    expected_interval: NotRequired[list[Number]]
    alike: NotRequired[Count]


def _swept(record: Any) -> Any:
    """Every trial has a value for each varied setting, and every finished one its figures."""
    measured(record)
    for row in record["arms"]:
        if missing := set(record["varied"]) - row["settings"].keys():
            raise ValueError(f"a trial lacks {min(missing)[:100]}")
        if row["status"] == "finished" and None in (row["value"], row["interval"], row["epochs"]):
            raise ValueError("a finished trial must have its figures")
    if (best := record["best"]) and best["arm"] >= len(record["arms"]):
        raise ValueError("the best trial must be one of the trials")
    return record


@with_config(STRICT)
class SweepResult(TypedDict):
    """result.json of a sweep. A dictionary, as its worker goes on changing it."""

    id: NotRequired[Text]
    metric: NotRequired[Text]
    varied: Names
    arms: Annotated[list[SweepTrial], Field(max_length=MOST_TRIALS)]
    best: Best | None
    sentence: Text
    cost: SweepCost


Sweep = Annotated[SweepResult, AfterValidator(_swept)]

Rates = Annotated[list[Annotated[float, Field(gt=0, le=1e6)]], Field(min_length=1, max_length=MOST_STEPS)]


class RangeTest(Record):
    """result.json of a learning-rate search."""

    rates: Rates
    losses: list[Number | None]
    smoothed: list[Number | None]
    valley: Annotated[float, Field(gt=0, le=1e6)] | None
    steep: Annotated[float, Field(gt=0, le=1e6)] | None
    steps: Count
    diverged: bool = False
    seconds: Annotated[float, Field(ge=0, le=1e9)]

    @model_validator(mode="after")
    def _curves(self) -> Self:
        of_one_length(rates=self.rates, losses=self.losses, smoothed=self.smoothed)
        if (self.valley is None) != (self.steep is None):
            raise ValueError("valley and steep come together")
        return self


Point = Annotated[list[Number], Field(min_length=2, max_length=2)]


@with_config(STRICT)
class ReviewedFile(TypedDict):
    """One image of a review. A dictionary, as there may be a million of them."""

    file: Text
    label: Text
    suggested: Text
    score: Share
    issue: bool
    neighbours: Annotated[int, Field(ge=0, le=1000)]
    x: Number
    y: Number
    tsne: NotRequired[Point | None]


class ReviewResult(Record):
    """result.json of a review of labels."""

    method: Text
    pictures: Count
    issues: Count = 0
    explained: Point
    files: Annotated[list[ReviewedFile], Field(max_length=1_000_000)]
    cross_validation: Text = ""
    """The one whose answers have judged the labels; empty where a simple head has."""


class FeatureCheckResult(Record):
    """result.json of the checks with features."""

    findings: Annotated[list[FindingRecord], Field(max_length=1000)]
    not_run: Annotated[dict[Text, Text], Field(max_length=1000)] = {}
    images: Count = 0


class ProbeStage(Record):
    """What a probe has found at one stage."""

    stage: Text
    largest_difference: Number | None
    file: Text = ""
    a: Number | None = None
    b: Number | None = None
    note: Text = ""


class Probe(Record):
    """What a probe of two runs has measured."""

    pictures: Names = []
    stages: Annotated[list[ProbeStage], Field(max_length=1000)]


@with_config(STRICT)
class Puzzle(TypedDict, total=False):
    """puzzle.json of the home."""

    runs: Annotated[list[RunId], Field(min_length=2, max_length=2)]
    bisect: RunId
    problem: str
