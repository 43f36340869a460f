"""What the trace costs: the same training with and without it, epoch for epoch in turn, in one process.

    python tests/bench/bench_trace.py [PAIRS]

Prints, for each kind of step, the time of a step with the trace and without it, and the ratio: it must stay under 1.02
for a literal end-to-end step and under 1.10 for a cached step of the question's head. Two neighbouring epochs make a
pair; the ratio is the median of the pairs' ratios, with the interval that holds it with 95 % (order statistics of the
median, i.e. the sign test), because what else the machine does changes more slowly than the pairs alternate. It is
taken of the wall clock and of the processor time of all threads; where the machine is busy the second is the steadier,
and it is what is judged.
"""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, ratio, table
from tests.bench.images import draw

if TYPE_CHECKING:
    from core.engine.train.epochs import Training
    from core.engine.train.phases import Phase

KINDS: dict[str, tuple[dict[str, Any], int, float]] = {
    # Settings over `question-bottleneck`, training images per class, largest ratio allowed.
    "cached step, the question's head": ({"data.augmentation": "none"}, 200, 1.10),
    "cached step, pooled features, no hidden layer": (
        {"data.augmentation": "none", "model.pooling": "average", "model.dense_units": 0}, 400, 0.0,
    ),
    "literal end-to-end step": ({"training.mode": "end_to_end", "training.literal": True}, 40, 1.02),
}  # fmt: skip


class NoTrace:
    """Stands in for the trace."""

    def __init__(self, context: Any) -> None:
        import keras

        self._nothing = keras.callbacks.Callback()

    def begin_epoch(self, *_: Any, **__: Any) -> Any:
        """A callback that does nothing."""
        return self._nothing

    def end_epoch(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


def training(folder: Path, settings: dict[str, Any], *, traced: bool) -> tuple["Training", "Phase"]:
    """A training ready for its first epoch, and its phase."""
    import keras

    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.engine.reporter import Reporter
    from core.engine.train import epochs, phases
    from core.engine.train.context import make_training_context
    from core.engine.train.run_costs import RunCosts
    from core.engine.train.trace import TraceWriter
    from core.engine.train.tracking import Tracking
    from core.store.runs import RunStore

    config = make_config(str(folder), {**settings, "training.epochs": 1000}, preset="question-bottleneck")
    reporter = Reporter(RunStore().create(config))
    context = make_training_context(config, open_dataset(config.dataset, config.data), reporter)
    with contextlib.ExitStack() as stack:
        if not traced:
            stack.enter_context(mock.patch.object(phases, "TracedSequential", keras.Sequential))
            stack.enter_context(mock.patch.object(phases, "TracedModel", keras.Model))
            stack.enter_context(mock.patch.object(epochs, TraceWriter.__name__, NoTrace))
        made = epochs.Training(context, Tracking(context.reporter, ""), RunCosts(context.config, context.dataset))
        phase = phases.plan(context)[0].make()
    made._begin(phase, None)
    made._validate(phase, made._fit_epoch(phase, 0, 1000, 0))  # traces the graphs
    return made, phase


def one_epoch(made: "Training", phase: "Phase", epoch: int) -> tuple[float, float]:
    """Seconds of an epoch with its validation: by the wall clock, and of all processors."""
    started, spent = time.perf_counter(), time.process_time()
    logs = made._fit_epoch(phase, epoch, 1000, 0)
    made._validate(phase, logs)
    return time.perf_counter() - started, time.process_time() - spent


def measure(epochs: int = 24) -> list[Figure]:
    """The ratios of every kind of step; about four minutes, most of it the literal step."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = str(Path(home) / "home")
        return [figure for name in KINDS for figure in one_kind(name, epochs, Path(home))]


def one_kind(name: str, epochs: int, home: Path) -> list[Figure]:
    """The figures of one kind of step: of the wall clock, and of the processors, which is the one that is judged."""
    from core.data.order import batches_per_epoch

    settings, images, limit = KINDS[name]
    folder = draw(home / f"pictures-{images}", side=150, train=images, val=10)
    seconds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    trainings = {traced: training(folder, settings, traced=traced) for traced in (True, False)}
    for epoch in range(1, epochs + 1):
        for traced in (True, False) if epoch % 2 else (False, True):
            seconds[traced].append(one_epoch(*trainings[traced], epoch))
    steps = batches_per_epoch(2 * images, 20, True)
    figures = []
    for k, clock in enumerate(("wall", "processors")):
        some, none = ([pair[k] for pair in seconds[traced]] for traced in (True, False))
        note = f"{1000 * median(some) / steps:.2f} ms with, {1000 * median(none) / steps:.2f} ms without"
        target = f"<= {limit:.2f}" if limit and clock == "processors" else ""
        figures.append(ratio(f"trace: {name}, {clock}", some, none, target, note))
    return figures


def main() -> int:
    """Measures every kind of step; returns 1 when one is beyond its limit."""
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
    print(table(figures))
    return 0 if all(figure.met is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
