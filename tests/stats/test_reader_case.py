"""Readers crossed with cases: against a slow second way, and against worlds in which the truth is known."""

import numpy as np
import pytest

from core.stats import metrics
from core.stats.paired_seeds import estimate
from core.stats.power import cases_to_settle, seeds_to_settle
from core.stats.reader_case import Crossed, accuracy_reading, auc_reading, crossed

RNG = np.random.default_rng(0)


def readings(correct: np.ndarray, cases: list[int] | None = None) -> list:
    return [accuracy_reading(cases or list(range(len(row))), row) for row in correct]


def test_for_accuracies_it_is_the_one_shot_estimate_by_mean_squares() -> None:
    """Gallas, Pennello and Myers 2007: (MS seeds + MS images - MS both) / (seeds * images), of the differences."""
    a, b = RNG.random((4, 60)) < 0.8, RNG.random((4, 60)) < 0.7
    difference = a.astype(float) - b
    r, n = difference.shape
    rows, columns, mean = difference.mean(1), difference.mean(0), difference.mean()
    by_seeds = n * ((rows - mean) ** 2).sum() / (r - 1)
    by_images = r * ((columns - mean) ** 2).sum() / (n - 1)
    both = ((difference - rows[:, None] - columns + mean) ** 2).sum() / ((r - 1) * (n - 1))
    found = crossed(readings(a), readings(b))
    assert found is not None
    assert found.by_seeds == pytest.approx(by_seeds / (r * n))
    # Where the covariance comes out lower it counts as that of two images more, half of each won by either.
    assert found.by_cases == pytest.approx(max((by_images - both) / (r * n), 1 / (n + 2) ** 2), abs=1e-12)


def test_an_auc_and_its_variance_are_delongs() -> None:
    labels, scores = np.arange(90) % 2, RNG.normal(0, 1, 90).round(1)
    scores = scores + labels
    pair = np.stack([1 - scores, scores], axis=1)
    found = auc_reading(list(range(90)), labels, pair)
    assert found is not None
    assert found.value == pytest.approx(metrics.auc(labels, pair))
    above, below = scores[labels == 1], scores[labels == 0]
    wins = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    delong = wins.mean(1).var() / 45 + wins.mean(0).var() / 45
    assert sum(part**2 for part in found.parts.values()) == pytest.approx(delong)
    assert auc_reading([0, 1], np.array([1, 1]), pair[:2]) is None


def test_the_auc_of_several_classes_is_their_mean() -> None:
    labels, probabilities = np.arange(60) % 3, RNG.dirichlet([1, 1, 1], 60)
    found = auc_reading(list(range(60)), labels, probabilities)
    assert found is not None
    assert found.value == pytest.approx(metrics.auc(labels, probabilities))


def test_a_crossed_bootstrap_agrees() -> None:
    """Seeds and images drawn with replacement, each by itself: an independent way to about the same spread."""
    rng = np.random.default_rng(1)
    hard, quirk = rng.normal(0, 1, 150), rng.normal(0, 0.15, (2, 8, 1))
    a, b = (rng.normal(hard + shift + quirk[k], 0.5) > 0 for k, shift in enumerate((1.2, 0.9)))
    found = crossed(readings(a), readings(b))
    assert found is not None
    difference = a.astype(float) - b
    draws = [
        difference[np.ix_(rng.integers(0, 8, 8), rng.integers(0, 150, 150))].mean() for _ in range(2000)
    ]  # fmt: skip
    assert np.sqrt(found.by_seeds + found.by_cases) == pytest.approx(np.std(draws), rel=0.25)


def world(rng: np.random.Generator, seeds: int, images: int, gap: float, group: int) -> tuple[list, list]:
    """Two settings whose true accuracies differ by a gap; the images of a group are as hard as one another."""
    hard = np.repeat(rng.normal(0, 1, images // group), group)
    cases = np.repeat(np.arange(images // group), group).tolist()
    shift = rng.normal(0, 0.1, (2, seeds, 1))
    a = hard + 1.0 + gap + shift[0] + rng.normal(0, 0.5, (seeds, images)) > 0
    b = rng.normal(0, 0.4, images) + hard + 1.0 + shift[1] + rng.normal(0, 0.5, (seeds, images)) > 0
    return readings(a, cases), readings(b, cases)


@pytest.mark.parametrize("group", [1, 4])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(group: int) -> None:
    rng = np.random.default_rng(2)
    truth = [crossed(*world(rng, 30, 3000, 0.2, 1)) for _ in range(3)]
    gap = np.mean([one.value for one in truth if one])
    found = [crossed(*world(rng, 6, 200, 0.2, group)) for _ in range(150)]
    covered = np.mean([one.low <= gap <= one.high for one in found if one])
    assert 0.90 <= covered <= 0.99


def test_images_that_only_one_side_has_are_not_paired() -> None:
    rows = RNG.random((3, 50)) < 0.8
    same, other = crossed(readings(rows), readings(rows)), crossed(readings(rows), readings(rows, list(range(50, 100))))
    assert same is not None
    assert other is not None
    assert (same.by_cases, same.cases, other.cases) == (1 / 52**2, 50, 100)
    assert other.by_cases >= 0
    assert crossed(readings(rows[:1]), readings(rows[:1])) is None


def test_answers_that_never_differ_on_few_images_do_not_exclude_a_gap_on_others() -> None:
    """The interval was 0 to 0; of 8 images that agree one knows that 31 % may not (95 %, Clopper and Pearson)."""
    same = crossed(readings(np.ones((3, 8), bool)), readings(np.ones((3, 8), bool)))
    assert same is not None
    assert (same.value, same.low, same.high) == pytest.approx((0, -0.196, 0.196), abs=0.001)
    all_wrong = crossed(readings(np.ones((3, 8), bool)), readings(np.zeros((3, 8), bool)))
    assert all_wrong is not None
    assert (all_wrong.low, all_wrong.high) == pytest.approx((0.804, 1.0), abs=0.001)
    assert all(0.004 < abs(end) < 0.006 for end in _ends_of_agreement(400)), "many images that agree do say something"


def _ends_of_agreement(images: int) -> tuple[float, float]:
    found = crossed(readings(np.ones((3, images), bool)), readings(np.ones((3, images), bool)))
    assert found is not None
    return found.low, found.high


def test_what_would_settle_it() -> None:
    seen = Crossed(0.04, -0.01, 0.09, 0.0001, 0.0005, 0.00004, 60.0, 200, 6)
    needed = cases_to_settle(seen)
    assert needed is not None
    assert needed == pytest.approx(0.00054 * 200 / ((0.04 / (2.0003 + 0.8416)) ** 2 - 0.00006), rel=0.01)
    assert cases_to_settle(Crossed(0.01, -0.03, 0.05, 0.0001, 0.0003, 0.00001, 60.0, 200, 6)) is None, (
        "more images do not help"
    )
    assert cases_to_settle(Crossed(0.0, -0.03, 0.03, 0.0, 0.0003, 0.0, 60.0, 200, 6)) is None
    twelve = estimate([0.004, 0.024] * 6, 0.024)
    assert seeds_to_settle(estimate([0.014, -0.01] * 6, 0.024), 0.01, 0.024) > 12  # type: ignore[operator]
    assert seeds_to_settle(twelve, 0.01, 0.024) == 13
    assert seeds_to_settle(estimate([0.5, -0.49] * 6, 0.024), 0.01, 0.024) is None


def test_as_many_images_as_it_says_settle_it() -> None:
    """Most of the worlds that it cannot tell by 100 images have to be told by as many as it says: four of five where
    the gap is what it was measured to be."""
    rng, told, asked = np.random.default_rng(5), 0, 0
    while asked < 40:
        seen = crossed(*world(rng, 6, 100, 0.15, 1))
        needed = cases_to_settle(seen) if seen else None
        if seen and needed and seen.low <= 0 and seen.value > 0.03 and needed < 2000:
            again = crossed(*world(rng, 6, needed, 0.15, 1))
            told, asked = told + bool(again and again.low > 0), asked + 1
    assert 0.55 < told / asked < 1
