"""A run from its dataset to its model: scan, findings, epochs, evaluation; all of it goes into the run's folder."""

import time

from core import files
from core.checks.preflight import findings_record, preflight
from core.data.dataset import open_dataset
from core.data.order import require_batches
from core.engine.insight.build_reference import keep_reference
from core.engine.insight.keep_converted import keep_trained
from core.engine.insight.mark_attention import add_mark_attention
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, make_training_context
from core.engine.train.data_watch import DATA_CHANGED, keep_manifest, say_changes
from core.engine.train.devices import all_devices
from core.engine.train.epochs import Training
from core.engine.train.evaluate import keep_results
from core.engine.train.run_costs import RunCosts
from core.engine.train.tracking import Tracking
from core.errors import ImageChanged
from core.store.runs import STATUSES, Run
from core.store.status import NOTHING_TRAINED


def run_training(reporter: Reporter[Run]) -> tuple[str, str]:
    """Trains a run, as its worker does.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: something the person can put right, in one sentence.
    """
    status = train(reporter)
    return status, STATUSES[status] if reporter.run.has_model() else NOTHING_TRAINED


def train(reporter: Reporter[Run], *, with_reference: bool = True) -> str:
    """Trains a run to its end, or to a stop, and writes all its files.

    Args:
        reporter: Reporter. Of a run whose worker has just started.
        with_reference: bool. Whether to keep features of the training images, for nearest ones later. Defaults to yes.

    Returns:
        The final status: `finished` or `stopped`.

    Raises:
        UserError: something the person can put right, in one sentence.
    """
    tracking, status = Tracking(reporter), "failed"
    try:
        with all_devices(reporter.run.config()) as devices:
            if devices > 1:
                reporter.event("devices", count=devices)
            status = _train(reporter, tracking, with_reference=with_reference)
    finally:
        tracking.end(status)
    return status


def _train(reporter: Reporter[Run], tracking: Tracking, *, with_reference: bool) -> str:
    run, started, before = reporter.run, time.monotonic(), dict(reporter.status.seconds)
    config = run.config()
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    dataset = open_dataset(config.dataset, config.data, reporter.progress, run.data().layout)
    keep_manifest(reporter, dataset)
    run_costs = RunCosts(config, dataset)
    reporter.foretell(run_costs.after_data())
    files.write_json(run.path / "findings.json", findings_record(preflight(config, dataset, reporter.progress)))
    require_batches(len(dataset.split.train), config.data.batch_size, config.data.drop_remainder)
    context = make_training_context(config, dataset, reporter)
    training = Training(context, tracking, run_costs)
    run_costs.prepared(time.monotonic() - started)
    tracking.begin()
    try:
        training.run_all()
    except StopRequested:
        training.stopped = True
    except ImageChanged as error:
        reporter.event(DATA_CHANGED, message=str(error))
        raise
    finally:
        training.event_files.close()
        parts = {**context.seconds, "total": time.monotonic() - started}
        reporter.set_status(seconds={name: value + before.get(name, 0.0) for name, value in parts.items()})
    if training.phase and training.has_learnt:
        context.ignore_stop, finishing = True, time.monotonic()
        reporter.foretell(0.0)
        keep_results(context, training.phase.predict, training.description())
        say_changes(reporter, config)
        if with_reference:
            base_was_trained = training.phase.learned is training.phase.model
            keep_reference(context, base_was_trained=base_was_trained, may_compute=not training.stopped)
            keep_trained(context)
            if not training.stopped:
                add_mark_attention(context)
            run_costs.finished(time.monotonic() - finishing)
    run_costs.keep(context)
    return "stopped" if training.stopped else "finished"
