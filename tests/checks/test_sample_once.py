"""What is computed of a sample is computed once, and anew when anything that was measured is different."""

from collections.abc import Callable
from itertools import count
from unittest.mock import Mock

import numpy as np
import pytest

from core.checks import class_marks, parts_told
from core.checks.sample import Sample, once_a_sample
from core.stats import two_sample
from tests.checks.conftest import image_file


def made(brighter: float = 0.0, name: str = "cat") -> Sample:
    rng = np.random.default_rng(0)
    traits = {"brightness": rng.normal(size=(6, 2)).astype(np.float32) + np.float32(brighter)}
    files = tuple(image_file("train", name, n) for n in range(6))
    return Sample(files, np.arange(6) % 2, np.arange(6) > 3, np.arange(6), traits, np.zeros((6, 64, 64), np.uint8))


CHANGES: dict[str, Callable[[Sample], Sample]] = {
    "labels": lambda one: one._replace(labels=one.labels[::-1]),
    "held_out": lambda one: one._replace(held_out=~one.held_out),
    "units": lambda one: one._replace(units=one.units // 2),
    "traits": lambda one: made(brighter=1),
    "forms": lambda one: one._replace(forms=one.forms + np.uint8(1)),
    "features": lambda one: one._replace(features=np.ones((6, 3), np.float32)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_answer_is_kept_until_something_that_was_measured_changes(change: str) -> None:
    numbers = count(1)
    answer = once_a_sample(lambda sample: next(numbers))
    assert [answer(made()), answer(made()), answer(made(name="dog"))] == [1, 1, 1]
    assert answer(CHANGES[change](made())) == 2
    assert answer(made()) == 1


def test_the_two_dear_questions_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that changes makes all checks again, of the same images."""
    works = {
        "marks": Mock(wraps=class_marks.fine_structure),
        "lots": Mock(wraps=two_sample.permuted),
    }
    monkeypatch.setattr(class_marks, "fine_structure", works["marks"])
    monkeypatch.setattr(parts_told, "permuted", works["lots"])
    rng, n = np.random.default_rng(1), 80
    traits = {"brightness": rng.normal(size=(n, 2)).astype(np.float32)}
    sample = Sample(
        tuple(image_file("train", "cat", k) for k in range(n)), np.arange(n) % 2, np.arange(n) % 4 > 1, np.arange(n),
        traits, rng.integers(0, 256, (n, 64, 64)).astype(np.uint8),
    )  # fmt: skip
    first = class_marks.found_mark(sample), parts_told.tell(sample)
    assert (works["marks"].call_count, works["lots"].call_count) == (1, 3)  # of all classes and of each of two
    assert (class_marks.found_mark(sample), parts_told.tell(sample)) == first
    assert (works["marks"].call_count, works["lots"].call_count) == (1, 3)
