"""The command line: `python -m core scan | check | train | runs | stop | resume | predict | compare | bisect | ...`.

Answers go to stdout, progress, findings of a training and errors to stderr; standard input is never read. Exit code 0:
done; 1: something the person can put right, in one sentence (with `--strict` also an error among the findings); 2:
wrong usage; 3: a failure inside; 130: Ctrl-C.
"""

import argparse
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from core import files
from core.cli import (
    bisect,
    cache,
    check,
    compare,
    evaluate,
    export,
    fetch,
    find_rate,
    import_run,
    labels,
    predict,
    report,
    scan,
    split,
    sweep,
    unpack,
)
from core.cli import import_model as model
from core.cli import import_script as script
from core.cli import runs as upkeep
from core.cli.layout import understood
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, follow
from core.cli.told_findings import FindingsTold, add_strict
from core.environment import environment, quieten_tensorflow
from core.errors import UserError
from core.insight.answer import Reply
from core.jobs.validate import validate_config
from core.store.runs import Run, RunStore, Status
from core.workers import launch
from core.workers.predict_client import require_model

if TYPE_CHECKING:
    from core.store.run_records import PartFigures

STRICT_RUN = "the run is trained and kept all the same (`check --strict` says so before)"


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(_with_negative_values(sys.argv[1:] if arguments is None else arguments))
    try:
        environment()
        code: int = options.command(options)
        sys.stdout.flush()  # here, where it can be handled that nobody reads on
    except UserError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # as shells have it: 128 and the signal's number
    except BrokenPipeError:
        # Whoever read the answer has read enough. Python writes what is left at its end, and must not fail then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _with_negative_values(arguments: list[str]) -> list[str]:
    """`--pixels -1..1` in one piece: argparse would take what begins with a minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--pixels" and argument.startswith("-1"):
            joined[-1] = f"--pixels={argument}"
        else:
            joined.append(argument)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Parity without a browser.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Any, text: str, *, with_json: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        if with_json:
            sub.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
        return sub

    scan.add_parser(command)
    split.add_parser(command)
    labels.add_parser(command)
    fetch.add_parser(command)
    unpack.add_parser(command)
    check.add_parser(command)
    compare.add_parser(command)
    bisect.add_parser(command)
    script.add_parser(command)
    model.add_parser(command)
    cache.add_parser(command)
    export.add_parser(command)
    report.add_parser(command)
    import_run.add_parser(command)
    train = command("train", _train, "Train a run and follow it; Ctrl-C stops and keeps the model so far.")
    add_settings(train)
    train.add_argument("--name", default="", help="what to call the run")
    add_strict(train, STRICT_RUN)
    upkeep.add_parsers(command)
    stop = command("stop", _stop, "Stop a run; the model so far is kept.")
    stop.add_argument("run", metavar="RUN")
    stop.add_argument("--now", action="store_true", help="end one that does not stop; the last finished epoch is kept")
    find_rate.add_parser(command)
    sweep.add_parser(command)
    resume = command("resume", _resume, "Go on after the last finished epoch.")
    resume.add_argument("run", metavar="RUN")
    add_strict(resume, STRICT_RUN)
    predict.add_options(command("predict", _predict, "Class probabilities of images, and what is near them."))
    evaluate.add_parser(command)
    help_of_remember = (
        "Keep features of a run's training images, for the nearest ones of a new image; training does so itself."
    )
    command("remember", _build_reference, help_of_remember).add_argument("run", metavar="RUN")
    return parser


def _train(options: argparse.Namespace) -> int:
    config = read_config(options, options.name)
    line = Line(quiet=options.json)
    config, dataset = validate_config(config, line.progress("Looks through"))
    line.show("")
    run = RunStore().create(config)
    line.show(f"run {run.id}", lasting=True)
    for said in understood(dataset) if dataset else ():
        line.show(said, lasting=True)
    launch.start(run, parent_pipe=False)
    return _follow(run, options)


def _follow(run: Run, options: argparse.Namespace) -> int:
    """Follows a run to its end with what is found in it; the exit code."""
    told = FindingsTold(run)
    status = follow(run, quiet=options.json, look=told.show_new)
    code = _report(run, status, told, as_json=options.json)
    if not options.json and (summary := told.summary()):
        print(summary, flush=True)
        told.repeat_errors()
    return 1 if options.strict and code == 0 and told.errors() else code


def _report(run: Run, status: Status, told: FindingsTold, *, as_json: bool) -> int:
    evaluation = run.evaluation()
    parts = evaluation.parts if evaluation else {}
    if as_json:
        _print_json(
            {
                "run": run.id,
                "status": status.status,
                "message": status.message,
                "metrics": _metrics(parts),
                "history": run.history(),
                "classes": run.classes(),
                "seconds": {name: status.seconds.get(name, 0.0) for name in ("features", "training", "total")},
                "findings": [finding.to_dict() for finding in told.found],
            }
        )
    if status.status in ("failed", "interrupted"):
        print(status.message, file=sys.stderr)
        return 1 if status.fault == "user" else 3
    if not as_json:
        print(f"run {run.id} {status.status}: {status.message}")
        for name, part in parts.items():
            low, high = part.interval or (0.0, 1.0)
            print(f"{name}: accuracy {part.accuracy:.4f} [{low:.3f}, {high:.3f}] on {part.count} images, "
                  f"AUC {_number(part.auc)}, {(evaluation and evaluation.weights) or 'the last weights'}")  # fmt: skip
    return 0


def _metrics(parts: "Mapping[str, PartFigures]") -> dict[str, float | None]:
    return {
        f"{name}_{key}": value
        for name, part in parts.items()
        for key, value in (("accuracy", part.accuracy), ("auc", part.auc), ("loss", part.loss))
    }


def _stop(options: argparse.Namespace) -> int:
    run = RunStore().get(options.run)
    (launch.end_now if options.now else launch.stop)(run)
    while (status := launch.poll(run)).is_active:
        time.sleep(0.25)
    return _report_state(run, status, as_json=options.json)


def _resume(options: argparse.Namespace) -> int:
    run = RunStore().get(options.run)
    launch.resume(run, parent_pipe=False)
    return _follow(run, options)


def _report_state(run: Run, status: Status, *, as_json: bool) -> int:
    if as_json:
        return _print_json({"run": run.id, "status": status.status, "message": status.message})
    print(f"run {run.id} {status.status}: {status.message}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    quieten_tensorflow()

    def ask(run: Run, heat: bool) -> Callable[[Any], Reply]:
        from core.engine.insight.predict import load_model

        model = load_model(run)
        return lambda pixels: model.answer(pixels, heat=heat)

    return predict.predict(options, ask)


def _build_reference(options: argparse.Namespace) -> int:
    run = RunStore().get(options.run)
    require_model(run)
    quieten_tensorflow()
    from core.engine.insight.build_reference import build_reference

    line = Line(quiet=options.json)
    ood_limit = build_reference(run, line.progress("Looks at"))
    line.show("")
    if options.json:
        return _print_json({"run": run.id, **ood_limit.to_record()})
    print(ood_limit.describe())
    return 0


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _print_json(record: dict[str, Any]) -> int:
    print(json.dumps(files.finite(record), allow_nan=False))
    return 0


def _fail_inside(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    sys.excepthook = _fail_inside
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a console that does not know every sign
    sys.exit(main())
