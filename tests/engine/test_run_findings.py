"""Every run keeps what the checks say of it."""

import pytest

from core import files
from core.checks.preflight import preflight
from core.data.dataset import open_dataset

pytestmark = pytest.mark.usefixtures("thin")


@pytest.mark.slow
def test_run_keeps_its_findings_beside_its_manifest(train_here, image_folder):
    folder = image_folder(train=(20, 20), val=(8, 8), size=64)
    settings = {"data.image_size": 64, "data.shuffle": "none", "training.epochs": 1, "model.weights": "none"}
    run = train_here(folder, settings)
    kept = files.read_json(run.path / "findings.json")["findings"]
    config = run.config()
    assert kept == [finding.to_dict() for finding in preflight(config, open_dataset(config.dataset, config.data))]
    assert [finding["id"] for finding in kept] == [
        "class-ordered-batches",
        "weights-not-loaded",
        "val-too-small",
        "too-few-updates",
    ]
