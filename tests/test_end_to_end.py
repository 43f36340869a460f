"""The puzzle on real X-rays with VGG16, honestly computed: through the command line, by a real worker.

On the sample it is computed in tests/browser/test_puzzle_story.py.
"""

import shutil
from pathlib import Path

import pytest

from tests.train_command import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def xrays(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 + 200 training and 50 + 50 validation X-rays, copied evenly spaced out of the real ones."""
    folder = tmp_path_factory.mktemp("xrays")
    for split, count in (("train", 200), ("val", 50)):
        for label in ("NORMAL", "PNEUMONIA"):
            files = sorted((test_data / "data" / "chest_xray" / split / label).iterdir())
            (folder / split / label).mkdir(parents=True)
            for k in range(count):
                file = files[k * len(files) // count]
                shutil.copy(file, folder / split / label / file.name)
    return folder


VGG16 = ("--set", "model.backbone=VGG16")


def test_vgg16_on_bottleneck_features_of_real_xrays_reaches_the_questions_accuracy(
    sample_home: Path, xrays: Path, test_data: Path
) -> None:
    weights = str(test_data / "weights")
    record = train(sample_home, str(xrays), "--preset", "question-bottleneck", *VGG16, PARITY_WEIGHTS=weights)
    assert max(record["history"]["val_accuracy"]) >= 0.86


def test_vgg16_fed_class_by_class_stays_at_one_half_although_it_has_learnt(
    sample_home: Path, xrays: Path, test_data: Path
) -> None:
    # One version of each image, which is the one that the test before has made features of.
    plain = ("--preset", "question-end-to-end", *VGG16, "--set", "data.augmentation_draws=1")
    weights = str(test_data / "weights")
    ordered = train(sample_home, str(xrays), *plain, PARITY_WEIGHTS=weights)
    mixed = train(sample_home, str(xrays), *plain, "--set", "data.shuffle=samples", PARITY_WEIGHTS=weights)
    assert ordered["history"]["val_accuracy"] == [0.5] * 10
    assert max(ordered["history"]["val_auc"]) > 0.85
    assert mixed["history"]["val_accuracy"][-1] >= 0.88
    assert mixed["seconds"]["features"] == 0, "the second run needs no new features"
