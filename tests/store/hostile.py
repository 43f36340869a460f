"""Records as nobody would write them: any JSON, any bytes, and real records with one place changed."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

AWKWARD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, -1e18, 1e18, 1e308, 10**30, 2**63, "", "x", "5", "\udcff", "\u202e", "\0", "a" * 9000,
    [], [1], [None], ["x"], [[]], {}, {"x": 1}, {"": {}}, float("nan"), float("inf"), "finished", "running", "damaged",
)  # fmt: skip

scalars = st.one_of(
    st.sampled_from(AWKWARD), st.integers(), st.floats(), st.text(st.characters(codec=None), max_size=20)
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = (), most: int = 3) -> list[tuple[Any, ...]]:
    """Paths of all values in a record; of a list only the first and the last ones."""
    found = [at]
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*at, key), most)
    elif isinstance(value, list):
        for k in sorted({*range(min(most, len(value))), *range(max(0, len(value) - 1), len(value))}):
            found += places(value[k], (*at, k), most)
    return found


def with_change(record: Any, at: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    """A copy of a record with another value at one place, or without it."""
    if not at:
        return value
    changed = copy.deepcopy(record)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    if remove:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return changed


@st.composite
def contents(draw: st.DrawFn, original: bytes) -> bytes:
    """What may stand in a file that had `original` in it, as JSON or JSON lines or any text."""
    kind = draw(st.sampled_from(("change", "change", "change", "remove", "json", "bytes", "cut", "huge")))
    if kind in ("change", "remove"):
        return _changed(draw, original, remove=kind == "remove")
    others = {
        "bytes": st.binary(max_size=60),
        "cut": st.integers(0, len(original)).map(lambda end: original[:end]),
        "json": json_values.map(encoded),
        "huge": st.sampled_from((b"[" * 50_000, b'{"a":' * 3000, b"9" * 5000, b'"' + b"x" * 10**6 + b'"')),
    }
    return draw(others[kind])


def _changed(draw: st.DrawFn, original: bytes, *, remove: bool) -> bytes:
    """A record with one place changed or removed; of JSON lines, in one of them; of a table, another line."""
    whole, lines = json_of(original), original.split(b"\n")
    if whole is not None:
        return encoded(_elsewhere(draw, whole, remove=remove))
    which = draw(st.integers(0, len(lines) - 1))
    record = json_of(lines[which])
    if record is None:
        lines[which] = draw(st.sampled_from((b"", b",,,", b"val,x", b'"', b"val,a,b,c,nan,inf", b"split,file")))
    else:
        lines[which] = encoded(_elsewhere(draw, record, remove=remove))
    return b"\n".join(lines)


def _elsewhere(draw: st.DrawFn, record: Any, *, remove: bool) -> Any:
    return with_change(record, draw(st.sampled_from(places(record))), draw(json_values), remove=remove)


def encoded(value: Any) -> bytes:
    """JSON, with what it has no word for."""
    return json.dumps(value).encode()


def json_of(content: bytes) -> Any:
    """The value of a JSON text; None where it is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None
