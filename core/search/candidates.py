"""Candidates of a search for the best network: networks x image sizes x heads x learning rates; light."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.config import HEAD, RunConfig, make_config, merged
from core.errors import ConfigError
from core.models import catalogue

MOST_CANDIDATES = 200

SIZES = (160, 224)
HEADS = ("dropout 0.2", "dense 128 relu, dropout 0.5")
RATES = (3e-4, 1e-3, 1e-2)
"""What is tried unless a person says otherwise."""

Candidate = dict[str, Any]
"""Values of the settings that candidates differ in."""


@dataclass(frozen=True)
class Wanted:
    """What is to be tried; empty for the defaults.

    Attributes:
        networks: Names of backbones. Defaults to all whose weights are on this machine.
        sizes: Image sizes in pixels. Defaults to `SIZES`.
        heads: Values of `model.head`. Defaults to `HEADS`.
        rates: Learning rates. Defaults to `RATES`.
    """

    networks: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    heads: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()


def candidates(base: RunConfig, wanted: Wanted) -> list[Candidate]:
    """Every combination that its network can take, the cheapest features first.

    Args:
        base: RunConfig. What does not vary.
        wanted: Wanted.

    Raises:
        ConfigError: a value is not allowed, weights are not here, nothing is left, or there are too many.
    """
    rows = [catalogue.find(name) for name in wanted.networks or catalogue.networks_here()]
    for row in rows:
        if catalogue.find_weights(row) is None:
            raise ConfigError(
                f"the weights of {row.title} are not on this machine; download them by training it once, or name "
                f"others: {', '.join(catalogue.networks_here())}"
            )
    sizes, heads, rates = wanted.sizes or SIZES, wanted.heads or HEADS, wanted.rates or RATES
    bases = [(row, size) for row in dict.fromkeys(rows) for size in dict.fromkeys(sizes) if size >= row.min_size]
    bases.sort(key=lambda pair: pair[0].operations * pair[1] ** 2)
    found: list[Candidate] = [
        {"model.backbone": row.name, "data.image_size": size, HEAD: head, "training.learning_rate": rate}
        for (row, size), head, rate in itertools.product(bases, dict.fromkeys(heads), dict.fromkeys(rates))
    ]
    if not found:
        raise ConfigError("no network takes images of these sizes; ask for larger ones, such as --sizes 224")
    if len(found) > MOST_CANDIDATES:
        raise ConfigError(
            f"that makes {len(found)} candidates; {MOST_CANDIDATES} may be tried: name fewer networks, sizes, heads or "
            "rates"
        )
    for candidate in found:
        config_of(base, candidate)
    return found


def config_of(base: RunConfig, candidate: Candidate, seed: int = 0, name: str = "") -> RunConfig:
    """The settings of a candidate; `seed` is added to the training seed.

    Raises:
        ConfigError: its values do not go together.
    """
    settings = merged(base.settings(), candidate)
    settings["training.seed"] = base.training.seed + seed
    return make_config(base.dataset, settings, name=name)


def fine_tuned_settings(candidate: Candidate) -> Candidate:
    """The settings of a candidate whose last blocks are trained after its head."""
    return {**candidate, "training.mode": "fine_tune"}


def same_features(candidate: Candidate) -> tuple[str, int]:
    """What decides the features of a candidate."""
    return candidate["model.backbone"], candidate["data.image_size"]


def candidate_name(candidate: Candidate) -> str:
    """The candidate in words: `VGG16 at 224, dense 128 relu, rate 0.001`."""
    network, size = same_features(candidate)
    return f"{network} at {size}, {candidate[HEAD] or 'no layer'}, rate {candidate['training.learning_rate']:g}"


def rungs(folds: int, repeats: int) -> list[int]:
    """After how many heads of a candidate the worse half is dropped: two folds, all folds, all repeats."""
    return sorted({min(2, folds), folds, folds * repeats})


def kept(losses: Sequence[tuple[int, float]], least: int = 4) -> list[int]:
    """Which candidates go on: the better half by their mean loss over the same folds, `least` at least.

    Args:
        losses: sequence of (number, mean loss). A loss that is not a number is the worst.
        least: int. So many always go on, so that the last can be distinguished. Defaults to 4.
    """
    ranked = sorted(losses, key=lambda pair: (pair[1] != pair[1], pair[1], pair[0]))
    return sorted(number for number, _ in ranked[: max(least, (len(ranked) + 1) // 2)])
