"""Types of which the shapes of records are made: strict, finite, bounded. True is no number, and "5" is none either."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, InstanceOf

from core.store.status import LATEST

STRICT = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
"""Of every object: what is not named is kept."""


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
Moment = Annotated[float, Field(ge=0, le=LATEST)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
EpochNumber = Annotated[int, Field(ge=0, le=100_000)]
Interval = Annotated[list[Share], Field(min_length=2, max_length=2)]
Plain = dict[str, Any]
Names = Annotated[list[Text], Field(max_length=10_000)]


def of_one_length(record: dict[str, Any], *names: str) -> None:
    """Raises ValueError unless these lists of a record are of one length."""
    if len({len(record[name]) for name in names}) > 1:
        raise ValueError(f"{', '.join(names)} must be of one length")
