"""What the records of cross-validations and of searches for the best network must look like."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field, with_config
from typing_extensions import TypedDict

from core.store.job_records import Cost, TrialSettings
from core.store.record_types import STRICT, Count, Interval, Number, Share, Text

MOST_HEADS = 100_000


@with_config(STRICT)
class FoldHead(TypedDict):
    """A head of a cross-validation; repeat and fold are counted from 1."""

    repeat: Count
    fold: Count
    count: Count
    correct: Count
    accuracy: Share
    auc: Share | None
    loss: Number | None
    epochs: Count
    seconds: Annotated[float, Field(ge=0, le=1e9)]


@with_config(STRICT)
class FoldFigures(TypedDict):
    """What a cross-validation has measured; intervals are None where there are fewer than two heads."""

    accuracy: Share
    interval: Interval | None
    auc: Share | None
    auc_interval: Interval | None
    loss: Number | None


@with_config(STRICT)
class CrossValidationResult(TypedDict):
    """result.json of a cross-validation. A dictionary, as its worker goes on changing it."""

    id: Text
    folds: Count
    repeats: Count
    brought: bool
    images: Count
    groups: Count
    parted: Count
    test_images: Count
    inner_validation: bool
    heads: Annotated[list[FoldHead], Field(max_length=MOST_HEADS)]
    figures: FoldFigures | None
    complete: bool
    sentence: Text
    method: Text
    cost: Cost


def _measured(record: Any) -> Any:
    """Every head is of a repeat and fold that there are, and none comes twice; what has heads has figures."""
    places = [(head["repeat"], head["fold"]) for head in record["heads"]]
    known = all(1 <= repeat <= record["repeats"] and 1 <= fold <= record["folds"] for repeat, fold in places)
    if not known or len(set(places)) < len(places):
        raise ValueError("each head must have its own repeat and fold")
    if bool(places) != (record["figures"] is not None):
        raise ValueError("heads and figures come together")
    return record


CrossValidation = Annotated[CrossValidationResult, AfterValidator(_measured)]


@with_config(STRICT)
class SearchCandidate(TypedDict):
    """A candidate of a search. `state`: `waiting` (running), `dropped` (worse than others), `left_out` (its features
    take too long for the budget), `kept` (to the end)."""

    name: Text
    settings: TrialSettings
    state: Literal["waiting", "dropped", "left_out", "kept"]
    reason: Text
    heads: Annotated[list[FoldHead], Field(max_length=MOST_HEADS)]
    figures: FoldFigures | None
    milliseconds: Annotated[float, Field(ge=0, le=1e9)] | None
    megabytes: Annotated[float, Field(ge=0, le=1e9)] | None


@with_config(STRICT)
class SearchPair(TypedDict):
    """The best candidate beside another one."""

    candidate: Count
    difference: Number
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)]
    p_value: Share
    told_apart: bool


@with_config(STRICT)
class SearchExpected(TypedDict):
    """What the best may be expected to do on other images."""

    value: Share
    interval: Interval
    optimism: Number
    candidates: Count


@with_config(STRICT)
class FineTunedBest(TypedDict):
    """The best candidate of a search, fine-tuned on the folds of the first repeat, and how far that is from the
    frozen one on the same folds. `reason` says why folds are missing."""

    settings: TrialSettings
    heads: Annotated[list[FoldHead], Field(max_length=MOST_HEADS)]
    figures: FoldFigures | None
    difference: Number | None
    interval: Annotated[list[Number], Field(min_length=2, max_length=2)] | None
    told_apart: bool
    reason: Text


@with_config(STRICT)
class SearchResult(TypedDict):
    """result.json of a search for the best network. A dictionary, as its worker goes on changing it."""

    id: Text
    folds: Count
    repeats: Count
    brought: bool
    images: Count
    groups: Count
    rung: Count
    candidates: Annotated[list[SearchCandidate], Field(max_length=1000)]
    ranking: Annotated[list[Count], Field(max_length=1000)]
    pairs: Annotated[list[SearchPair], Field(max_length=1000)]
    expected: SearchExpected | None
    fine_tuned: NotRequired[FineTunedBest | None]
    complete: bool
    sentence: Text
    cost: Cost


def _ranked(record: Any) -> Any:
    """Places in the ranking and the pairs are of candidates that there are and have figures."""
    numbers = [*record["ranking"], *(pair["candidate"] for pair in record["pairs"])]
    if any(k >= len(record["candidates"]) or record["candidates"][k]["figures"] is None for k in numbers):
        raise ValueError("what is ranked must be one of the candidates, with figures")
    return record


Search = Annotated[SearchResult, AfterValidator(_ranked)]
