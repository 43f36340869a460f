"""The commands `runs`, `note`, `rename`, `delete`, `restore`: the list of runs, and what is done to its entries."""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.housekeeping import trash
from core.runs_table.columns import find_columns
from core.runs_table.query import Query, in_order, parse_conditions, parse_sort, select
from core.runs_table.rows import Row, flat, run_rows, table_rows
from core.store.notes import Note, read_note, rename_run, write_note
from core.store.runs import Run, RunStore

_WIDEST = 60
"""Most characters of a cell."""


def add_parser(command: AddCommand) -> None:
    """Adds the five commands."""
    runs = command("runs", list_runs, "List runs, the newest first.")
    runs.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="only runs with this tag; may be repeated"
    )
    runs.add_argument("--text", default="", metavar="WORDS", help="only runs with these words in name, note or tags")
    runs.add_argument(
        "--deleted", action="store_true", help=f"those deleted in the last {trash.KEPT_DAYS} days instead"
    )
    runs.add_argument("--all", action="store_true", help="also the runs of bisects and sweeps")
    runs.add_argument("--groups", action="store_true", help="also bisects and sweeps as rows, as on the page Runs")
    runs.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="CONDITION",
        help='such as "val_auc>=0.9", "backbone=VGG16", "name~chest"; = and != take several values with | between '
        "them; may be repeated, and then all must hold",
    )
    runs.add_argument(
        "--sort",
        default="created",
        metavar="COLUMN",
        help="sort by this column, the best, largest or newest first; COLUMN:asc and COLUMN:desc set the direction",
    )
    runs.add_argument(
        "--columns",
        default="",
        metavar="A,B,...",
        help="columns to show; any setting can be a column, such as learning_rate",
    )
    note = command("note", write, "Show or change the note and tags of a run.")
    note.add_argument("run", metavar="RUN")
    note.add_argument("--text", metavar="TEXT", help="the note; empty removes it")
    note.add_argument("--tag", action="append", default=[], metavar="TAG", help="a tag to add; may be repeated")
    note.add_argument("--untag", action="append", default=[], metavar="TAG", help="a tag to remove; may be repeated")
    renaming = command("rename", rename, "Rename a run.")
    renaming.add_argument("run", metavar="RUN")
    renaming.add_argument("name", metavar="NAME", help="empty: the id is used")
    delete = command("delete", delete_run, f"Move a run to the trash, where it is kept for {trash.KEPT_DAYS} days.")
    delete.add_argument("run", metavar="RUN")
    command("restore", restore_run, "Restore a deleted run.").add_argument("run", metavar="RUN")


def list_runs(options: argparse.Namespace) -> int:
    """Prints the runs, or those in the trash; what bisects and sweeps have trained only where it is asked for."""
    query, chosen = _query(options), find_columns(options.columns.split(",")) if options.columns else []
    trashed = [one.run for one in trash.deleted_runs()] if options.deleted else []
    found = select(run_rows(trashed, settle=False) if options.deleted else table_rows(), query)
    hidden = 0 if options.all else sum(len(row.trials) for row in found)
    if options.all:
        found = in_order(sorted(flat(found), key=lambda row: row.id, reverse=True), query.sort)
    if options.json:
        return print_json(_listed_record(found, chosen, hidden))
    if not options.groups:
        found = [row for row in found if row.is_run]
    if not found and not hidden:
        print(_nothing(options))
    lines = _columned(found, chosen) if chosen and found else [run_line(row) for row in found]
    for line in lines:
        print(line)
    _say_aside(found, hidden)
    return 0


def _query(options: argparse.Namespace) -> Query:
    return Query(
        words=options.text,
        tags=tuple(options.tag),
        conditions=parse_conditions(options.filter),
        sort=parse_sort(options.sort),
    )


def _listed_record(rows: Sequence[Row], chosen: Sequence[str], hidden: int) -> dict[str, Any]:
    groups = [
        {
            "id": row.id, "kind": row.kind, "name": row.get("name"), "status": row.get("status"),
            "created": row.get("created"), "best_val_accuracy": row.get("best_val_accuracy"),
            "seconds": row.get("seconds"), "trials": [trial.id for trial in row.trials],
            **{key: row.get(key) for key in chosen},
        }
        for row in rows if not row.is_run
    ]  # fmt: skip
    record: dict[str, Any] = {"runs": [run_record(row, chosen) for row in rows if row.is_run]}
    return {**record, **({"groups": groups} if groups else {}), **({"hidden": hidden} if hidden else {})}


def run_record(row: Row, chosen: Sequence[str] = ()) -> dict[str, Any]:
    """A run as `runs --json` shows it.

    Args:
        row: Row. Of a run.
        chosen: sequence of str. Columns to show beside those that are always there. Defaults to none.
    """
    same = ("run", "name", "dataset", "mode", "backbone", "created", "epochs", "val_accuracy", "val_auc")
    measured = (
        "best_val_accuracy", "val_loss", "saved_accuracy", "test_accuracy", "seconds", "size", "errors", "warnings"
    )  # fmt: skip
    facts = {name: getattr(row.summary, name) for name in same}
    extra = {key: row.get(key) for key in (*measured, *chosen) if key not in facts}
    told = {"status": row.get("status"), "message": row.message, "note": row.get("note"), "tags": list(row.get("tags"))}
    return {**facts, **extra, **told}


def run_line(row: Row) -> str:
    """A run, bisect or sweep in one line."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.get("created")))
    name = "" if row.get("name") == row.id else row.get("name")
    figures = f"val_accuracy {_number(row.get('val_accuracy'))}  val_auc {_number(row.get('val_auc'))}"
    if not row.is_run:
        figures = f"best val_accuracy {_number(row.get('best_val_accuracy'))}"
    line = f"{row.id}  {row.get('status'):<11}  {when}  {figures}  {name}"
    tags = f"  [{', '.join(row.get('tags'))}]" if row.get("tags") else ""
    note = " ".join(str(row.get("note")).split())
    return f"{line}{tags}{f'  {note[:60]}' if note else ''}"


def _columned(rows: Sequence[Row], chosen: Sequence[str]) -> list[str]:
    """The chosen columns under their names, each as wide as it must be."""
    table = [["run", *chosen], *([row.id, *(_cell(key, row.get(key)) for key in chosen)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _cell(key: str, value: Any) -> str:
    if value is None or value in ((), ""):
        return "–"
    if key == "created":
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(value) if isinstance(value, tuple) else " ".join(str(value).split())[:_WIDEST]


def _say_aside(rows: Sequence[Row], hidden: int) -> None:
    for row in rows:
        if row.get("status") == "damaged":
            print(row.message, file=sys.stderr)
    if hidden:
        one = hidden == 1
        told = f"{hidden} {'run' if one else 'runs'} of bisects and sweeps {'is' if one else 'are'} not shown"
        print(f"{told}; --all shows {'it' if one else 'them'}.", file=sys.stderr)


def rename(options: argparse.Namespace) -> int:
    """Gives a run another name."""
    run = RunStore().get(options.run)
    before, name = run.title(), rename_run(run, options.name)
    if options.json:
        return print_json({"run": run.id, "name": name})
    print(f"{before} is now called {run.title()}.")
    return 0


def write(options: argparse.Namespace) -> int:
    """Changes what is written about a run where the command says so, and prints it."""
    run = RunStore().get(options.run)
    note = read_note(run)
    if options.text is not None or options.tag or options.untag:
        gone = {tag.strip().casefold() for tag in options.untag}
        tags = [tag for tag in (*note.tags, *options.tag) if tag.strip().casefold() not in gone]
        note = write_note(run, note.text if options.text is None else options.text, tags)
    if options.json:
        return print_json({"run": run.id, "note": note.text, "tags": list(note.tags)})
    print(_told(run, note))
    return 0


def delete_run(options: argparse.Namespace) -> int:
    """Moves a run to the trash."""
    run = RunStore().get(options.run)
    title, refers = run.title(), trash.uses(run)
    trash.delete(run)
    if options.json:
        return print_json({"run": run.id, "deleted": True, "refers": refers, "kept_days": trash.KEPT_DAYS})
    print(f"{title} was deleted; restore it with `python -m core restore {run.id}` within {trash.KEPT_DAYS} days.")
    if refers:
        print(refers)
    return 0


def restore_run(options: argparse.Namespace) -> int:
    """Brings a run back from the trash."""
    run = trash.restore(options.run)
    if options.json:
        return print_json({"run": run.id, "restored": True})
    print(f"{run.title()} is back.")
    return 0


def _told(run: Run, note: Note) -> str:
    lines = [run.title(), f"tags: {', '.join(note.tags) or 'none'}", f"note: {note.text or 'none'}"]
    return "\n".join(lines)


def _nothing(options: argparse.Namespace) -> str:
    if options.tag or options.text or options.filter:
        return "No run matches."
    return "There are no deleted runs." if options.deleted else (
        "There are no runs yet; `python -m core train sample` trains one."
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
