"""The command `import-script`: a Keras script as settings and findings, and as a run. The script is never run."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.cli.command import AddCommand
from core.cli.layout import add_layout, heed_layout
from core.cli.output import print_json
from core.cli.settings import DATASET_HELP, read_settings
from core.cli.told_findings import add_strict
from core.cli.train import STRICT_RUN, train_config
from core.config import RunConfig
from core.errors import DataError
from core.script.becoming import Answers, Missing, beyond, differences, has_nearest, missing, run_config
from core.script.text import LARGEST, place_of
from core.workers.script_client import read_script


def add_parser(command: AddCommand) -> None:
    """Adds the command to the parser of `python -m core`."""
    text = "Convert a Keras script to settings, with findings per line, and train the run; it is never executed."
    sub = command("import-script", run, text)
    sub.add_argument("file", metavar="FILE", type=Path, help="the script, or a notebook (.ipynb)")
    sub.add_argument("--keras", metavar="VERSION", help="its version of Keras, such as 2.0.8")
    sub.add_argument("--train", action="store_true", help="train the resulting run and show its progress")
    sub.add_argument("--data", dest="dataset", default="", metavar="DIR", help=f"the images: {DATASET_HELP}")
    add_layout(sub)
    sub.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting that is not in the script"
    )
    sub.add_argument("--nearest", action="store_true", help="if no run can reproduce the script, use the nearest run")
    sub.add_argument("--name", default="", help="name of the run")
    add_strict(sub, STRICT_RUN)


def run(options: argparse.Namespace) -> int:
    """Prints what was read, or trains it."""
    record = read_script(read_file(options.file), options.file.name, options.keras)
    answers = Answers(options.dataset, read_settings(options.set), options.nearest)
    if options.train:
        return train_config(_asked(record, answers, options), options)
    if options.json:
        answered = options.dataset or options.set or options.nearest or options.name
        return print_json({**record, **({"run": _as_run(record, answers, options.name)} if answered else {})})
    print("\n".join(_report(record, answers)))
    return 0


def _as_run(record: dict[str, Any], answers: Answers, name: str) -> dict[str, Any]:
    """What the script becomes with the answers: what is still missing, how the run differs, its configuration."""
    left = missing(record, answers)
    trains = not left and (answers.nearest or not beyond(record, answers)) and has_nearest(record, answers)
    return {
        "missing": [{"key": one.key, "why": one.why, "option": one.option} for one in left],
        "differences": differences(record, answers),
        "config": run_config(record, answers, name or record["name"][:100]).to_dict() if trains else None,
    }


def _asked(record: dict[str, Any], answers: Answers, options: argparse.Namespace) -> RunConfig:
    """The configuration, after asking for what is missing where somebody sits at a terminal.

    Raises:
        DataError: something is missing, or no run can do it; one sentence that names the option.
    """
    asks = sys.stdin.isatty() and not options.json
    name = options.file.name
    for one in missing(record, answers):
        value = _ask(one) if asks else ""
        if not value:
            raise DataError(f"{name}: {one.why}; give {one.option}")
        if one.key == "dataset":
            answers = replace(answers, dataset=value)
        else:
            answers = replace(answers, settings={**answers.settings, one.key: value})
    if found := beyond(record, answers):
        _agree(record, answers, name, asks=asks, count=len(found))
    options.dataset = answers.dataset or record["dataset"] or ""
    _require_folder(record, options, name, asked=bool(answers.dataset))
    heed_layout(options)
    return run_config(record, replace(answers, dataset=options.dataset), options.name or name[:100])


def _require_folder(record: dict[str, Any], options: argparse.Namespace, name: str, *, asked: bool) -> None:
    """The script's own folder may be on another machine."""
    if not asked and not Path(options.dataset).is_dir():
        where = "".join(f" ({place_of(one)})" for one in record["dataset_lines"][:1])
        raise DataError(f"{name}: its folder {options.dataset}{where} is not here; give --data DIR")


def _ask(one: Missing) -> str:
    print(f"{one.why}.", file=sys.stderr)
    wanted = "Folder of the images" if one.key == "dataset" else one.key
    return input(f"{wanted}: ").strip()


def _agree(record: dict[str, Any], answers: Answers, name: str, *, asks: bool, count: int) -> None:
    """Trains no other run than the script's unless somebody wants it.

    Raises:
        DataError: nobody does, or there is none that comes near.
    """
    told = differences(record, answers)
    if not has_nearest(record, answers):
        first = next(one for one in beyond(record, answers) if "nearest" not in one)
        raise DataError(f"{name} cannot become a run: {first['why']}; there is no similar run")
    if not answers.nearest and asks:
        print(f"No run can do what {name} does:", *(f"  {line}" for line in told), sep="\n", file=sys.stderr)
        answers = replace(answers, nearest=input("Train the nearest run? [y/N] ").strip().lower() in ("y", "yes"))
    if not answers.nearest:
        more = f" and {count - 1} more" if count > 1 else ""
        raise DataError(f"{name}: {told[0]}{more}; give --nearest to train the nearest run instead")
    print("Training the nearest run:", *(f"  {line}" for line in told), sep="\n", file=sys.stderr)


def read_file(path: Path) -> bytes:
    """A script's file, or as much of it as shows that it is too large.

    Raises:
        DataError: there is no such file, or it cannot be read; one sentence.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "its name is no path"
        raise DataError(f"{path} cannot be read: {why}; give a script's file") from error


def _report(record: dict[str, Any], answers: Answers) -> list[str]:
    lines = [f"{record['name']}: {record['mode'] or 'training mode not found'}, dataset "
             f"{record['dataset'] or 'not found'}", ""]  # fmt: skip
    lines += [f"{key} = {one['value']}  ({place_of(one)})" for key, one in record["settings"].items()]
    others = [f"{one['key']}: {one['why']}" for one in record["open"] if one["kind"] == "asked"]
    parts = {
        "No run can do": differences(record, answers),
        "Open": others,
        "Not stated": [f"{key} = {one['value']}: {one['why']}" for key, one in record["not_stated"].items()],
        "Not read": [f"{place_of(one)}: {one['text']}" for one in record["unread"]],
        "Shuffle": [f"{version}: {order}" for version, order in record["order"].items()],
        "Findings": [_finding(one) for one in record["findings"]],
    }
    for title, rows in parts.items():
        lines += ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []
    return lines


def _finding(one: dict[str, Any]) -> str:
    return f"{place_of(one['evidence'])}: {one['severity']} {one['id']}: {one['claim']} {one['remedy']}"
