"""Learning-rate range test job: ever larger rates, batch after batch, with the head, order and images of a run."""

import dataclasses
import time

import keras

from core.config import RunConfig
from core.data.dataset import open_dataset
from core.data.pipeline import in_use
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, make_training_context
from core.engine.train.phases import Phase, plan
from core.lr_search.store import LrSearch
from core.stats.lr_range_test import STEPS, Suggestion, has_diverged, range_test_rates, smooth, suggest
from core.store.job_records import RangeTest
from core.store.record_types import known

_NO_FALL = (
    "The loss fell at no learning rate, so none can be suggested: look at the checks of the images and the settings."
)


def find_rate(reporter: Reporter[LrSearch]) -> tuple[str, str]:
    """Makes the range test of a search whose worker has just got its turn, and writes its result.

    Args:
        reporter: Reporter. Of the search.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: something the person can put right, in one sentence.
    """
    search, started = reporter.run, time.monotonic()
    config = for_range_test(search.config())
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    dataset = open_dataset(config.dataset, config.data, reporter.progress)
    try:
        context = make_training_context(config, dataset, reporter)
        phase = plan(context)[0].make()  # fine-tuning begins with the head, whose rate is the one looked for
        test = run_range_test(phase, reporter)
    except StopRequested:
        return "stopped", "Stopped before the range test was made."
    if test.stopped:
        return "stopped", "Stopped before the range test was complete."
    found = suggest(test.rates, test.losses)
    search.write_result(_record(test, found, time.monotonic() - started))
    if found.valley is None:
        return "finished", _NO_FALL
    return "finished", f"A learning rate of {found.valley:.2g} suits these settings."


def for_range_test(config: RunConfig) -> RunConfig:
    """Settings as the range test uses them: samples shuffled, one version of every augmented image, no schedule.

    Batches of one class would tell more about the order than about the rate, and another version in every epoch would
    cost another pass through the network for features that are needed once.
    """
    draws = 1 if config.data.augmentation != "none" else config.data.augmentation_draws
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, shuffle="samples", augmentation_draws=draws),
        training=dataclasses.replace(config.training, schedule="none"),
    )


def run_range_test(phase: Phase, reporter: Reporter[LrSearch]) -> "LrRangeTest":
    """Trains batch after batch, epoch after epoch, each batch with the next rate, until the loss explodes."""
    test, epoch = LrRangeTest(reporter), 0
    reporter.phase("training", "Trying increasing learning rates.", batches=STEPS, batch=0)
    while not test.ended:
        data = phase.data(epoch)
        with in_use(data):
            phase.model.fit(phase.stream.of(data), shuffle=False, verbose=0, callbacks=[test])
        epoch += 1
    return test


class LrRangeTest(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the rate before each batch and takes its loss after it.

    Args:
        reporter: Reporter.

    Attributes:
        rates: list of float. Rates of the steps made.
        losses: list of float. Loss of each step's batch, before the step.
        ended: bool. Whether it is over.
        stopped: bool. Whether a person asked for a stop.
    """

    def __init__(self, reporter: Reporter[LrSearch]) -> None:
        super().__init__()
        self._reporter, self._planned = reporter, range_test_rates()
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.ended = self.stopped = False

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Sets the next rate; Keras calls this."""
        if not self.ended:
            self.model.optimizer.learning_rate.assign(self._planned[len(self.losses)])

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Takes the loss and ends the range test where there is nothing more to learn; Keras calls this."""
        self.rates.append(float(self._planned[len(self.losses)]))
        self.losses.append(float((logs or {})["batch_loss"]))
        self._reporter.batch(len(self.losses))
        self.stopped = self._reporter.stop_requested()
        self.ended = self.stopped or len(self.losses) == len(self._planned) or has_diverged(self.losses)
        if self.ended:
            self.model.stop_training = True


def _record(test: LrRangeTest, found: Suggestion, seconds: float) -> RangeTest:
    return RangeTest(
        rates=test.rates,
        losses=[known(loss) for loss in test.losses],
        smoothed=[known(loss) for loss in smooth(test.losses).tolist()],
        valley=found.valley,
        steep=found.steep,
        steps=len(test.rates),
        diverged=has_diverged(test.losses),
        seconds=seconds,
    )
