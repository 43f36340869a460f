"""The positive class: it becomes class 1 of labels, manifest and answers; what cannot be is refused in a sentence."""

import json
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.compare.compare import compare, config_differences, data_differences
from core.config import DataConfig
from core.data.dataset import divide, open_dataset, scan_dataset
from core.data.images import load
from core.errors import ConfigError
from core.export.bundle import write_bundle
from core.export.card import model_card
from core.export.labels import label_keras, model_record
from core.insight.stored import stored_predictions
from core.report.run_report import run_report

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
    with pytest.raises(ConfigError, match="there are 3 classes; a positive class needs exactly two"):
        divide(scan_dataset(str(root)), DataConfig(positive_class="normal"))


@pytest.mark.slow
def test_everything_that_is_made_of_a_run_speaks_of_the_same_positive_class(
    image_folder: Any, train_here: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures, curves, thresholds, trace, zip, script, card, report and the model's own record."""
    import keras

    folder = image_folder(train=(12, 20), val=(6, 12))
    small = {"data.image_size": 32, "training.epochs": 2, "training.early_stopping": 0}
    run, usual = (train_here(folder, {**small, **more}) for more in ({"data.positive_class": "a"}, {}))
    classes = ["b", "a"]
    stored = stored_predictions(run, "val")
    assert stored is not None and list(stored.classes) == classes == run.classes()
    positive, scores = np.array(["/a/" in file for file in stored.files]), stored.probabilities[:, 1]
    above, below = scores[positive][:, None], scores[~positive]
    area = float(((above > below) + 0.5 * (above == below)).mean())
    figures = run.evaluation().val
    assert (figures.auc, figures.roc["a"].auc) == (pytest.approx(area), pytest.approx(area)) and [*figures.roc] == ["a"]
    assert run.epochs()[-1].figure("val_auc") == pytest.approx(area)
    assert run.trace().epochs[-1].positive_share == pytest.approx((scores > 0.5).mean(), abs=1e-3)

    assert main(["evaluate", run.id, "--threshold", "0.4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sensitivity"] == pytest.approx((scores[positive] > 0.4).mean()) and told["classes"] == classes
    assert told["specificity"] == pytest.approx((scores[~positive] <= 0.4).mean())

    record = model_record(run)
    assert record["classes"] == classes and record["output"].startswith("(n, 1): the probability of a; that of b")
    label_keras(run.path / "model.keras", tmp_path / "m.keras", record)
    pixels = np.stack([load(folder / file, 32) for file in stored.files[:4]]).astype("f4")
    answers = keras.saving.load_model(tmp_path / "m.keras", compile=False).predict(pixels, verbose=0)[:, 0]
    np.testing.assert_allclose(answers, scores[:4], atol=1e-4)

    write_bundle(run, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert archive.read("labels.txt").decode() == "b\na\n"
        assert json.loads(archive.read("manifest.json"))["classes"] == classes
    assert 'of the second of ["b", "a"]' in model_card(run) and "a, AUC" in run_report(run)
    assert main(["export", run.id, "--format", "script", "--out", str(tmp_path / "again.py")]) == 0
    labels = re.findall(r"^    \('(?:train|val)/(.)/.*', (.),", (tmp_path / "again.py").read_text(), re.MULTILINE)
    assert {*labels} == {("a", "1"), ("b", "0")}

    said = compare(run, usual)
    assert said["metrics"]["saved val_auc"][0] == pytest.approx(area)
    assert {"what": "classes", "a": "b, a", "b": "a, b"} in data_differences(run, usual)
    assert "data.positive_class" in {one["key"] for one in config_differences(run, usual)}
