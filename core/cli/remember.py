"""The command `remember`: keeps features of a run's training images, for the nearest ones of a new image."""

import argparse

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.terminal import Line
from core.environment import quieten_tensorflow
from core.store.runs import RunStore
from core.workers.predict_client import require_model


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    text = "Store features of a run's training images for nearest-neighbour search; training does this by default."
    command("remember", remember, text).add_argument("run", metavar="RUN")


def remember(options: argparse.Namespace) -> int:
    """Computes and keeps them; prints the limit beyond which an image is out of distribution."""
    run = RunStore().get(options.run)
    require_model(run)
    quieten_tensorflow()
    from core.engine.insight.build_reference import build_reference

    line = Line(quiet=options.json)
    ood_limit = build_reference(run, line.progress("Looks at"))
    line.show("")
    if options.json:
        return print_json({"run": run.id, **ood_limit.to_record()})
    print(ood_limit.describe())
    return 0
