"""Rows of the table of runs: one a run, one a bisect or sweep that holds the runs it has trained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.compare.many import setting_differences
from core.config import default_settings
from core.data.set_names import set_name
from core.notation.head import KEY as HEAD
from core.notation.head import SHORT_FORM, heads_in_one_form
from core.runs_table.columns import columns
from core.runs_table.details import Details, details
from core.runs_table.groups import Group, groups
from core.store.index import Summary, read_note, summaries, summaries_within
from core.store.run_titles import titles
from core.store.runs import Run, RunStore
from core.workers import launch

RUN, TRIAL = "run", "trial"

_SUMMARISED = ("status", "created", "epochs", "val_accuracy", "val_auc")
_DETAILED = ("seconds", "size", "errors", "warnings", "saved_accuracy", "test_accuracy", "caveats")


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        kind: str. `run`, `trial` (a run that a bisect or sweep has trained), `bisect` or `sweep`.
        values: dict. What is measured, by the column's key; see `core.runs_table.columns`.
        changed: dict or None. Its settings that differ from the defaults; for a bisect or sweep those that its trials
            have in common, and None for one in which they differ. None where they are not known.
        curve: tuple of float. Validation loss, thinned.
        is_read: bool. Whether its details were reached in time.
        summary: Summary or None. What the row is made from; None for a bisect or sweep.
        group: str. Id of the bisect or sweep that a trial belongs to; else empty.
        trials: tuple of Row. Those of a bisect or sweep.
    """

    id: str
    path: Path
    kind: str
    values: dict[str, Any]
    changed: Mapping[str, Any] | None
    message: str
    is_active: bool
    curve: tuple[float, ...] = ()
    is_read: bool = True
    summary: Summary | None = None
    group: str = ""
    trials: "tuple[Row, ...]" = field(default=(), repr=False)

    @property
    def is_run(self) -> bool:
        """Whether it is a run's row, and not that of a bisect or sweep."""
        return self.kind in (RUN, TRIAL)

    def get(self, key: str) -> Any:
        """What stands in a column; None where that is not known."""
        if key in self.values:
            return self.values[key]
        if self.changed is None or key not in default_settings():
            return None
        return self.changed[key] if key in self.changed else default_settings()[key]


def table_rows(seconds: float | None = None) -> list[Row]:
    """One row a run that no bisect or sweep has trained, and one a bisect and sweep; the newest first.

    Args:
        seconds: float. How long reading what nobody has looked at yet may take, summaries and details each; runs whose
            summary was not reached are left out. Defaults to as long as needed.
    """
    found = {row.id: row for row in run_rows(RunStore().list(), seconds=seconds)}
    taken: set[str] = set()
    grouped = []
    for group in groups():
        trials = [found[run] for run in group.trials if run in found and run not in taken]
        if trials or group.is_active or group.dataset:
            taken |= {row.id for row in trials}
            grouped.append(_group_row(group, trials, found))
    rows = [*(row for row in found.values() if row.id not in taken), *grouped]
    return sorted(rows, key=lambda row: row.id, reverse=True)


def run_rows(runs: Sequence[Run], *, settle: bool = True, seconds: float | None = None) -> list[Row]:
    """One row a run, in the order given; see `table_rows`.

    Args:
        runs: sequence of Run.
        settle: bool. Whether to look if the workers of active ones are still alive; not for those in the trash.
        seconds: float. See `table_rows`.
    """
    limit = float("inf") if seconds is None else seconds
    told = [(run, one) for run, one in zip(runs, summaries_within(runs, limit), strict=True) if one is not None]
    if settle:
        told = [(run, _settled(run, one) if one.is_active else one) for run, one in told]
    more = details([run for run, _ in told], seconds)
    called = {root: titles(root, limit) for root in {run.path.parent for run, one in told if not one.name}}
    return [
        _run_row(run, one, other, one.name or called[run.path.parent].get(run.id, run.id))
        for (run, one), other in zip(told, more, strict=True)
    ]


def count_runs() -> int:
    """How many runs there are, read or not."""
    return len(RunStore().list())


def flat(rows: Iterable[Row]) -> list[Row]:
    """All runs among the rows, trials included."""
    return [one for row in rows for one in ((row,) if row.is_run else row.trials)]


def differing(rows: Sequence[Row]) -> list[str]:
    """Keys of the columns that choose what a run is, settings and dataset, whose values differ among the rows.

    As a comparison tells it: a head in its short form and as the list that it stands for are the same.
    """
    known = [row for row in rows if row.changed is not None]
    chosen = [{"dataset": row.get("dataset"), **one} for row, one in zip(known, _settings(known), strict=True)]
    return [key for key, _ in setting_differences(chosen)]


def data_name(reference: str) -> str:
    """What to call a dataset; no list names folders of the server."""
    return set_name(reference)


def _settled(run: Run, summary: Summary) -> Summary:
    """The summary as it is after a worker that has died was noticed."""
    launch.poll(run)
    return summaries([run])[0]


def _run_row(run: Run, summary: Summary, more: Details | None, name: str) -> Row:
    note = read_note(run)
    values = {name: getattr(summary, name) for name in _SUMMARISED}
    values |= {name: getattr(more, name) if more else None for name in _DETAILED}
    values |= {
        "name": name,
        "best_val_accuracy": summary.best,
        "val_loss": summary.val_loss[-1] if summary.val_loss else None,
        "dataset": data_name(summary.dataset) if summary.dataset else None,
        "tags": note.tags,
        "note": note.text,
        "kind": RUN,
        "trials": None,
    }
    changed: Mapping[str, Any] | None = more.changed if more else None
    if changed is None and summary.mode:  # of what was not reached yet the list knows that much
        values |= {"training.mode": summary.mode, "model.backbone": summary.backbone}
    return Row(
        id=run.id,
        path=run.path,
        kind=RUN,
        values=values,
        changed=changed,
        message=summary.message,
        is_active=summary.is_active,
        curve=summary.val_loss,
        is_read=more is not None,
        summary=summary,
    )


def _group_row(group: Group, trials: Sequence[Row], known: Mapping[str, Row]) -> Row:
    inside = tuple(_as_trial(row, group.id) for row in trials)
    best = max((row for row in inside if row.get("best_val_accuracy") is not None), default=None,
               key=lambda row: row.get("best_val_accuracy"))  # fmt: skip
    values: dict[str, Any] = dict.fromkeys(key for key in columns() if key not in default_settings())
    datasets = {row.get("dataset") for row in inside} or {data_name(group.dataset)}
    values |= {
        "name": _title(group, known),
        "status": group.status,
        "created": group.created,
        "seconds": group.seconds,
        "size": sum(row.get("size") or 0 for row in inside),
        "best_val_accuracy": best.get("best_val_accuracy") if best else group.accuracy,
        "dataset": datasets.pop() if len(datasets) == 1 else None,
        "tags": (),
        "note": "",
        "kind": group.kind,
        "trials": len(inside),
    }
    return Row(
        id=group.id,
        path=group.path,
        kind=group.kind,
        values=values,
        changed=_common(inside),
        message=group.message,
        is_active=group.is_active,
        curve=best.curve if best else (),
        is_read=all(row.is_read for row in inside),
        trials=inside,
    )


def _as_trial(row: Row, group: str) -> Row:
    return Row(**{**vars(row), "kind": TRIAL, "values": {**row.values, "kind": TRIAL}, "group": group})


def _title(group: Group, known: Mapping[str, Row]) -> str:
    if group.name:
        return group.name
    ends = " / ".join(str(known[end].get("name")) if end in known else end for end in group.ends)
    varied = ", ".join(columns()[key].label if key in columns() else key for key in group.varied)
    return f"{group.kind.capitalize()}: {ends or varied or data_name(group.dataset) or group.id}"


def _common(rows: Sequence[Row]) -> dict[str, Any] | None:
    """The settings of the rows, None for each in which they differ."""
    known = heads_in_one_form(_settings(rows))
    if not known:
        return None
    shared = {key: value for key, value in known[0].items() if value != default_settings()[key]}
    return {**shared, **dict.fromkeys(key for key, _ in setting_differences(known))}


def _settings(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The settings of rows of which they are known, without those that are the default in all."""
    known = [row.changed for row in rows if row.changed is not None]
    changed = {HEAD, *SHORT_FORM, *(key for one in known for key in one)}
    keys = [key for key in default_settings() if key in changed]
    return [{key: one.get(key, default_settings()[key]) for key in keys} for one in known]
