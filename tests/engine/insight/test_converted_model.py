"""A run's model without TensorFlow answers what it answers with it, and is never another run's or an older one."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import paths
from core.data.conversion_cache import ConversionCache
from core.engine.insight.converted_model import open_converted
from core.engine.insight.keep_converted import keep_converted
from core.engine.insight.predict import load_model
from core.insight.answer import CAM, GRAD_CAM
from core.sections.runtimes import has_openvino
from core.workers.predict_client import predict, release

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("thin_here"),
    pytest.mark.skipif(not has_openvino(), reason="OpenVINO is not installed (requirements-openvino.txt)"),
]

TINY: dict[str, Any] = {"data.image_size": 32, "data.batch_size": 8, "training.epochs": 2, "training.early_stopping": 0}
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({}, CAM),
        ({"model.head": "average, dense 6 gelu, batch_norm, dropout 0.2"}, GRAD_CAM),
        ({"model.pooling": "flatten", "model.dense_units": 4}, GRAD_CAM),
        ({"model.pooling": "max", "model.dropout": 0.0}, GRAD_CAM),
    ],
    ids=["linear", "hidden", "flattened", "max"],
)
def test_probabilities_nearest_images_and_heat_maps_are_those_of_tensorflow(
    image_folder: Any, train_here: Any, settings: dict[str, Any], method: str
) -> None:
    run = train_here(image_folder(train=(9, 8), val=(12, 12)), {**TINY, **settings})
    loaded = load_model(run)
    assert open_converted(run) is None, "nothing is converted before somebody asks"
    assert keep_converted(run, loaded.network) == ""
    converted = open_converted(run)
    assert converted is not None
    pixels = np.random.default_rng(2).integers(0, 256, (5, 32, 32, 3), np.uint8)
    expected, found = loaded.answer(pixels, heat=True), converted.answer(pixels, heat=True)
    assert np.abs(found.probabilities - expected.probabilities).max() <= 1e-4
    assert (expected.runtime.split()[0], found.runtime.split()[0]) == ("TensorFlow", "OpenVINO")
    for theirs, ours in zip(expected.insights, found.insights, strict=True):
        assert ours.method == theirs.method == method
        assert [one.file for one in ours.neighbours] == [one.file for one in theirs.neighbours]
        assert ours.distance == pytest.approx(theirs.distance, abs=1e-4)
        assert ours.unlike == theirs.unlike
        for name, heat in theirs.heat.items():
            assert np.allclose(ours.heat[name], heat, atol=2e-3), name


def test_a_process_that_answers_has_no_tensorflow_and_a_changed_model_is_not_taken_for_the_old_one(
    image_folder: Any, train_here: Any
) -> None:
    folder = image_folder(train=(9, 8), val=(12, 12))
    run = train_here(folder, TINY)
    keep_converted(run, load_model(run).network)
    program = (
        "import sys, numpy as np; from pathlib import Path; from core.engine.jobs import predict_service as service; "
        "from core.store.runs import Run; import io; pixels = np.zeros((2, 32, 32, 3), np.uint8); "
        "asked = {'run': sys.argv[1], 'shape': pixels.shape, 'heat': True}; "
        "said = service.answer(asked, io.BytesIO(pixels.tobytes())); "
        "print(said['runtime'].split()[0], len(said['probabilities']), sorted({'tensorflow', 'keras', "
        "'openvino_telemetry'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(run.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "OpenVINO 2 []\n", done.stderr
    again = train_here(folder, {**TINY, "training.seed": 5})
    assert open_converted(again) is not None, "the network is converted, so a new run keeps its head as well"
    assert ConversionCache().held()[0] == 3, "one network, two heads"
    (run.path / "model.keras").write_bytes((again.path / "model.keras").read_bytes() + b" ")
    assert open_converted(run) is None
    (run.path / "model.keras").unlink()
    assert open_converted(run) is None, "TensorFlow's side says what is missing"


def test_what_was_fine_tuned_or_lost_its_conversion_is_tensorflows(image_folder: Any, train_here: Any) -> None:
    folder = image_folder(train=(9, 8), val=(12, 12))
    tuned = train_here(folder, {**TINY, "training.mode": "fine_tune", "training.finetune_epochs": 1})
    assert keep_converted(tuned, load_model(tuned).network) == "the backbone was trained"
    assert open_converted(tuned) is None
    run = train_here(folder, TINY)
    keep_converted(run, load_model(run).network)
    networks = [path for path in ConversionCache().folder.iterdir() if (path / "network.xml").is_file()]
    assert len(networks) == 1
    ConversionCache().remove(networks[0].name)
    assert open_converted(run) is None


def test_the_service_says_what_has_answered_and_converts_what_it_was_asked(
    image_folder: Any, train_here: Any, real_processes: None
) -> None:
    folder = image_folder(train=(9, 8), val=(12, 12))
    run = train_here(folder, TINY)
    image = next(folder.rglob("*.png"), None) or next(folder.rglob("*.jpg"))
    first = predict(run, [("a", image)])[0]
    deadline = time.monotonic() + 60
    while open_converted(run) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    release()
    second = predict(run, [("a", image)])[0]
    release()
    assert (first.runtime.split()[0], second.runtime.split()[0]) == ("TensorFlow", "OpenVINO")
    assert second.probability == pytest.approx(first.probability, abs=1e-4)
    assert (paths.cache_folder() / "converted").is_dir()
