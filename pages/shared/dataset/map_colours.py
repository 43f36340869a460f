"""What the colours of the map can mean: class, split, label quality, quality issues. No Streamlit."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.checks.quality import KINDS, Quality
from core.data.file_names import display_name
from core.store.run_colours import SERIES
from pages.shared.widgets.charts import BASELINE

PARTS = {"train": "training", "val": "validation", "test": "test"}

CLASS, SPLIT, FIT, QUALITY = "class", "split", "fit", "quality"
COLOURS = {CLASS: "Class", SPLIT: "Split", FIT: "Label quality", QUALITY: "Quality"}

NOTHING_ODD = "no issue"

Rows = Sequence[Mapping[str, Any]]


class Group(NamedTuple):
    """Dots of one colour, or along one scale of colours.

    Attributes:
        name: What the legend calls them.
        rows: Theirs, those to be drawn on top last.
        colour: For all of them.
        values: For each a number from 0 to 1, where a scale gives the colours.
    """

    name: str
    rows: Rows
    colour: str = BASELINE
    values: Sequence[float] | None = None


def by_class(rows: Rows, classes: Sequence[str]) -> list[Group]:
    """A colour for each class; its parts are groups of their own, so that the legend can hide them.

    Args:
        rows: With `label` and `part`.
        classes: In the order of their colours.
    """
    return [
        Group(f"{display_name(label)}, {word}", mine, SERIES[k % len(SERIES)])
        for k, label in enumerate(classes)
        for part, word in PARTS.items()
        if (mine := [row for row in rows if row["label"] == label and row["part"] == part])
    ]


def by_split(rows: Rows) -> list[Group]:
    """A colour for each part."""
    return [
        Group(word, mine, SERIES[k])
        for k, (part, word) in enumerate(PARTS.items())
        if (mine := [row for row in rows if row["part"] == part])
    ]


def by_fit(rows: Rows) -> list[Group]:
    """A scale of colours from labels that look wrong to those that fit, the doubtful ones on top.

    Args:
        rows: With `score`, 0 (suspicious) to 1.
    """
    ordered = sorted(rows, key=lambda row: -float(row["score"]))
    return [Group("pictures", ordered, values=[float(row["score"]) for row in ordered])]


def by_quality(rows: Rows, problems: Mapping[str, Sequence[str]]) -> list[Group]:
    """A colour for each question of the Quality tab that singles images out, in grey what none does.

    Args:
        rows: With `file`.
        problems: Ids of the issues by file; an image has the colour of the first.
    """
    found = [Group(NOTHING_ODD, [row for row in rows if not problems.get(row["file"])])]
    for k, kind in enumerate(KINDS):
        mine = [row for row in rows if problems.get(row["file"], ("",))[0] == kind.id]
        found.append(Group(kind.title.lower(), mine, _PROBLEMS[k]))
    return [group for group in found if group.rows]


def problems_of(quality: Quality) -> dict[str, list[str]]:
    """What the Quality tab says of each file: ids of its questions. What most images are is no problem of a few."""
    found: dict[str, list[str]] = {}
    for kind in KINDS:
        if quality.is_usual(kind.id):
            continue
        files = [odd.file for odd in quality.odd.get(kind.id, ())]
        files += [file for group in quality.groups.get(kind.id, ()) for file in group]
        for file in files:
            found.setdefault(file.path, []).append(kind.id)
    return found


def note_of(row: Mapping[str, Any], problems: Sequence[str] = ()) -> str:
    """What to say of an image beside its class; empty for most."""
    words = []
    if row["suggested"] != row["label"]:
        looks = f"looks like {display_name(row['suggested'])}"
        words.append(f"label looks wrong: {looks}" if row["issue"] else looks)
    elif row["issue"]:
        words.append("label looks wrong")
    words += [kind.title.lower() for kind in KINDS if kind.id in problems]
    return ", ".join(words)


# Grey is what is not odd, so the series' own grey is not among them.
_PROBLEMS = (*SERIES[:7], "#F0E442")
