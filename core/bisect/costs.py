"""Cost estimate of a bisect: seconds of its trials, from what the two runs took and what is in the feature cache."""

from dataclasses import dataclass, field

from core.bisect.factors import Factors
from core.bisect.search import Set, seeds_of
from core.config import RunConfig
from core.data.order import draw_of_epoch
from core.store.runs import Run

STARTING_SECONDS = 10.0
"""TensorFlow's import, the scan and the first network."""

_FEATURE_SECONDS = 0.03
"""An image through the backbone, where neither run says."""

_STEP_SECONDS = 0.03
"""A step of the head on cached features, where neither run says."""

_FEATURE_KEYS = (
    *("dataset", "data.image_size", "data.preprocessing", "data.augmentation", "model.backbone", "model.weights"),
    *("model.pooling", "training.precision", "training.feature_precision", "data.seed"),
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
    _measured: dict[tuple[bool, int], list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for run in (self.a, self.b):
            config = run.config()
            if config.training.is_frozen and not config.training.literal:
                self._cached |= _features(config)

    def trial(self, config: RunConfig) -> float:
        """Expected seconds of a trial."""
        missing = len(_features(config) - self._cached) if config.training.is_frozen else 0
        images = self.factors.a.count("train")
        return self._training(config) + missing * images * self._feature_seconds()

    def finished(self, config: RunConfig, seconds: dict[str, float]) -> None:
        """Learns from a trial: what it took, and that its features are cached now."""
        self._measured.setdefault(_kind(config), []).append(seconds.get("total", 0.0) - seconds.get("features", 0.0))
        if config.training.is_frozen:
            self._cached |= _features(config)

    def expected(self) -> tuple[int, float]:
        """Trainings that a bisect without surprises takes, and their seconds in all."""
        keys = frozenset(self.factors.keys)
        values = [end.config.training.seed for end in (self.factors.a, self.factors.b)]
        seeds = seeds_of(values[0], values[1], same=not keys)
        none: Set = frozenset()
        own = {(none, values[0]), (keys, values[1])}
        trials = {(none, seed) for seed in seeds[0]} | {(keys, seed) for seed in seeds[1]}
        if len(keys) > 1:
            trials |= {(trial, seeds[0][0]) for key in keys for trial in (frozenset({key}), keys - {key})}
        todo = sorted((sorted(trial), seed) for trial, seed in trials if (trial, seed) not in own)
        return len(todo), STARTING_SECONDS + self._sum(todo)

    def _sum(self, todo: list[tuple[list[str], int]]) -> float:
        before, total = set(self._cached), 0.0
        for trial, seed in todo:
            config = self.factors.config(frozenset(trial), seed)
            total += self.trial(config)
            self._cached |= _features(config) if config.training.is_frozen else set()
        self._cached = before
        return total

    def _training(self, config: RunConfig) -> float:
        measured = self._measured.get(_kind(config))
        if measured:
            return sum(measured) / len(measured)
        ends = [(run, run.config()) for run in (self.a, self.b)]
        alike = [
            run.read_status().seconds for run, own in ends if _kind(own) == _kind(config) and not own.training.literal
        ]
        known = [seconds["total"] - seconds.get("features", 0.0) for seconds in alike if "total" in seconds]
        if known:
            return max(known)
        steps = config.training.epochs * self.factors.a.count("train") / config.data.batch_size
        if config.training.is_frozen:
            return steps * _STEP_SECONDS
        passes = config.training.finetuning_epochs or config.training.epochs
        return 3 * passes * self.factors.a.count("train") * self._feature_seconds()

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
    return config.training.is_frozen, config.training.most_epochs


def _features(config: RunConfig) -> set[tuple[object, ...]]:
    """The feature arrays of the training images that a frozen run needs."""
    values = {"dataset": config.dataset, **config.settings()}
    facts = tuple(values[key] for key in _FEATURE_KEYS if key != "data.seed" or config.data.augmentation != "none")
    kind, draws = config.data.augmentation, config.data.augmentation_draws
    return {(*facts, draw_of_epoch(epoch, kind, draws)) for epoch in range(config.training.epochs)}
