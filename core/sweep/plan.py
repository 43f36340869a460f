"""Plans a sweep: grid or random search over settings of the head, and over augmentations.

Settings that leave the features as they are, so that trials train on the same cached features; of each augmentation
that is varied there are features of its own, which its trials share.
"""

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.config import HEAD, RunConfig, make_config, merged, setting
from core.errors import ConfigError
from core.notation.augmentation import KEY as AUGMENTATION
from core.notation.head import read_head
from core.setting import check, convert

VARIED = (
    *("training.learning_rate", "model.dense_units", "model.dropout", "model.head", "training.optimizer"),
    *("training.momentum", "training.weight_decay", "training.label_smoothing", "training.focal_gamma"),
    *("training.schedule", "training.schedule_end", "data.batch_size"),
    *("training.epochs", "training.early_stopping", "training.reduce_on_plateau", "training.class_weight"),
    *("data.sampling", "data.shuffle", "data.drop_remainder", AUGMENTATION, "training.seed"),
)
"""Settings that a sweep may vary, the usual ones first."""

MOST_TRIALS = 100

_DECADES = 10.0
"""A range whose ends are further apart than this factor is drawn from evenly in the logarithm."""

_TRIES = 50
"""How often a drawn trial that is known already is drawn again."""

Trial = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A range of numbers to draw from, both ends included."""

    low: float
    high: float

    def draw(self, rng: random.Random, *, whole: bool) -> float:
        """A number from the range: evenly, or evenly in the logarithm where it spans more than a power of ten."""
        if self.low > 0 and self.high / self.low > _DECADES:
            value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = rng.uniform(self.low, self.high)
        value = min(max(value, self.low), self.high)
        return round(value) if whole else float(f"{value:.3g}")


Choices = tuple[Any, ...] | Span
"""Values of one setting: those to try, or a range to draw from."""


def read_choices(key: str, text: str) -> Choices:
    """The values of one setting from text: `1e-4,1e-3`, or the range `1e-4..1e-1`; lists with semicolons between them.

    Names of lists alone, such as the presets of an augmentation, may have commas between them as well.

    Raises:
        ConfigError: the setting cannot be varied, or a value is not allowed.
    """
    spec = setting(key)
    if key not in VARIED:
        raise ConfigError(
            f"{key} cannot be varied in a sweep, as the cached features would change; these settings can be: "
            f"{', '.join(VARIED)}"
        )
    low, dots, high = text.partition("..")
    if dots and not spec.metadata["notation"]:
        return _read_span(key, low, high)
    mark, word = (",", "commas")
    if spec.metadata["notation"] and not _are_names(text, spec.metadata["choices"]):
        mark, word = (";", "semicolons")
    values = [convert(key, spec, part.strip()) for part in text.split(mark) if part.strip()]
    if not values:
        raise ConfigError(f"{key} has no values to try; give them with {word} between them, such as {key}=1{mark}2")
    for value in values:
        check(key, spec, value)
        if key == HEAD and read_head(value or "none")[1]:
            raise ConfigError(f"{key} is {value}; in a sweep it names no pooling, as the cached features would change")
    return tuple(dict.fromkeys(values))


def plan(base: RunConfig, choices: Mapping[str, Choices], count: int = 0, seed: int = 1) -> list[Trial]:
    """The trials of a sweep: every combination, or so many at random.

    Args:
        base: RunConfig. What is not varied; its training must be on cached features.
        choices: mapping. Setting to its values.
        count: int. Trials to draw at random; 0 for every combination.
        seed: int. Decides what is drawn. Defaults to `1`.

    Returns:
        The values of the varied settings, trial by trial, each once.

    Raises:
        ConfigError: nothing is varied, a range is to be combined, a trial is not allowed, or there are too many.
    """
    if not base.training.is_on_features:
        raise ConfigError(
            "a sweep trains heads on cached features, but these settings pass every image through the network; set "
            f"training.mode to bottleneck{' and training.mixup to 0' if base.training.mixup else ''}"
        )
    if not choices:
        raise ConfigError("nothing is varied; name a setting with several values, such as training.learning_rate")
    if count < 0 or count > MOST_TRIALS:
        raise ConfigError(f"{count} trials requested; a sweep may have 1 to {MOST_TRIALS}")
    trials = _draw(choices, count, seed) if count else _combine(choices)
    for trial in trials:
        config_of(base, trial)
    return trials


def config_of(base: RunConfig, trial: Trial, name: str = "") -> RunConfig:
    """The configuration of a trial.

    Raises:
        ConfigError: its values do not go together.
    """
    return make_config(base.dataset, merged(base.settings(), trial), name=name)


def trial_name(trial: Trial) -> str:
    """The trial in words: `learning_rate=0.001, dropout=0.2`."""
    return ", ".join(f"{key.partition('.')[2]}={_short(value)}" for key, value in trial.items())


def _are_names(text: str, names: Sequence[str]) -> bool:
    """Whether it is a row of names of lists; no list has such a name as a step, so it cannot be one list."""
    return all(part.strip().lower() in names for part in text.split(","))


def _combine(choices: Mapping[str, Choices]) -> list[Trial]:
    lists: dict[str, tuple[Any, ...]] = {}
    for key, values in choices.items():
        if isinstance(values, Span):
            raise ConfigError(f"{key} is a range; say how many trials are to be drawn at random, or list its values")
        lists[key] = values
    size = math.prod(len(values) for values in lists.values())
    if size > MOST_TRIALS:
        raise ConfigError(f"that makes {size:,} combinations; a sweep may have {MOST_TRIALS}: draw some at random")
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _draw(choices: Mapping[str, Choices], count: int, seed: int) -> list[Trial]:
    """Different trials, drawn independently; fewer than asked for where there are no more."""
    rng, trials = random.Random(seed), []  # noqa: S311 (it decides what is tried, nothing secret)
    for _ in range(count):
        for _ in range(_TRIES):
            trial = {key: _one(key, values, rng) for key, values in choices.items()}
            if trial not in trials:
                trials.append(trial)
                break
    return trials


def _one(key: str, values: Choices, rng: random.Random) -> Any:
    if isinstance(values, Span):
        return values.draw(rng, whole=isinstance(setting(key).default, int))
    return rng.choice(values)


def _read_span(key: str, low: str, high: str) -> Span:
    spec = setting(key)
    if isinstance(spec.default, bool | str):
        raise ConfigError(f"{key} is not a number, so it has no range; list its values with commas between them")
    ends: Sequence[float] = [convert(key, spec, end.strip()) for end in (low, high)]
    for end in ends:
        check(key, spec, end)
    if ends[0] >= ends[1]:
        raise ConfigError(f"{key}: the range {low.strip()}..{high.strip()} is empty; give the smaller number first")
    return Span(float(ends[0]), float(ends[1]))


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"({value})" if ", " in str(value) else str(value)
