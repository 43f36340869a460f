"""The positive class: it becomes class 1 of labels, manifest and answers; what cannot be is refused in a sentence."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from core.config import DataConfig
from core.data.dataset import divide, open_dataset, scan_dataset
from core.errors import ConfigError

Make = Callable[[Iterable[str]], Path]

TWO = [f"{part}/{label}/{n}.png" for part in ("train", "val") for label in ("abnormal", "normal") for n in range(2)]


def test_of_two_classes_the_positive_one_is_class_1(make: Make) -> None:
    root = str(make(TWO))
    usual = open_dataset(root, DataConfig())
    assert usual.classes == ("abnormal", "normal")
    turned = open_dataset(root, DataConfig(positive_class="abnormal"))
    assert turned.classes == ("normal", "abnormal") and turned.manifest()["classes"] == ["normal", "abnormal"]
    assert turned.split == usual.split  # the same images in the same order, with the other numbers
    assert (turned.labels(turned.split.train) == 1 - usual.labels(usual.split.train)).all()
    assert open_dataset(root, DataConfig(positive_class="normal")).classes == usual.classes
    assert divide(turned.index, DataConfig()).classes == usual.classes  # taken back


def test_a_name_that_is_no_class_and_more_than_two_classes_are_refused(make: Make) -> None:
    root = make(TWO)
    with pytest.raises(
        ConfigError, match=r'data.positive_class is "sick", but the classes here are abnormal or normal'
    ):
        divide(scan_dataset(str(root)), DataConfig(positive_class="sick"))
    for part in ("train", "val"):
        make(f"{part}/unclear/{n}.png" for n in range(2))
    with pytest.raises(ConfigError, match="there are 3 classes; one is the positive only where there are two"):
        divide(scan_dataset(str(root)), DataConfig(positive_class="normal"))
