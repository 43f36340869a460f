"""What records are made of: their base, and strict, finite, bounded types. True is no number, "5" is none either."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf

from core.store.status import LATEST

STRICT = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
"""Of every object: what is not named is kept."""


class Record(BaseModel):
    """A record of a run or a job, or a part of one. Nobody changes it; keys that are not named are kept with it.

    A key that may be absent has a default, which stands for "not known"; what was absent stays absent when the record
    is written again.
    """

    # Built when first used: who imports this module only to name a type pays nothing for it.
    model_config = ConfigDict(
        **STRICT, frozen=True, defer_build=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    def to_dict(self) -> dict[str, object]:
        """Plain values, as they stand in the file."""
        return self.model_dump(exclude_unset=True)


def _bounded(text: str) -> str:
    if len(text) > 5000:
        raise ValueError("it may have 5,000 characters at most")
    return text


Text = Annotated[
    Annotated[str, Field(strict=True, max_length=5000)] | Annotated[InstanceOf[str], AfterValidator(_bounded)],
    Field(union_mode="left_to_right"),
]
"""A name or a path. It may be no valid Unicode, as a file's name may be none, which pydantic's own type refuses; that
one is tried first, as it takes a fifth of the time."""

Count = Annotated[int, Field(ge=0, le=10**15)]
Number = Annotated[float, Field(ge=-1e39, le=1e39)]
"""As large as a float32 can be: a loss that has exploded is one."""

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, le=1e6)]
"""A learning rate."""

Moment = Annotated[float, Field(ge=0, le=LATEST)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
EpochNumber = Annotated[int, Field(ge=0, le=100_000)]
Interval = Annotated[list[Share], Field(min_length=2, max_length=2)]
Names = Annotated[list[Text], Field(max_length=10_000)]

Plain = dict[str, Any]
"""Any JSON object: evidence, settings and versions, whose keys are whoever's who has written them."""


def of_one_length(**lists: list[Any]) -> None:
    """Raises ValueError unless these lists of a record are of one length."""
    if len({len(values) for values in lists.values()}) > 1:
        raise ValueError(f"{', '.join(lists)} must have the same length")


def known(value: float | None) -> float | None:
    """A measured number as a record has it: None where it is not a number, or infinite."""
    return value if value is not None and value - value == 0 else None
