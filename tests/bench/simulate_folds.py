"""How often the interval of a cross-validation holds the truth: made-up images with and without patients.

`python -m tests.bench.simulate_folds [WORLDS]` prints the table of docs/cross-validation.md; 400 worlds a row take a
minute. An image is ten numbers of unit variance, of which one tells the class; those of a patient have four fifths of
their variance in common. The head is a ridge regression. The truth is the mean accuracy of such heads on new images.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cross_validation.figures import fold_figures
from core.stats.metrics import wilson

Floats = NDArray[Any]
_WIDTH, _NEW = 10, 20_000


def draw(rng: np.random.Generator, images: int, size: int, shift: float) -> tuple[Floats, Floats, Floats]:
    """Images, classes and patients (`size` images each) of a world."""
    people = images // size
    labels, common = np.repeat(np.arange(people) % 2, size), 0.9 if size > 1 else 0.0
    x = np.repeat(rng.normal(size=(people, _WIDTH)) * common, size, 0)
    x += rng.normal(size=x.shape) * np.sqrt(1 - common**2)
    x[:, 0] += shift * (2 * labels - 1)
    return np.c_[x, np.ones(len(x))], labels, np.repeat(np.arange(people), size)


def right(x: Floats, labels: Floats, train: Floats, new: tuple[Floats, Floats]) -> Floats:
    """Which of the new images a head is right about that has learned from the training images."""
    a, b = x[train], labels[train]
    weights = np.linalg.solve(a.T @ a + np.eye(a.shape[1]), a.T @ (2 * b - 1.0))
    return (new[0] @ weights > 0) == (new[1] == 1)


def deal(rng: np.random.Generator, labels: Floats, people: Floats, folds: int) -> Floats:
    """A fold for each image: patients dealt out class by class."""
    of_person = labels[np.unique(people, return_index=True)[1]]
    fold = np.zeros(len(of_person), int)
    for label in (0, 1):
        order = rng.permutation(np.flatnonzero(of_person == label))
        fold[order] = np.arange(len(order)) % folds
    return fold[people]


def coverage(images: int, size: int, folds: int, repeats: int, shift: float, worlds: int) -> str:
    """A row of the table."""
    rng = np.random.default_rng([images, size, folds, repeats])
    x, labels, _ = draw(rng, _NEW, 1, shift)
    new, found, truths = (x, labels), [], []
    for _ in range(worlds):
        x, labels, people = draw(rng, images, size, shift)
        heads: list[Any] = []
        for repeat in range(repeats):
            fold = deal(rng, labels, people, folds)
            for k in range(folds):
                out = fold == k
                hits = right(x, labels, ~out, (x[out], labels[out]))
                heads.append({"count": len(hits), "correct": int(hits.sum()), "accuracy": float(hits.mean()),
                              "auc": None, "loss": 0.0, "repeat": repeat, "fold": k})  # fmt: skip
        truths.append(right(x, labels, fold != 0, new).mean())
        figures = fold_figures(heads, folds)
        found.append([*(figures["interval"] or (0, 1)), *wilson(round(figures["accuracy"] * images), images)])
    truth, ends = float(np.mean(truths)), np.array(found)
    ours, naive = (float(((ends[:, k] <= truth) & (truth <= ends[:, k + 1])).mean()) for k in (0, 2))
    width = float((ends[:, 1] - ends[:, 0]).mean())
    return f"| {images} | {size} | {folds} x {repeats} | {truth:.1%} | {ours:.1%} | {width:.1%} | {naive:.1%} |"


def main(worlds: int) -> None:
    """Prints the table."""
    print("| images | per patient | folds x repeats | truth | coverage | width | coverage of Wilson's |")
    print("|---|---|---|---|---|---|---|")
    for images in (100, 300):
        for size in (1, 5):
            for folds, repeats in ((5, 1), (5, 3), (10, 3)):
                print(coverage(images, size, folds, repeats, 1.0, worlds), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
