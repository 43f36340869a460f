"""The records in the folders of runs and jobs: one bounded, checked read for each, whoever has written the file.

A folder may come from a zip of somebody else's, or from a disk that fails. What is read here has the right types,
numbers that are finite and in a sane range, texts that can be shown, and sizes that memory bears; `shapes.py` says
what each file must look like. A record that does not is None, and `complaint` says why in one sentence: so no reader
has to ask again, and one bad run never takes down a list of others.
"""

import functools
import json
import re
import time
from calendar import timegm
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LONGEST_TEXT = 20_000
"""Characters of a text in a small record; what is longer is cut, as errors of libraries can have any length."""

DEEPEST = 12
"""Levels to which lists and objects of a small record may be nested."""

LARGEST_NUMBER = 10**15
"""No count and no time is larger; one with thousands of digits could not even be written out."""

CONFIG_BYTES = 1_000_000
"""Most bytes of a run's config.json; it has two thousand."""

_MEGABYTE = 1_000_000
_ID = re.compile(r"(\d{8}-\d{6})-(\d{3})-[0-9a-f]{6}")


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    Attributes:
        shape: str. Name of its type in `shapes.py`.
        most_bytes: int. A larger file is not read.
        is_small: bool. Whether every text in it is made fit to be shown, and the nesting is bounded. Not where
            thousands of files are named: a path that is no valid text must come back as it is.
        is_flat: bool. Whether what is named in the shape is not nested, so that pydantic may read the text itself,
            which takes a tenth of the time: there are thousands of these.
    """

    shape: str
    most_bytes: int = _MEGABYTE
    is_small: bool = True
    is_flat: bool = False


STATUS = Kind("StatusRecord", 200_000, is_flat=True)
EVENT = Kind("Event", 200_000, is_flat=True)
OWNER = Kind("Owner", 10_000)
NOTE = Kind("Note", 200_000)
DELETED = Kind("Deleted", 10_000)
CLUSTER_JOB = Kind("ClusterJob", 200_000)
FINDINGS = Kind("Findings", 50 * _MEGABYTE)
EVALUATION = Kind("Evaluation", 100 * _MEGABYTE, is_small=False)
MANIFEST = Kind("Manifest", 400 * _MEGABYTE, is_small=False)
TRACE = Kind("Trace", 400 * _MEGABYTE, is_small=False)
PROBE = Kind("Probe", 10 * _MEGABYTE)
RESULT = Kind("Result", 50 * _MEGABYTE)
TRIALS = Kind("Trials", 50 * _MEGABYTE)
BISECT = Kind("Bisect", 50 * _MEGABYTE)
SWEEP = Kind("Sweep", 50 * _MEGABYTE)
RATE = Kind("Rate", 10 * _MEGABYTE)
REVIEW = Kind("Review", 200 * _MEGABYTE, is_small=False)
JOB_SETTINGS = Kind("JobSettings", 50 * _MEGABYTE, is_small=False)
PUZZLE = Kind("Puzzle", 10_000)

OF_A_RUN = {
    "status.json": STATUS,
    "owner.json": OWNER,
    "note.json": NOTE,
    "job.json": CLUSTER_JOB,
    "manifest.json": MANIFEST,
    "findings.json": FINDINGS,
    "evaluation.json": EVALUATION,
    "trace.json": TRACE,
}
"""The records of a run that are one JSON value each; config.json has a reader of its own, `core.config.read_config`."""


class Damaged(ValueError):
    """A record is none of its kind; the message is a part of a sentence."""


def read(path: Path, kind: Kind) -> Any:
    """What a record says; None where the file is absent, too large, damaged or of another shape.

    Args:
        path: Path.
        kind: Kind. One of this module's.
    """
    try:
        return _read(_content(path, kind), kind)
    except (OSError, Damaged):
        return None


def complaint(path: Path, kind: Kind) -> str:
    """Why a record cannot be read, as a part of a sentence; empty where it can, or where there is no such file."""
    try:
        _read(_content(path, kind), kind)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path.name} cannot be opened: {error.strerror}"
    except Damaged as error:
        return f"{path.name}: {error}"
    return ""


def damaged_lines(path: Path) -> int:
    """How many whole lines of an events.jsonl are left out, as no run writes such."""
    try:
        content = path.read_bytes()
    except OSError:
        return 0
    lines = content[: content.rfind(b"\n") + 1].split(b"\n")
    return sum(bool(line.strip()) and event_of(line) is None for line in lines)


def checked(value: Any, kind: Kind) -> Any:
    """A value of that kind, unknown keys kept.

    Raises:
        Damaged: names the place in it, and what may stand there.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind.shape).validate_python(tamed(value) if kind.is_small else value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole of it"
        said = first["msg"][:1].lower() + first["msg"][1:]
        raise Damaged(f"{where} is not as it must be ({said}, but {_shown(first['input'])} is there)") from error


def parsed(content: bytes | str) -> Any:
    """The JSON value of a text; not-a-number and infinity, which JSON has no word for, become None.

    Raises:
        Damaged: it is no JSON.
    """
    try:
        return json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise Damaged("it is no JSON") from error


def text_of(path: Path) -> str:
    """The text of a config.json.

    Raises:
        OSError: it cannot be opened.
        Damaged: it is too large, or no text.
    """
    with path.open("rb") as file:
        content = file.read(CONFIG_BYTES + 1)
    if len(content) > CONFIG_BYTES:
        raise Damaged(f"it has more than {CONFIG_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Damaged("it is no text") from error


def event_of(line: bytes) -> dict[str, Any] | None:
    """One line of events.jsonl; None where it is damaged."""
    if not line.strip() or len(line) > EVENT.most_bytes:
        return None
    try:
        event: dict[str, Any] = _read(line, EVENT)
    except Damaged:
        return None
    return event


def tamed(value: Any, depth: int = DEEPEST) -> Any:
    """A copy of a JSON value whose texts can be shown and whose numbers can be written out.

    Raises:
        Damaged: it is nested too deeply, or has too large a number.
    """
    if isinstance(value, str):
        return displayable(value)
    if isinstance(value, dict | list):
        if not depth:
            raise Damaged(f"it is nested more than {DEEPEST} deep")
        if isinstance(value, list):
            return [tamed(item, depth - 1) for item in value]
        return {displayable(key): tamed(item, depth - 1) for key, item in value.items()}
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise Damaged("it has a whole number of more than 15 digits")
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def displayable(text: str) -> str:
    """A text that any page and terminal can show: half a character of UTF-16 is a question mark, the length bounded."""
    text = text[:LONGEST_TEXT]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def made_at(record_id: str) -> float:
    """When a run or job was made, by its id: seconds since 1970; 0 where the id says no time."""
    found = _ID.fullmatch(record_id)
    try:
        return timegm(time.strptime(found[1], "%Y%m%d-%H%M%S")) + int(found[2]) / 1000 if found else 0.0
    except ValueError:
        return 0.0


def _content(path: Path, kind: Kind) -> bytes:
    with path.open("rb") as file:
        content = file.read(kind.most_bytes + 1)
    if len(content) > kind.most_bytes:
        raise Damaged(f"it has more than {kind.most_bytes:,} bytes")
    return content


def _read(content: bytes, kind: Kind) -> Any:
    if kind.is_flat and (value := _read_flat(content, kind)) is not None:
        return value
    return checked(parsed(content), kind)


def _read_flat(content: bytes, kind: Kind) -> dict[str, Any] | None:
    """The record, read by pydantic alone; None where anything is out of the ordinary."""
    from pydantic import ValidationError

    try:
        value: dict[str, Any] = _adapter(kind.shape).validate_json(content)
        for key in value.keys() - _named(kind.shape):
            value[displayable(key)] = tamed(value.pop(key))
    except (ValidationError, Damaged):
        return None
    return value


@functools.cache
def _named(shape: str) -> frozenset[str]:
    """The keys that a shape names."""
    return frozenset(_shape(shape).__annotations__)


@functools.cache
def _adapter(shape: str) -> "TypeAdapter[Any]":
    """Made when first needed: a list of runs whose summaries are known needs none, and so not the library either."""
    from pydantic import TypeAdapter

    return TypeAdapter(_shape(shape))


def _shape(name: str) -> Any:
    from core.store import job_shapes, shapes, trace_shapes

    return next(getattr(module, name) for module in (shapes, trace_shapes, job_shapes) if hasattr(module, name))


def _shown(value: Any) -> str:
    text = displayable(repr(value)[:200]) if not isinstance(value, int) or abs(value) < 10**100 else "a huge number"
    return text if len(text) <= 60 else f"{text[:60]}…"
