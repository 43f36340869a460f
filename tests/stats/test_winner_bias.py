"""How much too good the best of many looks, on answers whose truth is known."""

import numpy as np
import pytest

from core.stats.metrics import wilson
from core.stats.winner_bias import best_of, correct_for_choice

TRUTH = 0.5


def coin_flips(candidates: int, images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers of candidates that know nothing: each is right half of the time, whatever is chosen."""
    rng = np.random.default_rng(seed)
    return rng.random((candidates, images)) < TRUTH, rng.random((candidates, images))


def test_of_equals_the_one_with_the_lower_loss_is_best() -> None:
    correct = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1]], dtype=bool)
    assert best_of(correct, np.array([[1.0, 1, 1], [0.1, 1, 1], [0, 0, 0]])) == 1
    assert best_of(correct, np.array([[1.0, 1, 1], [2, 2, 2], [0, 0, 0]])) == 0


def test_the_best_of_many_that_know_nothing_is_seen_to_know_nothing() -> None:
    naive, corrected, covered = [], [], 0
    for seed in range(8):
        correct, loss = coin_flips(40, 100, seed)
        found = correct_for_choice(correct, loss)
        naive.append(correct[best_of(correct, loss)].mean())
        corrected.append(found.value)
        covered += found.interval[0] <= TRUTH <= found.interval[1]
        assert found.optimism == pytest.approx(naive[-1] - found.value)
    assert np.mean(naive) > TRUTH + 0.08, "the best of forty coins looks good"
    assert abs(np.mean(corrected) - TRUTH) < 0.03
    assert covered == 8


def test_one_candidate_alone_or_one_far_ahead_needs_no_correction() -> None:
    correct, loss = coin_flips(1, 200, 0)
    assert correct_for_choice(correct, loss).optimism == pytest.approx(0, abs=0.01)
    rng = np.random.default_rng(0)
    ahead = np.vstack([rng.random(200) < 0.95, rng.random((5, 200)) < 0.5])
    found = correct_for_choice(ahead, np.ones(ahead.shape))
    assert found.optimism == pytest.approx(0, abs=0.01)


def test_the_same_answers_give_the_same_figures_and_one_image_no_false_certainty() -> None:
    correct, loss = coin_flips(5, 50, 3)
    assert correct_for_choice(correct, loss) == correct_for_choice(correct, loss)
    alone = correct_for_choice(np.array([[True]]), np.zeros((1, 1)))
    assert (alone.value, alone.interval) == (1.0, (0.0, 1.0))


@pytest.mark.parametrize("images", [10, 40])
def test_answers_that_are_all_right_are_no_proof_of_a_model_without_errors(images: int) -> None:
    found = correct_for_choice(np.ones((3, images), bool), np.ones((3, images)))
    assert found.value == 1.0
    assert found.interval == pytest.approx(wilson(images, images))


def test_images_of_one_patient_that_are_all_right_count_once() -> None:
    patients = np.repeat(np.arange(6), 5)
    found = correct_for_choice(np.ones((2, 30), bool), np.ones((2, 30)), groups=patients)
    assert found.interval == pytest.approx(wilson(6, 6))


def test_where_there_are_errors_the_drawn_images_decide_alone() -> None:
    correct, loss = coin_flips(3, 200, 1)
    found = correct_for_choice(correct, loss)
    low, high = wilson(round(200 * found.value), 200)
    assert found.interval[0] < low - 0.02
    assert found.interval[1] > high + 0.02


def test_of_one_nothing_was_chosen_and_nothing_is_too_high() -> None:
    correct, loss = coin_flips(1, 50, 2)
    found = correct_for_choice(correct, loss)
    assert (found.value, found.optimism) == (correct.mean(), 0.0)
    assert found.interval[0] < found.value < found.interval[1]
