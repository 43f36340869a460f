"""What the records of jobs must look like: of bisects, sweeps, searches for a learning rate and reviews of labels."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from core.config import keys, setting
from core.errors import ConfigError
from core.setting import convert
from core.store.record_types import STRICT, Count, Interval, Names, Number, Plain, Record, Share, Text, of_one_length

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
    config: Plain
    arms: Annotated[list[Plain], Field(max_length=MOST_TRIALS)]
    budget_minutes: Budget


Result = Plain
"""result.json of any job."""


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
class Cost(TypedDict, total=False):
    """Minutes."""

    estimated_minutes: Minutes
    spent_minutes: Minutes
    budget_minutes: Budget


@with_config(STRICT)
class SweepCost(TypedDict):
    """Minutes."""

    spent_minutes: Minutes
    budget_minutes: Budget


@with_config(STRICT)
class BisectTrial(TypedDict):
    """One training of a bisect."""

    name: Text
    base: Side
    settings: Plain
    from_b: Names
    seed: Count
    run: RunId | None
    value: Share | None
    interval: Interval | None
    status: State
    seconds: Annotated[float, Field(ge=0, le=1e9)]


@with_config(STRICT)
class BisectTest(TypedDict):
    """One factor switched in one direction."""

    factor: Text
    direction: Text
    base: Side


@with_config(STRICT)
class Gap(TypedDict):
    """Between the two ends."""

    value: Number | None
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)] | None


@with_config(STRICT)
class Noise(TypedDict):
    """Values of the two ends with other seeds."""

    a: Annotated[list[Share | None], Field(max_length=MOST_TRIALS)]
    b: Annotated[list[Share | None], Field(max_length=MOST_TRIALS)]
    spread: Number | None


@with_config(STRICT)
class Skipped(TypedDict):
    """A setting that is not tried."""

    key: Text
    reason: Text


def _measured(record: Any) -> Any:
    """What has a value has an interval."""
    for row in record["arms"]:
        if row["value"] is not None and row["interval"] is None:
            raise ValueError("a trial with a value must have an interval")
    if (gap := record.get("gap")) and gap["value"] is not None and gap["interval"] is None:
        raise ValueError("a gap must have an interval")
    return record


@with_config(STRICT)
class _Bisect(TypedDict):
    id: NotRequired[Text]
    runs: Pair
    titles: Pair
    metric: Text
    verdict: Text | None
    factors: Names
    sentence: Text
    good: Literal["", "a", "b"]
    gap: Gap
    noise: Noise
    tests: Annotated[list[BisectTest], Field(max_length=MOST_TRIALS)]
    arms: Annotated[list[BisectTrial], Field(max_length=MOST_TRIALS)]
    candidates: Names
    skipped: Annotated[list[Skipped], Field(max_length=1000)]
    cost: Cost


Bisect = Annotated[_Bisect, AfterValidator(_measured)]


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


def _swept(record: Any) -> Any:
    """Every trial has a value for each varied setting, and every finished one its figures."""
    _measured(record)
    for row in record["arms"]:
        if missing := set(record["varied"]) - row["settings"].keys():
            raise ValueError(f"a trial lacks {min(missing)[:100]}")
        if row["status"] == "finished" and None in (row["value"], row["interval"], row["epochs"]):
            raise ValueError("a finished trial must have its figures")
    if (best := record["best"]) and best["arm"] >= len(record["arms"]):
        raise ValueError("the best trial must be one of the trials")
    return record


@with_config(STRICT)
class _Sweep(TypedDict):
    id: NotRequired[Text]
    metric: NotRequired[Text]
    varied: Names
    arms: Annotated[list[SweepTrial], Field(max_length=MOST_TRIALS)]
    best: Best | None
    sentence: Text
    cost: SweepCost


Sweep = Annotated[_Sweep, AfterValidator(_swept)]

Rates = Annotated[list[Annotated[float, Field(gt=0, le=1e6)]], Field(min_length=1, max_length=MOST_STEPS)]


def _steps(record: Any) -> Any:
    of_one_length(**{name: record[name] for name in ("rates", "losses", "smoothed")})
    if (record["valley"] is None) != (record["steep"] is None):
        raise ValueError("valley and steep come together")
    return record


@with_config(STRICT)
class _Rate(TypedDict):
    rates: Rates
    losses: list[Number | None]
    smoothed: list[Number | None]
    valley: Annotated[float, Field(gt=0, le=1e6)] | None
    steep: Annotated[float, Field(gt=0, le=1e6)] | None
    steps: Count
    seconds: Annotated[float, Field(ge=0, le=1e9)]


Rate = Annotated[_Rate, AfterValidator(_steps)]

Point = Annotated[list[Number], Field(min_length=2, max_length=2)]


@with_config(STRICT)
class ReviewedFile(TypedDict):
    """One image of a review."""

    file: Text
    label: Text
    suggested: Text
    score: Share
    issue: bool
    neighbours: Annotated[int, Field(ge=0, le=1000)]
    x: Number
    y: Number
    tsne: NotRequired[Point | None]


@with_config(STRICT)
class Review(TypedDict):
    """result.json of a review of labels."""

    method: Text
    pictures: Count
    issues: NotRequired[Count]
    explained: Point
    files: Annotated[list[ReviewedFile], Field(max_length=1_000_000)]


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
