"""Columns of the table of runs: what is measured, and every setting; their names, and which way they are sorted."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from core.config import keys, setting
from core.errors import ConfigError

TEXT, WORDS, NUMBER, SHARE, SECONDS, SIZE, MOMENT = "text", "words", "number", "share", "seconds", "size", "moment"
"""Kind of a column's values; `words` are several texts, a `share` lies between 0 and 1, a `size` is in bytes."""

_SHOWN = 60


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: str. Its name in conditions, addresses and JSON.
        label: str. Its heading.
        kind: str. One of this module's kinds.
        falls: bool. Whether it is sorted in descending order by default, as where higher is better.
        help: str. One sentence; may be empty.
    """

    key: str
    label: str
    kind: str = TEXT
    falls: bool = False
    help: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it can be compared by size."""
        return self.kind not in (TEXT, WORDS)


MEASURED = (
    Column("name", "Run"),
    Column("status", "State"),
    Column("val_accuracy", "Accuracy", SHARE, True, "Validation accuracy of the last epoch."),
    Column(
        "best_val_accuracy", "Best val. accuracy", SHARE, True, "Highest validation accuracy of any epoch or trial."
    ),
    Column("val_auc", "AUC", SHARE, True, "Validation AUC of the last epoch: 0.5 is chance, 1 is perfect."),
    Column(
        "val_loss",
        "Loss",
        NUMBER,
        False,
        "Validation loss of the last epoch: the training objective, with label smoothing, focal loss and L2 penalties.",
    ),
    Column("saved_accuracy", "Saved model", SHARE, True, "Validation accuracy of the saved model."),
    Column("test_accuracy", "Test accuracy", SHARE, True, "Accuracy of the saved model on the test images."),
    Column("epochs", "Epochs done", NUMBER, True, "Finished epochs."),
    Column("errors", "Errors", NUMBER, True, "Findings that are errors."),
    Column("warnings", "Warnings", NUMBER, True, "Findings that are warnings."),
    Column("caveats", "Caveats", WORDS, False, "Findings that make the validation metrics unreliable."),
    Column("seconds", "Duration", SECONDS, True, "Running time, without waiting."),
    Column("size", "Size", SIZE, True, "Disk space of its folder."),
    Column("created", "Created", MOMENT, True),
    Column("dataset", "Dataset"),
    Column("tags", "Tags", WORDS),
    Column("note", "Note"),
    Column("kind", "Kind", TEXT, False, "run, trial, bisect, sweep, cross-validation or search."),
    Column("trials", "Trials", NUMBER, True, "Runs trained by a bisect or sweep."),
)

METRICS = ("val_accuracy", "best_val_accuracy", "val_auc", "val_loss", "saved_accuracy", "test_accuracy")
"""What a run is judged by."""


@cache
def columns() -> dict[str, Column]:
    """Every column by its key: what is measured, then the settings in their own order."""
    found = {column.key: column for column in MEASURED}
    for key in keys():
        spec = setting(key)
        is_number = isinstance(spec.default, int | float) and not isinstance(spec.default, bool)
        found[key] = Column(key, str(spec.metadata["label"]), NUMBER if is_number else TEXT)
    return found


_NEAREST = 3
"""So many names are offered where none is close."""


def find_column(name: str) -> Column:
    """The column of that name; for a setting its last part suffices if it is unique, as `learning_rate`.

    Raises:
        ConfigError: there is none, or more than one.
    """
    known = columns()
    if name in known:
        return known[name]
    short = [column for key, column in known.items() if key.rpartition(".")[2] == name]
    if len(short) == 1:
        return short[0]
    if short:
        raise ConfigError(f'"{name}" could be {" or ".join(column.key for column in short)}; give the full name')
    names = [*known, *(key.rpartition(".")[2] for key in known)]
    close = difflib.get_close_matches(name, names, n=1)
    near = dict.fromkeys(difflib.get_close_matches(name[:_SHOWN], names, n=_NEAREST, cutoff=0))
    hint = f"did you mean {close[0]}?" if close else f"the nearest are {', '.join(near)}"
    raise ConfigError(f'there is no column "{name[:_SHOWN]}"; {hint}')


def find_columns(names: Iterable[str]) -> list[str]:
    """Keys of the columns of these names, each once; see `find_column`."""
    return list(dict.fromkeys(find_column(name.strip()).key for name in names if name.strip()))
