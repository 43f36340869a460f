"""How many labels look wrong after a training: from features, with a share drawn anew, and with none."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from core.config import make_config
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.engine.insight.estimate_labels import answers_of, label_findings


def parts(wrong: dict[str, float], apart: float = 0.5) -> tuple[Any, dict[str, int]]:
    """Training and validation images of two classes whose features overlap, a share of whose labels is exchanged."""
    rng = np.random.default_rng(0)
    made, exchanged = [], {}
    for name, count in (("train", 800), ("val", 400)):
        truth = np.arange(count) % 2
        features = rng.normal(0, 1, (count, 30)).astype("f4") + apart * truth[:, None].astype("f4")
        flip = rng.random(count) < wrong.get(name, 0.0)
        exchanged[name] = int(flip.sum())
        labels = np.where(flip, 1 - truth, truth)
        files = [
            ImageFile(f"{name}/{'ab'[k]}/{i:04}.png", "ab"[k], name, f"{name}{i:060}", 1, 9, 9, "L", "PNG", 1)
            for i, k in enumerate(labels)
        ]
        made.append((name, files, features))
    return made, exchanged


def found(wrong: dict[str, float], apart: float = 0.5) -> dict[str, dict[str, Any]]:
    dataset = cast(
        Dataset,
        SimpleNamespace(classes=("a", "b"), labels=lambda files: np.array(["ab".index(f.label) for f in files])),
    )
    made = parts(wrong, apart)[0]
    answers = answers_of(make_config("sample", {}), dataset, made)
    assert answers is not None
    return {one.id: one.evidence for one in label_findings(dataset, made, answers)}


def test_a_share_of_wrong_labels_is_told_with_its_interval_and_none_where_they_are_right() -> None:
    for apart in (0.1, 0.2, 0.35, 0.5, 0.8):  # images that can hardly be told apart, and easy ones
        assert found({}, apart) == {}, apart
    told = found({"train": 0.2}, 0.8)
    assert list(told) == ["train-labels-look-wrong"]
    low, high = told["train-labels-look-wrong"]["interval"]
    assert 0.03 < low < 0.2 < high and len(told["train-labels-look-wrong"]["files"]) == 20
    assert list(found({"val": 0.3}, 0.8)) == ["val-labels-look-wrong"]
