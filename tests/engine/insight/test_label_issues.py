"""Which labels are suspicious: planted mistakes come to the top, groups stay together, obvious ways agree."""

import sys

import numpy as np
import pytest

from core.engine.insight.label_issues import FOLDS, NEIGHBOURS, find_label_issues, folds, neighbour_votes


def clusters(number: int, classes: int = 2, width: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % classes
    centres = rng.normal(0, 1, (classes, width))
    return (centres[labels] + rng.normal(0, 1, (number, width))).astype(np.float32), labels


def alone(number: int) -> list[list[int]]:
    return [[k] for k in range(number)]


def flipped(labels: np.ndarray, share: float, classes: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(labels), round(share * len(labels)), replace=False)
    given = labels.copy()
    given[wrong] = (given[wrong] + rng.integers(1, classes, len(wrong))) % classes
    return given, wrong


@pytest.mark.parametrize("classes", [2, 4])
def test_most_planted_mistakes_are_at_the_top_and_their_true_class_is_suggested(classes: int) -> None:
    features, labels = clusters(600, classes)
    given, wrong = flipped(labels, 0.05, classes)
    found = find_label_issues(features, given, alone(600), classes)
    top = np.argsort(found.score)[: len(wrong)]
    assert found.method == "cleanlab"
    assert np.isin(top, wrong).mean() > 0.8
    assert found.issue[wrong].mean() > 0.7
    assert (found.suggested[wrong] == labels[wrong]).mean() > 0.8


def test_without_scikit_learn_the_neighbours_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    features, labels = clusters(400)
    given, wrong = flipped(labels, 0.05, 2)
    found = find_label_issues(features, given, alone(400), 2)
    assert found.method == "neighbours"
    assert np.isin(np.argsort(found.score)[:20], wrong).mean() > 0.7
    assert (found.score == (found.neighbours / NEIGHBOURS).astype(np.float32)).all()


def test_without_cleanlab_the_head_alone_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    features, labels = clusters(400)
    given, wrong = flipped(labels, 0.05, 2)
    found = find_label_issues(features, given, alone(400), 2)
    assert np.isin(np.argsort(found.score)[:20], wrong).mean() > 0.7


def test_a_copy_with_the_same_mistake_does_not_vouch_for_it() -> None:
    """Two images of a patient with one wrong label would agree with each other in different folds."""
    features, labels = clusters(300)
    features = np.concatenate([features, features[:10]])
    given = np.concatenate([labels, labels[:10]])
    given[[0, 300]] = 1 - given[0]
    groups = [[k, 300 + k] for k in range(10)] + [[k] for k in range(10, 300)]
    found = find_label_issues(features, given, groups, 2)
    apart = find_label_issues(features, given, alone(310), 2)
    assert found.score[0] < apart.score[0]
    assert (found.neighbours[0], found.issue[0]) == (found.neighbours[300], found.issue[300])
    assert apart.neighbours[0] == found.neighbours[0] + 1


def test_folds_keep_groups_whole_and_are_of_equal_size_in_every_class() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 500)
    cuts = np.sort(rng.choice(np.arange(1, 500), 200, replace=False))
    groups = [list(part) for part in np.split(np.arange(500), cuts)]
    fold = folds(labels, groups)
    assert all(len(set(fold[group].tolist())) == 1 for group in groups)
    sizes = np.array([np.bincount(labels[fold == k], minlength=3) for k in range(FOLDS)])
    assert np.ptp(sizes, axis=0).max() <= 12
    assert (folds(labels, groups) == fold).all()


def test_neighbours_are_those_that_sorting_finds() -> None:
    features, labels = clusters(60, 3)
    group_of = np.arange(60) // 2
    votes = neighbour_votes(features, labels, group_of, 3)
    values = (features - features.mean(axis=0)) / features.std(axis=0)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    for k in range(60):
        order = [j for j in np.argsort(-(values @ values[k])) if group_of[j] != group_of[k]][:NEIGHBOURS]
        assert votes[k].tolist() == np.bincount(labels[order], minlength=3).tolist()
