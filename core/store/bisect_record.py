"""result.json of a bisect: what its worker writes, and pages, command line and report read."""

from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from core.store.job_records import MOST_TRIALS, Cost, Pair, RunId, Side, State, measured
from core.store.record_types import STRICT, Count, Interval, Names, Number, Plain, Share, Text


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
    auc: NotRequired[Share | None]
    own: NotRequired[bool]


class TrialRow(BisectTrial):
    """The trainings of one combination of settings as one row of a chart; see `core.bisect.arm_rows`."""

    counted: str
    trainings: list[BisectTrial]


@with_config(STRICT)
class BisectTest(TypedDict):
    """One factor switched in one direction."""

    factor: Text
    direction: Text
    base: Side
    value: NotRequired[Number | None]
    interval: NotRequired[list[Number] | None]
    effect: NotRequired[Number | None]
    effect_interval: NotRequired[list[Number] | None]
    side: NotRequired[Text | None]
    p_value: NotRequired[Number | None]
    seeds: NotRequired[Count]


@with_config(STRICT)
class Gap(TypedDict):
    """Between the two ends."""

    value: Number | None
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)] | None
    seeds: NotRequired[Count]
    p_value: NotRequired[Number | None]
    level: NotRequired[Number | None]


@with_config(STRICT)
class AucGap(Gap):
    """The same of the AUC, with the values of both ends."""

    a: Annotated[list[Share], Field(max_length=MOST_TRIALS)]
    b: Annotated[list[Share], Field(max_length=MOST_TRIALS)]
    sentence: Text


@with_config(STRICT)
class ValuePair(TypedDict):
    """A setting's value in both runs, in words."""

    a: Text
    b: Text


@with_config(STRICT)
class MeasuredTrial(TypedDict):
    """The mean of the trainings of one combination of settings."""

    from_b: Names
    value: Number
    interval: list[Number] | None
    auc: NotRequired[Share | None]
    seeds: NotRequired[Count]
    failed: NotRequired[Count]


@with_config(STRICT)
class ValueSpan(TypedDict):
    """A value with its interval."""

    value: Number
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)]


@with_config(STRICT)
class OtherImages(TypedDict):
    """The gap on other images of the kind; see `core.bisect.other_images`."""

    sentence: Text
    value: NotRequired[Number]
    interval: NotRequired[Annotated[list[Number], Field(min_length=2, max_length=2)]]
    images: NotRequired[Count]
    groups: NotRequired[Count | None]
    seeds: NotRequired[Count]
    images_needed: NotRequired[Count | None]
    auc: NotRequired[ValueSpan | None]


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


@with_config(STRICT)
class BisectFacts(TypedDict, total=False):
    """What results of older versions do not have."""

    part: Text
    images: Count
    margin: Number
    looks: list[Count]
    levels: list[Number]
    values: dict[Text, ValuePair]
    why: dict[Text, Text]
    note: Text
    same_images: bool
    auc: AucGap
    other_images: OtherImages | None
    decided_by: Text
    measured: Annotated[list[MeasuredTrial], Field(max_length=MOST_TRIALS)]


@with_config(STRICT)
class BisectResult(BisectFacts):
    """result.json of a bisect. A dictionary, as its worker goes on changing it."""

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


Bisect = Annotated[BisectResult, AfterValidator(measured)]
