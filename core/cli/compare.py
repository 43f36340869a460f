"""The command `compare`: two runs side by side, and their first divergence."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.terminal import Line
from core.compare.compare import TWO_LOSSES, Comparison, stored_probe
from core.compare.compare import compare as compare_runs
from core.compare.paired import Outcome, Paired, outcome, what_it_takes
from core.errors import RunError
from core.store.runs import Run, RunStore
from core.workers.probe_client import probe

if TYPE_CHECKING:
    from core.store.job_records import ProbeStage

_COLUMN = 20
"""Characters of a value of A beside which one of B stands; a list of layers has more, and no visible end."""


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("compare", compare, "Show what differs between two runs, and their first divergence.")
    parser.add_argument("run_a", metavar="RUN_A")
    parser.add_argument("run_b", metavar="RUN_B")
    parser.add_argument(
        "--no-probe",
        action="store_true",
        help="do not pass images through the two models (takes about 20 seconds)",
    )


def compare(options: argparse.Namespace) -> int:
    """Prints the comparison."""
    a, b = (RunStore().get(name) for name in (options.run_a, options.run_b))
    note = "" if options.no_probe else _probe(a, b, Line(quiet=options.json))
    record = compare_runs(a, b)
    if options.json:
        print_json({**record, "probe_note": note or None})
    else:
        _print(record, note, stored_probe(a, b) or [])
    return 0


def _probe(a: Run, b: Run, line: Line) -> str:
    """Lets the probe be measured where it can be; why not, if not, in a sentence."""
    line.show("Passing 16 images through both models.", lasting=True)
    try:
        probe(a, b)
    except RunError as error:
        return str(error)
    return ""


def _named(figure: str) -> str:
    """A figure by what it is: the key of the saved model's loss is older than the difference between the two."""
    return "saved val_log_loss" if figure == "saved val_loss" else figure


def _print(record: Comparison, note: str, stages: "Sequence[ProbeStage]") -> None:
    print(f"A  {record['titles'][0]}  ({record['runs'][0]})\nB  {record['titles'][1]}  ({record['runs'][1]})")
    for sentence in record["endings"]:
        print(f"\n{sentence}")
    _print_rows("Settings", [(row["key"], row["a"], row["b"]) for row in record["differences"]["config"]])
    _print_rows("Data", [(row["what"], row["a"], row["b"]) for row in record["differences"]["data"]])
    _print_rows(
        "Program and machine", [(row["what"], row["a"], row["b"]) for row in record["differences"]["environment"]]
    )
    _print_rows("Figures", [(_named(name), _number(a), _number(b)) for name, (a, b) in record["metrics"].items()])
    print(f"  {TWO_LOSSES.format(epochs='val_loss', saved='val_log_loss')}")
    print(f"\nThe same validation images\n  {_paired(record['paired'])}")
    for sentence in record["classes"]["sentences"]:
        print(f"  {sentence}")
    print(f"\nFirst divergence\n  {_divergence(record)}")
    print("\nProbe")
    for stage in stages:
        print(f"  {stage.stage:<20}{_stage(stage)}")
    if not stages:
        print(f"  {note or 'Not measured.'}")
    for name, title in (("a", "A"), ("b", "B")):
        for finding in record["findings"][name]:
            print(f"\n{title}: {finding['severity']} {finding['id']}\n  {finding['claim']}")


def _print_rows(title: str, rows: list[tuple[str, object, object]]) -> None:
    print(f"\n{title}")
    for name, a, b in rows:
        fits = len(str(a)) <= _COLUMN
        print(f"  {name:<28} {a!s:<{_COLUMN}} {b}" if fits else f"  {name}\n    A  {a}\n    B  {b}")
    if not rows:
        print("  no difference")


_SAID: dict[Outcome, str] = {
    "too_few_groups": "too few groups to call any gap more than chance",
    "real": "more than chance",
    "chance": "may be chance",
}


def _paired(paired: Paired) -> str:
    if "reason" in paired:
        return paired["reason"]
    said, count = outcome(paired), paired["count"]
    same = " (paired by their pixels: the files differ)" if paired.get("paired_by") == "pixels" else ""
    if said == "identical":
        return f"Both give the same class to each of the {count} images{same}: identical."
    low, high = paired["interval"]
    gap = f"gap {paired['gap']:+.3f} [{low:+.3f}, {high:+.3f}]"
    if said == "same_right":
        return f"Both are right on the same images of {count}{same}, and wrong on the same: {gap}."
    groups = paired.get("groups")
    test = f"signs of the {groups} groups exchanged" if groups else "McNemar"
    takes = what_it_takes(paired)
    return (
        f"A right and B wrong on {paired['only_a_right']} of {count}, B right and A wrong on "
        f"{paired['only_b_right']}{same}: {gap}, p = {paired['p_value']:.2g} ({test}): {_SAID[said]}."
        + (f" {takes}" if takes else "")
    )


def _divergence(record: Comparison) -> str:
    first = record["first_divergence"]
    return f"{first['stage']}: {first['sentence']}" if first else record["divergence"]


def _stage(stage: "ProbeStage") -> str:
    if stage.largest_difference is None or stage.a is None or stage.b is None:
        return stage.note
    if stage.largest_difference == 0:
        return "no difference"
    return f"{stage.largest_difference:.4g} ({stage.file}: {stage.a:.4g} and {stage.b:.4g})"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
