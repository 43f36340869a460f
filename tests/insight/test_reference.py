"""Nearest training images and the limit of what is familiar, against plain loops."""

from typing import Any

import numpy as np
import pytest

from core import files
from core.config import make_config
from core.insight import reference
from core.insight.reference import OutOfDistributionLimit, choose, limit_of, measure
from core.store.runs import Run, RunStore


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("/data", {}))


def kept(run: Run, features: Any, validation: Any, **options: Any) -> reference.Reference:
    """Written to the run's folder and read back."""
    listed = [{"path": f"{k}.png", "label": "ab"[k % 2]} for k in range(len(features))]
    files.write_json(run.path / "manifest.json", {"train": listed, "classes": ["a", "b"]})
    ood_limit = measure(features, validation, **options)
    reference.write(run, features, np.arange(len(features)), ood_limit)
    found = reference.read(run)
    assert found is not None
    return found


def cosine(a: Any, b: Any) -> float:
    return 1 - float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_nearest_are_those_of_a_plain_loop(run: Run) -> None:
    rng = np.random.default_rng(0)
    features, asked = rng.normal(size=(40, 64)).astype(np.float32), rng.normal(size=(3, 64)).astype(np.float32)
    found = kept(run, features, rng.normal(size=(30, 64)))
    for row, neighbours in zip(asked, found.nearest(asked, 6), strict=True):
        plain = sorted((cosine(row, other), k) for k, other in enumerate(features))[:6]
        assert [one.file for one in neighbours] == [f"{k}.png" for _, k in plain]
        assert [one.label for one in neighbours] == ["ab"[k % 2] for _, k in plain]
        assert [one.distance for one in neighbours] == pytest.approx([d for d, _ in plain], abs=1e-3)
    fifth = [sorted(cosine(row, other) for other in features)[4] for row in asked]
    np.testing.assert_allclose(found.distance(asked), fifth, atol=1e-3)


def test_a_training_image_is_its_own_nearest_however_bright_its_features(run: Run) -> None:
    features = np.random.default_rng(1).normal(size=(20, 32)).astype(np.float32)
    found = kept(run, features, features)
    first = found.nearest(features[7:8] * 1000, 1)[0][0]
    assert first.file == "7.png"
    assert first.distance < 1e-3


def test_features_too_large_for_half_precision_are_kept(run: Run) -> None:
    features = np.random.default_rng(1).random((20, 8)).astype(np.float32) * 1e6
    assert kept(run, features, features).nearest(features[:1], 1)[0][0].file == "0.png"


def test_the_limit_is_the_99th_percentile_of_the_validation_images() -> None:
    distances = np.random.default_rng(0).permutation(np.arange(1, 201)).astype(np.float32)
    ood_limit = OutOfDistributionLimit(10, 5, distances)
    assert ood_limit.limit == 199
    assert ood_limit.to_record()["beyond"] == 1
    assert ood_limit.is_unlike(199) is False
    assert ood_limit.is_unlike(199.5) is True
    order = np.random.default_rng(0).permutation(distances)
    one, other = order[0::2], order[1::2]
    by_hand = sum(d > limit_of(other) for d in one) + sum(d > limit_of(one) for d in other)
    assert ood_limit.flagged_held_out == by_hand
    assert "1 of them lie beyond it" in ood_limit.describe()


def test_few_validation_images_set_no_limit() -> None:
    ood_limit = OutOfDistributionLimit(10, 5, np.ones(19, np.float32))
    assert ood_limit.limit is None
    assert ood_limit.is_unlike(99) is None
    assert ood_limit.describe().startswith("19 validation images are too few to decide")
    assert ood_limit.to_record()["flagged_held_out"] is None


def test_what_points_elsewhere_is_flagged_and_what_is_drawn_alike_is_not(run: Run) -> None:
    rng = np.random.default_rng(2)
    centre = rng.normal(size=64)
    draw = lambda count: (centre + 0.3 * rng.normal(size=(count, 64))).astype(np.float32)  # noqa: E731
    found = kept(run, draw(200), draw(200))
    flagged = lambda rows: np.mean([found.ood_limit.is_unlike(float(d)) for d in found.distance(rows)])  # noqa: E731
    assert flagged(draw(500)) < 0.04
    assert flagged(rng.normal(size=(500, 64)).astype(np.float32)) == 1


def test_fewer_training_images_than_neighbours_are_enough(run: Run) -> None:
    found = kept(run, np.eye(3, dtype=np.float32), np.ones((30, 3)))
    assert found.ood_limit.k == 3
    assert len(found.nearest(np.ones((1, 3), np.float32), 6)[0]) == 3


def test_rare_classes_are_kept_whole() -> None:
    labels = np.array([0] * 1000 + [1] * 7)
    chosen = choose(labels, 50)
    assert len(chosen) == 50
    assert (labels[chosen] == 1).sum() == 7
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert choose(labels, 5000).tolist() == list(range(1007))
    assert choose(labels, 50).tolist() == chosen.tolist()


@pytest.mark.parametrize("damage", [b"", b"no zip", None])
def test_a_damaged_reference_is_none(run: Run, damage: bytes | None) -> None:
    features = np.eye(30, dtype=np.float32)
    kept(run, features, features)
    path = reference.reference_path(run)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert reference.read(run) is None
    assert reference.read_ood_limit(run) is None


def test_a_reference_of_another_list_of_images_is_none(run: Run) -> None:
    features = np.eye(30, dtype=np.float32)
    kept(run, features, features)
    files.write_json(run.path / "manifest.json", {"train": [], "classes": []})
    assert reference.read(run) is None
    (run.path / "manifest.json").unlink()
    assert reference.read(run) is None


def test_a_run_without_one_has_none(run: Run) -> None:
    assert reference.read(run) is None


def test_of_few_validation_images_it_is_said_how_many_others_lie_beyond_the_limit() -> None:
    """The largest of 20 distances is exceeded by one new image in 21, not by one in a hundred."""
    rng = np.random.default_rng(0)
    beyond = [rng.normal() > rng.normal(size=20).max() for _ in range(4000)]
    assert np.mean(beyond) == pytest.approx(1 / 21, abs=0.012)
    few = OutOfDistributionLimit(100, 5, rng.random(20).astype(np.float32)).describe()
    assert few.endswith("Of 20 images that is the largest distance, which 5 % of other images of the same kind exceed.")
    assert OutOfDistributionLimit(100, 5, rng.random(99).astype(np.float32)).describe().endswith("of the others did.")
