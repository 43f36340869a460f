"""Cost estimate of a bisect: seconds of its trials, from what the two runs took and what is in the feature cache."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.bisect.arm_values import Set
from core.bisect.factors import Factors
from core.bisect.reading import common_part, judged
from core.bisect.seeds import seeds_of
from core.config import RunConfig, TrainConfig
from core.data.order import batches_per_epoch, draw_of_epoch
from core.models.optimizer_plan import plan_optimizer
from core.stats.paired_seeds import LEVELS, LOOKS
from core.stats.student_t import two_sided
from core.store.runs import Run
from core.workers import launch

STARTING_SECONDS = 8.0
"""TensorFlow's import and the scan."""

_BACKBONE_SECONDS, _HEAD_SECONDS = 2.5, 1.0
"""The first trial with a backbone of its own, and the first with a head of its own, take so much longer."""

_TRIAL_SECONDS, _EPOCH_SECONDS, _TRIAL_STEP_SECONDS = 0.12, 0.012, 0.0013
"""A trial on cached features, each of its epochs, and each step (core/engine/jobs/head_trials.py); two processors."""

_FIT_SECONDS, _FASTER = 0.12, 2.5
"""What an epoch of a run takes whatever its head, and how many times as long as in a trial the rest of it takes."""

_USUAL_SPREAD = 0.01
"""Standard deviation of a difference between two trials with one seed, before anything is known of it."""

_FEATURE_SECONDS = 0.03
"""An image through the backbone, where neither run says."""

_STEP_SECONDS = 0.03
"""A step of the head on cached features, where neither run says."""

_FEATURE_KEYS = (
    *("dataset", "data.image_size", "data.preprocessing", "data.augmentation", "model.backbone", "model.weights"),
    *("data.fit", "data.window", "data.window_low", "data.window_high"),
    *("model.pooling", "training.precision", "training.runtime", "training.feature_precision", "data.seed"),
)
"""Settings that decide the features; the split decides which of them are needed."""


@dataclass
class Costs:
    """Expected seconds of each trial, kept up to date with what trials have taken.

    Args:
        a: Run.
        b: Run.
        factors: Factors. Between the two.
    """

    a: Run
    b: Run
    factors: Factors
    _cached: set[tuple[object, ...]] = field(default_factory=set)
    _opened: set[tuple[object, ...]] = field(default_factory=set)
    _measured: dict[tuple[bool, int], list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for run in (self.a, self.b):
            config = run.config()
            if config.training.is_on_features:
                self._cached |= _features(config)

    def trial(self, config: RunConfig) -> float:
        """Expected seconds of a trial."""
        missing = len(_features(config) - self._cached) if config.training.is_on_features else 0
        images = self.factors.a.count("train")
        return self._training(config) + self._opening(config) + missing * images * self._feature_seconds()

    def finished(self, config: RunConfig, seconds: dict[str, float]) -> None:
        """Learns from a trial: what it took, and that its features are cached now."""
        taken = seconds.get("total", 0.0) - seconds.get("features", 0.0)
        self._measured.setdefault(_kind(config), []).append(max(0.0, taken - self._opening(config)))
        self._opened |= set(_networks(config))
        if config.training.is_on_features:
            self._cached |= _features(config)

    def left(self, waiting: Sequence[RunConfig], done: int) -> float:
        """Expected seconds from here to the end.

        Args:
            waiting: sequence of RunConfig. Trials that are known to follow.
            done: int. Trainings done.
        """
        expected, seconds = self.expected()
        beyond = max(0, expected - done - len(waiting))
        return self._sum(waiting) + beyond * (seconds - STARTING_SECONDS) / max(1, expected)

    def expected(self) -> tuple[int, float]:
        """Trainings that a bisect without surprises takes, and their seconds in all."""
        keys = frozenset(self.factors.keys)
        none: Set = frozenset()
        ends, switches = self.seeds()
        seeds = seeds_of(*(end.config.training.seed for end in (self.factors.a, self.factors.b)))
        trials: list[tuple[Set, int]] = [
            (trial, seed) for seed in seeds[:ends] for trial in dict.fromkeys((none, keys))
        ]
        if switches and len(keys) > 1:
            for place, key in enumerate(self.factors.keys):
                count = switches if place == 0 else LOOKS[0]
                trials += [(trial, seed) for seed in seeds[:count] for trial in (frozenset({key}), keys - {key})]
        todo = [self.factors.config(trial, seed) for trial, seed in dict.fromkeys(trials)]
        return len(todo), STARTING_SECONDS + self._sum(todo)

    def seeds(self) -> tuple[int, int]:
        """Seeds that the ends, and the switches of one factor, are likely to need; 0 where none is likely switched.

        By what the two runs themselves have, the larger the gap the sooner it is clear.
        """
        if not self.factors.keys:
            return LOOKS[0], 0
        part = common_part(self.a, self.b)
        found = [judged(run, part) for run in (self.a, self.b)]
        gap = abs(found[0].accuracy - found[1].accuracy) if found[0] and found[1] else 0.0
        ends, switches = _look_that_shows(gap), _look_that_shows(gap / 2)
        if gap < _half_width(len(LOOKS) - 1):
            return ends, 0
        return (max(ends, switches) if len(self.factors.keys) > 1 else ends), switches

    def _sum(self, todo: Sequence[RunConfig]) -> float:
        before, total = (set(self._cached), set(self._opened)), 0.0
        for config in todo:
            total += self.trial(config)
            self._opened |= set(_networks(config))
            self._cached |= _features(config) if config.training.is_on_features else set()
        self._cached, self._opened = before
        return total

    def _opening(self, config: RunConfig) -> float:
        """What the first trial with a network takes longer than the next."""
        if not self._is_trial(config):
            return 0.0
        costs = (_BACKBONE_SECONDS, _HEAD_SECONDS)
        return sum(cost for cost, network in zip(costs, _networks(config), strict=True) if network not in self._opened)

    @staticmethod
    def _is_trial(config: RunConfig) -> bool:
        """Whether a trial is one of many in a process; on a cluster each is a job of its own."""
        return config.training.is_on_features and not launch.uses_cluster()

    def _training(self, config: RunConfig) -> float:
        measured = self._measured.get(_kind(config))
        if measured:
            return sum(measured) / len(measured)
        if self._is_trial(config):
            steps = batches_per_epoch(self.factors.a.count("train"), config.data.batch_size, config.data.drop_remainder)
            epoch = max(_EPOCH_SECONDS + steps * _TRIAL_STEP_SECONDS, self._epoch_by_the_runs())
            return _TRIAL_SECONDS + config.training.epochs * epoch
        ends = [(run, run.config()) for run in (self.a, self.b)]
        alike = [
            run.read_status().seconds for run, own in ends if _kind(own) == _kind(config) and not own.training.literal
        ]
        known = [seconds["total"] - seconds.get("features", 0.0) for seconds in alike if "total" in seconds]
        if known:
            return max(known)
        if config.training.is_on_features:
            passes = self.factors.a.count("train") / config.data.batch_size
            return config.training.epochs * passes * _STEP_SECONDS
        passes = config.training.finetuning_epochs or config.training.epochs
        return 3 * passes * self.factors.a.count("train") * self._feature_seconds()

    def _epoch_by_the_runs(self) -> float:
        """What an epoch of a trial on cached features takes by what one of the two runs took; 0 where none says.

        A head of millions of weights, or a slow machine, shows there.
        """
        frozen = [run for run in (self.a, self.b) if self._is_trial(run.config())]
        told = [(len(run.epochs()), run.read_status().seconds.get("training", 0.0)) for run in frozen]
        epochs, seconds = max(told, default=(0, 0.0))  # of the longer one: the first epoch takes longer than the others
        return max(0.0, seconds / epochs - _FIT_SECONDS) / _FASTER if epochs else 0.0

    def _feature_seconds(self) -> float:
        """Seconds that an image takes through the backbone; a run that found its features cached says nothing."""
        rates = []
        for run, end in ((self.a, self.factors.a), (self.b, self.factors.b)):
            config = end.config
            images = end.count("val") + len(_features(config)) * end.count("train")
            rates.append(run.read_status().seconds.get("features", 0.0) / images)
        return max(rates) if max(rates) > _FEATURE_SECONDS / 10 else _FEATURE_SECONDS


def _kind(config: RunConfig) -> tuple[bool, int]:
    """What decides how long a training takes, roughly."""
    return config.training.is_on_features, config.training.most_epochs


def _networks(config: RunConfig) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What decides the backbone of a trial, and its head."""
    data, model = config.data, config.model
    base = (
        data.image_size,
        data.preprocessing,
        model.backbone,
        model.weights,
        model.pooling,
        config.training.precision,
        config.training.runtime,
    )
    return base, (*base, model.whole_head, *_optimizer(config.training))


def _optimizer(training: TrainConfig) -> tuple[object, ...]:
    """What decides the graph of a head's training; of a schedule, its rate too."""
    planned = plan_optimizer(training, 1, finetuning=False)
    return (training.label_smoothing, training.focal_gamma, training.focal_alpha, *planned.key)


def _half_width(look: int) -> float:
    count = LOOKS[look]
    return two_sided(LEVELS[look], count - 1) * _USUAL_SPREAD / math.sqrt(count)


def _look_that_shows(gap: float) -> int:
    """Seeds at the first look that is likely to tell such a gap from none; the last where none is."""
    return next((count for look, count in enumerate(LOOKS) if _half_width(look) < gap), LOOKS[-1])


def _features(config: RunConfig) -> set[tuple[object, ...]]:
    """The feature arrays of the training images that a frozen run needs."""
    values = {"dataset": config.dataset, **config.settings()}
    facts = tuple(values[key] for key in _FEATURE_KEYS if key != "data.seed" or config.data.augmentation != "none")
    kind, draws = config.data.augmentation, config.data.augmentation_draws
    return {(*facts, draw_of_epoch(epoch, kind, draws)) for epoch in range(config.training.epochs)}
