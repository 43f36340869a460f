"""The command `search`: the best network for these images, by cross-validation on cached features within a budget."""

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.output import Record, new_rows, print_answer
from core.cli.settings import add_settings, read_config, set_options
from core.cli.terminal import Line, duration, follow
from core.cross_validation.store import FOLDS, REPEATS
from core.errors import ConfigError
from core.jobs.job import BUDGET_MINUTES
from core.search.candidates import HEADS, RATES, SIZES, Wanted
from core.search.fine_tuned import best_settings
from core.search.store import Search, SearchSpec, SearchStore
from core.start import start
from core.store.runs import RESUMABLE, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.fold_records import SearchCandidate, SearchResult

STOPPING = "Stopping after this epoch; trained heads are kept."
_SHOWN = 10


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "search",
        search,
        "Find the best model for these images: networks, image sizes, heads and learning rates, cross-validated on "
        "cached features by successive halving. Ctrl-C stops; the same command resumes.",
    )
    add_settings(parser)
    parser.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"maximum time in minutes; default: {BUDGET_MINUTES:g}",
    )  # fmt: skip
    parser.add_argument("--networks", metavar="A,B", help="default: all with local weights")
    parser.add_argument("--sizes", metavar="A,B", help=f"image sizes; default: {_listed(SIZES)}")
    parser.add_argument("--heads", metavar="A;B", help=f"as model.head has them; {'; '.join(HEADS)}")
    parser.add_argument("--rates", metavar="A,B", help=f"learning rates; default: {_listed(RATES)}")
    parser.add_argument("--folds", type=int, metavar="K", help=f"default: the folds of the dataset, else {FOLDS}")
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, metavar="R", help=f"for the finalists; default: {REPEATS}"
    )


def search(options: argparse.Namespace) -> int:
    """Runs one search to its end and prints the ranking."""
    if options.folds == 0:
        raise ConfigError("--folds is 0; give 2 to 20")
    line = Line(quiet=options.json)
    wanted = Wanted(
        networks=tuple(_given(options.networks, "--networks", ",")),
        sizes=tuple(_numbers(options.sizes, "--sizes", int)),
        heads=tuple(_given(options.heads, "--heads", ";")),
        rates=tuple(_numbers(options.rates, "--rates", float)),
    )
    spec = SearchSpec(
        read_config(options), wanted=wanted, folds=options.folds or 0, repeats=options.repeats,
        budget_minutes=options.budget,
    ).admit(line.progress("Scanning"))  # fmt: skip
    line.show("")
    job = _begin(spec, line)
    status = follow(job, quiet=options.json, stopping=STOPPING, look=new_rows(lambda: _ended(job), _described))
    result = job.result()
    return print_answer(
        status, answer(job, result), lambda: _told(job, result, status), as_json=options.json, resumes=True
    )


def answer(job: Search, result: "SearchResult | None") -> Record:
    """The answer of a search as JSON has it."""
    if result is None:
        return {"search": job.id}
    place = {number: rank for rank, number in enumerate(result["ranking"])}
    rows = [_row(result["candidates"][number]) for number in result["ranking"]]
    pairs = [{**pair, "candidate": place[pair["candidate"]]} for pair in result["pairs"]]
    alike = [0] * bool(rows) + [pair["candidate"] for pair in pairs if not pair["told_apart"]]
    return {
        "search": job.id,
        "ranking": rows,
        "told_apart": {"alike": alike, "pairs": pairs},
        "winner": rows[0] if rows else None,
        "expected": result["expected"],
        "fine_tuned": result.get("fine_tuned"),
        "left_out": [
            {"name": row["name"], "reason": row["reason"]} for row in result["candidates"] if row["state"] == "left_out"
        ],
        **{key: value for key, value in result.items() if key in ("folds", "repeats", "brought", "images", "groups")},
        **{key: value for key, value in result.items() if key in ("complete", "sentence", "cost")},
    }


def _row(row: "SearchCandidate") -> Record:
    figures: Any = row["figures"] or {}
    return {
        "backbone": row["settings"]["model.backbone"],
        "config": row["settings"],
        "accuracy": figures.get("accuracy"),
        "interval": figures.get("interval"),
        "auc": figures.get("auc"),
        "loss": figures.get("loss"),
        "milliseconds_per_image": row["milliseconds"],
        "megabytes": row["megabytes"],
        "heads": len(row["heads"]),
        "name": row["name"],
        "state": row["state"],
        "reason": row["reason"],
    }


def _begin(spec: SearchSpec, line: Line) -> Search:
    """Starts a search, or goes on with the same one where it has ended early."""
    for known in SearchStore().list():
        asked = (list(spec.candidates), spec.folds, spec.repeats, spec.brought)
        if (known.candidates(), known.folds(), known.repeats(), known.brought()) != asked:
            continue
        if launch.poll(known).status in RESUMABLE and known.config() == spec.config:
            line.show(f"search {known.id} resumes", lasting=True)
            start.resume(known, COMMAND_LINE, spec.budget_minutes)
            return known
    job = start.start("search", spec, COMMAND_LINE)
    line.show(f"search {job.id}: {len(spec.candidates)} candidates, at most {spec.budget_minutes:g} min", lasting=True)
    return job


def _ended(job: Search) -> list[Record]:
    """Candidates that are no longer in it, as `new_rows` wants them."""
    result = job.result()
    rows = result["candidates"] if result else []
    return [{**row, "status": "finished"} for row in rows if row["state"] != "waiting"]


def _described(row: Record) -> str:
    words = {"dropped": "dropped", "left_out": "left out", "kept": "finalist"}
    figures = row["figures"]
    measured = f", {figures['accuracy']:.4f}" if figures else ""
    return f"{row['name']}: {words[row['state']]}{measured}{'; ' if row['reason'] else ''}{row['reason']}"


def _told(job: Search, result: "SearchResult | None", status: Status) -> list[str]:
    found = answer(job, result)
    if result is None or not found["ranking"]:
        return [status.message]
    lines = [] if status.status == "finished" else [status.message]
    for rank, row in enumerate(found["ranking"][:_SHOWN], 1):
        low, high = row["interval"] or (0.0, 1.0)
        auc = f"{row['auc']:.3f}" if row["auc"] is not None else "-"
        alike = "=" if rank - 1 in found["told_apart"]["alike"] else " "
        lines.append(
            f"{rank:>2}{alike} {row['accuracy']:.4f} [{low:.3f}, {high:.3f}]  AUC {auc}  "
            f"{row['milliseconds_per_image']:.0f} ms  {row['megabytes']:.0f} MB  {row['heads']} heads  {row['name']}"
        )
    lines += [result["sentence"], *_not_fine_tuned(result), train_command(job, best_settings(result))]
    return [*lines, f"spent {duration(60 * result['cost'].get('spent_minutes', 0.0))}"]


def _not_fine_tuned(result: "SearchResult") -> list[str]:
    found = result.get("fine_tuned")
    return [f"Not fine-tuned on every fold: {found['reason']}."] if found and found["reason"] else []


def train_command(job: Search, settings: Record) -> str:
    """The command that trains a candidate whole."""
    return f"train it: python -m core train {shlex.quote(job.dataset())} {set_options(settings)}"


def _parts(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark) if part.strip()]


def _given(text: str | None, option: str, mark: str) -> list[str]:
    """The values of an option; none where it is not given.

    Raises:
        ConfigError: it is given and has no value, so that the defaults would be tried unasked.
    """
    parts = _parts(text or "", mark)
    if text is not None and not parts:
        raise ConfigError(f"{option} has no values; leave it out to try the default ones")
    return parts


def _numbers(text: str | None, option: str, kind: Any) -> list[Any]:
    try:
        return [kind(part) for part in _given(text, option, ",")]
    except ValueError as error:
        raise ConfigError(f"{option} {(text or '')[:60]}: comma-separated numbers are expected") from error


def _listed(values: Any) -> str:
    return ",".join(f"{value:g}" for value in values)
