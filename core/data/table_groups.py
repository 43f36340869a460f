"""Columns whose values say what belongs together: a patient first, then a lesion or case, then a study or series."""

import re
from collections.abc import Sequence

from core.data.tables import Table

_FRONT = r"(anon|anonymi[sz]ed|deidentified|pseudo|dicom)?"
_BEHIND = r"(s?(id|no|nr|num|number|nummer|code|uid|guid|key|name|index|idx|identifier|instanceuid|hash|anon))*s?"
_KINDS = (
    r"patients?|pat|pt|ptid|pid|mrn|subjects?|subj|participants?|persons?|individuals?|probands?|donors?|patienten?",
    r"lesions?|cases?|slides?|specimens?|nodules?|biops(y|ies)",
    r"stud(y|ies)|series|exams?|visits?|groups?",
)
_WITH_ID = (r"animals?|mouse|mice|rats?|owners?|famil(y|ies)", "", r"videos?|clips?|sequences?|scenes?|bursts?")
_LONGEST = 60  # characters of a name that is looked at
_NAMES = [
    re.compile(f"^{_FRONT}(({kind}){_BEHIND}|({more or kind})(id|no|nr|number|uid|key)s?)$")
    for kind, more in zip(_KINDS, _WITH_ID, strict=True)
]
_WORDS = re.compile(
    r"patient|subject|person|participant|lesion_?id|case_?id|study_?id|series_?id|group|slide|specimen", re.IGNORECASE
)
_ABOUT = re.compile(r"(?<![a-z])(age|sex|gender|race|ethnicity|height|weight|size|count)(?![a-z])", re.IGNORECASE)


def group_column(table: Table, taken: Sequence[str]) -> str:
    """The column that names patients or the like; `""` if there is none.

    Args:
        table: The table.
        taken: Columns that are something else.
    """
    filled = {name: sum(map(bool, table.column(name))) for name in table.columns if rank(name) and name not in taken}
    named = [name for name in sorted(filled, key=rank) if filled[name]]
    return next((name for name in named if 2 * filled[name] > len(table.rows)), named[0] if named else "")


def is_no_class(table: Table, name: str) -> bool:
    """Whether a column is about patients or the like, not about classes: their number, or their age or sex.

    A column of that name without a word such as `id` may be a class by its values (`group`: control, AD).

    Args:
        table: The table.
        name: Of the column.
    """
    if not rank(name):
        return bool(_WORDS.search(name) and _ABOUT.search(name.replace("_", " ")))
    return not may_be_class(table, name)


def may_be_class(table: Table, name: str) -> bool:
    """Whether a column that is called like a group may hold classes instead: words, or a few values of a `group`."""
    word = _compact(name)
    if not re.fullmatch(f"({'|'.join(_KINDS)})", word) or word in ("ptid", "pid", "mrn"):
        return False
    values = {cell for cell in table.column(name) if cell}
    wordy = not any(c.isdigit() for value in values for c in value)
    return wordy or (word == "group" and len(values) <= 3)


def rank(name: str) -> int:
    """1 for patients, 2 for lesions and cases, 3 for studies and groups; 0 for a name that says none of them."""
    word = _compact(name)
    if len(word) > _LONGEST:
        return 0
    return next((rank for rank, known in enumerate(_NAMES, 1) if known.match(word)), 0)


def _compact(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
