"""The commands `runs`, `note`, `delete`, `restore`: the list of runs and what a person does to its entries."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from core import files
from core.housekeeping import trash
from core.housekeeping.trial_ids import trial_ids
from core.store.index import Summary, summaries
from core.store.notes import Note, matches, read_note, write_note
from core.store.runs import Run, RunStore, Status
from core.workers import launch


def add_parsers(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the four commands."""
    runs = command("runs", list_runs, "All runs, the newest first.")
    runs.add_argument("--tag", action="append", default=[], metavar="TAG", help="only those with it; may be repeated")
    runs.add_argument("--text", default="", metavar="WORDS", help="only those with these words in name, note or tags")
    runs.add_argument(
        "--deleted", action="store_true", help=f"those deleted in the last {trash.KEPT_DAYS} days instead"
    )
    runs.add_argument("--all", action="store_true", help="also those that bisects and sweeps have trained")
    note = command("note", write, "Show or change what is written about a run.")
    note.add_argument("run", metavar="RUN")
    note.add_argument("--text", metavar="TEXT", help="the note; empty removes it")
    note.add_argument("--tag", action="append", default=[], metavar="TAG", help="a tag to add; may be repeated")
    note.add_argument("--untag", action="append", default=[], metavar="TAG", help="a tag to remove; may be repeated")
    delete = command("delete", delete_run, f"Move a run to the trash, where it is kept for {trash.KEPT_DAYS} days.")
    delete.add_argument("run", metavar="RUN")
    command("restore", restore_run, "Bring a deleted run back.").add_argument("run", metavar="RUN")


def list_runs(options: argparse.Namespace) -> int:
    """Prints the runs, or those in the trash; what bisects and sweeps have trained only where it is asked for."""
    runs = [one.run for one in trash.deleted_runs()] if options.deleted else RunStore().list()
    trials = set[str]() if options.deleted or options.all else trial_ids()
    records, hidden = [], 0
    for run, summary in zip(runs, summaries(runs), strict=True):
        note = read_note(run)
        if not matches(note, summary.name or run.id, text=options.text, tags=options.tag):
            continue
        if run.id in trials:
            hidden += 1
        else:
            records.append(run_record(run, summary, note, settle=not options.deleted))
    if options.json:
        return _print_json({"runs": records, **({"hidden": hidden} if hidden else {})})
    if not records and not hidden:
        print(_nothing(options))
    for record in records:
        print(run_line(record))
    for record in records:
        if record["status"] == "damaged":
            print(record["message"], file=sys.stderr)
    if hidden:
        one = hidden == 1
        told = f"{hidden} {'run' if one else 'runs'} of bisects and sweeps {'is' if one else 'are'} not shown"
        print(f"{told}; --all shows {'it' if one else 'them'}.", file=sys.stderr)
    return 0


def run_record(run: Run, summary: Summary, note: Note, *, settle: bool = True) -> dict[str, Any]:
    """A run as `runs --json` shows it.

    Args:
        run: Run.
        summary: Summary. Of this run.
        note: Note. Of this run.
        settle: bool. Whether to look if its worker still lives; not for one in the trash. Defaults to `True`.
    """
    status: Status | Summary = launch.poll(run) if settle and summary.is_active else summary
    same = ("run", "name", "dataset", "mode", "backbone", "created", "epochs", "val_accuracy", "val_auc")
    facts = {name: getattr(summary, name) for name in same}
    return {**facts, "status": status.status, "message": status.message, "note": note.text, "tags": list(note.tags)}


def run_line(record: dict[str, Any]) -> str:
    """A run in one line."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(record["created"]))
    line = (
        f"{record['run']}  {record['status']:<11}  {when}  "
        f"val_accuracy {_number(record['val_accuracy'])}  val_auc {_number(record['val_auc'])}  {record['name']}"
    )
    tags = f"  [{', '.join(record['tags'])}]" if record["tags"] else ""
    note = " ".join(record["note"].split())
    return f"{line}{tags}{f'  {note[:60]}' if note else ''}"


def write(options: argparse.Namespace) -> int:
    """Changes what is written about a run where the command says so, and prints it."""
    run = RunStore().get(options.run)
    note = read_note(run)
    if options.text is not None or options.tag or options.untag:
        gone = {tag.strip().casefold() for tag in options.untag}
        tags = [tag for tag in (*note.tags, *options.tag) if tag.strip().casefold() not in gone]
        note = write_note(run, note.text if options.text is None else options.text, tags)
    if options.json:
        return _print_json({"run": run.id, "note": note.text, "tags": list(note.tags)})
    print(_told(run, note))
    return 0


def delete_run(options: argparse.Namespace) -> int:
    """Moves a run to the trash."""
    run = RunStore().get(options.run)
    title, refers = run.title(), trash.uses(run)
    trash.delete(run)
    if options.json:
        return _print_json({"run": run.id, "deleted": True, "refers": refers, "kept_days": trash.KEPT_DAYS})
    print(f"{title} was deleted; `python -m core restore {run.id}` brings it back within {trash.KEPT_DAYS} days.")
    if refers:
        print(refers)
    return 0


def restore_run(options: argparse.Namespace) -> int:
    """Brings a run back from the trash."""
    run = trash.restore(options.run)
    if options.json:
        return _print_json({"run": run.id, "restored": True})
    print(f"{run.title()} is back.")
    return 0


def _told(run: Run, note: Note) -> str:
    lines = [run.title(), f"tags: {', '.join(note.tags) or 'none'}", f"note: {note.text or 'none'}"]
    return "\n".join(lines)


def _nothing(options: argparse.Namespace) -> str:
    if options.tag or options.text:
        return "No run has what was asked for."
    return "No run was deleted lately." if options.deleted else (
        "There are no runs yet; `python -m core train sample` makes one."
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _print_json(record: dict[str, Any]) -> int:
    print(json.dumps(files.finite(record), allow_nan=False))
    return 0
