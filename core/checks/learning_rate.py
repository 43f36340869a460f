"""Check of the head's learning rate: ranges by optimizer and head, as measured (tests/bench/head_rates.py).

How far a head can come is the rate times the number of steps; how long a step may be depends on the head. A linear
head on pooled features tolerates nearly every rate: the predictions only become overconfident. Hidden units can die.
"""

from math import inf
from typing import Any, NamedTuple

from core.checks.context import Context
from core.checks.finding import Finding
from core.config import RunConfig
from core.data.order import batches_per_epoch

_REACH = {"linear": 0.02, "hidden": 0.005, "flat": 0.005}
_REACH_OF_SGD = 0.05
"""Learning rate times steps that heads needed to come near what they reach at all."""

FEWEST = 50
"""Steps below which no rate is enough."""

USUAL = {"adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2}


class Highest(NamedTuple):
    """Rates up to which all is well, and from which on nothing is learned."""

    well: float
    nothing: float


_ADAPTIVE = {"linear": Highest(0.3, inf), "hidden": Highest(0.03, inf), "flat": Highest(0.003, 0.01)}
_SGD = {"linear": Highest(0.3, inf), "hidden": Highest(0.1, 3.0), "flat": Highest(0.03, 0.1)}


def lr_out_of_range(context: Context) -> Finding | None:
    """The head's learning rate is so high that its units die or its answers mean little, or too low for its steps."""
    training = context.config.training
    found = out_of_range(context.config, len(context.train))
    suits = not training.is_frozen and training.mode != "fine_tune"  # a backbone that trains wants a low one
    return None if found is not None and suits and found.evidence["rate_is"] == "low" else found


def out_of_range(config: RunConfig, count: int) -> Finding | None:
    """The same from the settings and the number of training images."""
    training, kind = config.training, head_kind(config)
    highest = (_SGD if training.optimizer == "sgd" else _ADAPTIVE)[kind]
    steps = training.epochs * batches_per_epoch(count, config.data.batch_size, config.data.drop_remainder)
    pace = 1 - training.momentum if training.optimizer == "sgd" else 1.0
    low = reach(config) / steps if steps >= FEWEST else 0.0  # too-few-updates says it
    rate, well = training.learning_rate, float(f"{highest.well * pace:.3g}")
    if low <= rate <= well or (rate < low and low > well):
        return None
    usual = min(max(USUAL[training.optimizer], _rounded(low)), well)
    evidence: dict[str, Any] = {
        "learning_rate": rate,
        "range": [float(f"{low:.2g}"), well],
        "optimizer": training.optimizer,
        "head": kind,
        "steps": steps,
        "rate_is": "high" if rate > well else "low",
    }
    return Finding(
        "lr-out-of-range",
        "error" if rate >= highest.nothing * pace else "warning",
        _claim(rate, evidence, _WORDS[kind]),
        evidence,
        f"Begin with training.learning_rate={usual:g}" + ("." if rate > well else ", or train for more epochs."),
        {"training.learning_rate": usual},
    )


def reach(config: RunConfig) -> float:
    """Learning rate times steps that the head needs to come near what it reaches at all."""
    training = config.training
    return _REACH_OF_SGD * (1 - training.momentum) if training.optimizer == "sgd" else _REACH[head_kind(config)]


def head_kind(config: RunConfig) -> str:
    """`linear` without hidden units; `hidden` with some on pooled features; `flat` with some on the flattened map."""
    if not config.model.whole_head.units:
        return "linear"
    return "flat" if config.model.pooling == "flatten" else "hidden"


_WORDS = {"linear": "heads without hidden units", "hidden": "heads with hidden units on pooled features",
          "flat": "heads with hidden units on the flattened map"}  # fmt: skip


def _claim(rate: float, evidence: dict[str, Any], heads: str) -> str:
    low, well = evidence["range"]
    optimizer = evidence["optimizer"]
    if evidence["rate_is"] == "high":
        return (
            f"The learning rate of {rate:g} is above the range in which {heads} learn well with {optimizer}, up to "
            f"{well:g}."
        )
    return (
        f"The learning rate of {rate:g} is too low for {evidence['steps']:,} steps: with {optimizer} {heads} need "
        f"{low:g} or more to come near what they can reach in as many."
    )


def _rounded(rate: float) -> float:
    """Upwards, to one digit that is 1, 2 or 5."""
    size = 10.0 ** float(f"{rate:e}".split("e")[1])
    return float(f"{next(size * step for step in (1, 2, 5, 10) if size * step >= rate * 0.999):.1g}")
