"""The command line in this process: what it prints, where, and with which exit code."""

import io
import json
import os
import re
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import __main__ as command_line
from core import files
from core.config import PRESETS, make_config
from core.insight.answer import Insight, Neighbour, Reply
from core.store.runs import Run, RunStore, Status
from core.workers import launch
from core.workers.launch import ROOT

MakeFolder = Callable[..., Path]
Capture = pytest.CaptureFixture[str]


def main(*arguments: object) -> int:
    return command_line.main([str(argument) for argument in arguments])


def json_of(capsys: Capture, *arguments: object, code: int = 0) -> dict[str, Any]:
    """The one object a command prints with `--json`, and nothing else anywhere."""
    assert main(*arguments, "--json") == code
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    record = json.loads(out)
    assert isinstance(record, dict)
    return record


def refused(capsys: Capture, *arguments: object) -> str:
    """The one sentence on stderr with which a command is refused."""
    assert main(*arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.rstrip("\n")


class SureModel:
    """Finds every image to be of class b, by 3 to 1; its map lights the top left, and one image lies near."""

    network = None

    def answer(self, pixels: Any, *, heat: bool = False) -> Reply:
        near = (Neighbour("train/b/1.png", "b", 0.125),)
        insight = Insight(near, 0.25, True, {"b": [[1.0, 0.0], [0.0, 0.0]]}, "cam") if heat else Insight()
        return Reply(np.full((len(pixels), 2), (0.25, 0.75)), [insight] * len(pixels))


CORRUPT = {"id": "corrupt-image", "severity": "warning", "claim": "One image cannot be read."}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run whose model finds every image to be of class b, by 3 to 1."""
    engine = types.ModuleType("core.engine.insight.predict")
    engine.load_model = lambda run: SureModel()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "core.engine.insight.predict", engine)
    kept = types.ModuleType("core.engine.insight.keep_converted")
    kept.keep_converted = lambda run, network: ""  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "core.engine.insight.keep_converted", kept)
    run = RunStore().create(make_config("/data", {"data.image_size": 16}, name="mine"))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"]})
    (run.path / "model.keras").write_bytes(b"x")
    run.add_event("epoch", epoch=1, val_accuracy=0.75, val_auc=None)
    run.write_status(Status(status="finished", message="Completed.", created=1e9))
    return run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("L", (20, 10), 99).save(tmp_path / "a, b.png")
    return tmp_path / "a, b.png"


def test_scan_prints_counts_sizes_and_what_is_left_out(image_folder: MakeFolder, capsys: Capture) -> None:
    folder = image_folder(train=(3, 2), val=(1, 1), size=8)
    (folder / "train" / "a" / "notes.txt").write_text("x")
    (folder / "train" / "a" / "bad.png").write_bytes(b"")
    assert main("scan", folder) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(folder),
        "",
        "train a 3  b 2",
        "val   a 1  b 1",
        "sizes 8x8 (7)",
        "modes RGB (7)",
        "unreadable: train/a/bad.png: bad.png is empty.",
        "left out: train/a/notes.txt: is not an image by its extension",
        "No image is blurry, dark, overexposed, blank, of unusual size or shape, or a duplicate.",
    ]


def test_scan_as_json_is_one_object(image_folder: MakeFolder, capsys: Capture) -> None:
    folder = image_folder(train=(3, 2), test=(1, 1), size=8)
    (folder / "train" / "b" / "bad.png").write_bytes(b"")
    record = json_of(capsys, "scan", folder)
    findings, quality = record.pop("findings"), record.pop("quality")
    assert record.pop("reading") == {
        "layout": "parts",
        "reasons": ["Splits by folder name: train/ trains, test/ validates."],
        "others": [
            {"layout": "classes", "reads": "the classes test, train"},
            {"layout": "inner", "reads": "the classes a, b"},
        ],
        "left_out": [],
    }
    assert (next(iter(quality)), quality["blurry"]["count"], len(quality)) == ("blurry", 0, 8)
    assert [finding["id"] for finding in findings] == ["test-as-validation", "corrupt-image"]
    assert record == {
        "dataset": str(folder),
        "layout": "splits",
        "classes": ["a", "b"],
        "counts": {"train": {"a": 3, "b": 2}, "val": {"a": 1, "b": 1}},
        "images": 7,
        "sizes": [{"width": 8, "height": 8, "count": 7}],
        "modes": {"RGB": 7},
        "unreadable": [{"file": "train/b/bad.png", "reason": "bad.png is empty."}],
        "skipped": [],
        "empty_classes": [],
        "notes": ["There is no val/ folder, so test/ is used for validation."],
        "corrections": {"file": "", "excluded": [], "relabelled": [], "stale": 0},
        "split_file": None,
    }


def test_scan_of_class_folders_calls_their_one_part_all(image_folder: MakeFolder, capsys: Capture) -> None:
    folder = image_folder(train=(3, 2)) / "train"
    assert json_of(capsys, "scan", folder)["counts"] == {"all": {"a": 3, "b": 2}}


def test_runs_of_nothing(capsys: Capture) -> None:
    assert json_of(capsys, "runs") == {"runs": []}
    assert main("runs") == 0
    assert capsys.readouterr().out == "There are no runs yet; `python -m core train sample` trains one.\n"


def test_runs_as_json_say_what_each_run_is(trained: Run, capsys: Capture) -> None:
    (row,) = json_of(capsys, "runs")["runs"]
    assert (
        row.items()
        >= {
            "run": trained.id,
            "name": "mine",
            "dataset": "/data",
            "mode": "bottleneck",
            "backbone": "EfficientNetLite0",
            "status": "finished",
            "message": "Completed.",
            "created": 1e9,
            "epochs": 1,
            "val_accuracy": 0.75,
            "val_auc": None,
            "errors": 0,
            "warnings": 0,
        }.items()
    )
    assert (row["note"], row["tags"], row["seconds"]) == ("", [], None)
    assert row["size"] > 0


def test_runs_are_printed_one_a_line(trained: Run, capsys: Capture) -> None:
    other = RunStore().create(make_config("sample", {}))
    assert main("runs") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[other.id, "queued"], [trained.id, "finished"]]
    assert lines[1].endswith("val_accuracy 0.7500  val_auc –  mine")


@pytest.mark.parametrize("content", ["[1]", "{", '{"training": "x"}'])
def test_a_damaged_run_does_not_hide_the_others(trained: Run, capsys: Capture, content: str) -> None:
    damaged = RunStore().create(make_config("sample", {}))
    (damaged.path / "config.json").write_text(content)
    records = json_of(capsys, "runs")["runs"]
    assert [(record["run"], record["name"], record["mode"]) for record in records] == [
        (damaged.id, "", ""), (trained.id, "mine", "bottleneck"),
    ]  # fmt: skip


def test_predict_as_json(trained: Run, image: Path, capsys: Capture) -> None:
    assert json_of(capsys, "predict", "mine", image) == {
        "run": trained.id,
        "classes": ["a", "b"],
        "predictions": [
            {"file": str(image), "class": "b", "probability": 0.75, "probabilities": {"a": 0.25, "b": 0.75},
             "error": ""},
        ],
        "notice": "",
        "runtime": "",
    }  # fmt: skip


def test_predict_prints_a_line_an_image_and_writes_the_table(
    trained: Run, image: Path, tmp_path: Path, capsys: Capture
) -> None:
    table = tmp_path / "new" / "table.csv"
    assert main("predict", trained.id, image, "--csv", table) == 0
    assert capsys.readouterr() == (f"{image}  b  0.7500\n", "")
    assert table.read_bytes().decode() == (
        "\ufefffile,class,probability,p(a),p(b),unlike training,distance,error\r\n"
        f'"{image}",b,0.750000,0.250000,0.750000,,,\r\n'
    )


def test_predict_names_what_it_cannot_read_and_answers_the_rest(
    trained: Run, image: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main("predict", trained.id, tmp_path / "gone.png", image) == 0
    out, err = capsys.readouterr()
    assert out == f"{image}  b  0.7500\n"
    assert err == "gone.png cannot be opened: No such file or directory.\n"


def test_predict_writes_its_table_over_no_file_that_is_there(
    trained: Run, image: Path, tmp_path: Path, capsys: Capture
) -> None:
    before = image.read_bytes()
    assert main("predict", trained.id, image, "--csv", image, "--force") == 1
    assert "is one of the files that are read" in capsys.readouterr().err
    assert image.read_bytes() == before
    table = tmp_path / "kept.csv"
    table.write_text("kept")
    assert main("predict", trained.id, image, "--csv", table) == 1
    assert table.read_text() == "kept"
    assert main("predict", trained.id, image, "--csv", table, "--force") == 0
    assert table.read_text() != "kept"


def test_predict_takes_names_that_are_no_valid_text(trained: Run, tmp_path: Path, image: Path) -> None:
    odd = tmp_path / os.fsdecode(b"b\xffad.png")
    odd.write_bytes(image.read_bytes())
    assert main("predict", trained.id, odd, "--csv", tmp_path / "table.csv", "--json") == 0
    assert b"b\\udcffad.png,b," in (tmp_path / "table.csv").read_bytes()


def test_predict_writes_where_the_model_looks(trained: Run, image: Path, tmp_path: Path, capsys: Capture) -> None:
    [row] = json_of(capsys, "predict", trained.id, image, "--heatmaps", tmp_path / "maps")["predictions"]
    assert row["nearest"] == [{"file": "train/b/1.png", "class": "b", "distance": 0.125}]
    assert (row["distance"], row["unlike"], row["method"]) == (0.25, True, "cam")
    assert row["heatmap"] == str(tmp_path / "maps" / "a, b-001-b.png")
    pixels = np.asarray(Image.open(row["heatmap"])).astype(int).sum(axis=2)
    assert pixels.shape == (10, 20)
    assert pixels[0, 0] > 2 * pixels[-1, -1]
    assert main("predict", trained.id, image, "--heatmaps", tmp_path / "maps") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{image}  b  0.7500  out of distribution, distance 0.250\n")
    assert "Class activation map: the exact contribution" in out


def keep_predictions(run: Run, rows: list[tuple[str, float]]) -> None:
    """Validation predictions: true class and the probability of class b."""
    lines = [f"val,{k}.png,{label},{'b' if p > 0.5 else 'a'},{1 - p:.6f},{p:.6f}" for k, (label, p) in enumerate(rows)]
    (run.path / "predictions.csv").write_text("\n".join(["split,file,label,predicted,p(a),p(b)", *lines]))


# Nine times out of ten right, and always as sure as 99 %: the right temperature makes 90 % of it.
TOO_SURE = [("b", 0.99)] * 27 + [("a", 0.99)] * 3 + [("a", 0.01)] * 27 + [("b", 0.01)] * 3


def test_predict_softens_as_the_validation_asks_for(trained: Run, image: Path, capsys: Capture) -> None:
    keep_predictions(trained, TOO_SURE)
    record = json_of(capsys, "predict", trained.id, image, "--calibrated")
    temperature = np.log(99) / np.log(9)
    assert record["temperature"] == pytest.approx(temperature, rel=1e-3)
    odds = 3 ** (1 / temperature)
    assert record["predictions"][0]["probability"] == pytest.approx(odds / (1 + odds), rel=1e-3)


def test_what_cannot_be_calibrated_is_refused(trained: Run, image: Path, capsys: Capture) -> None:
    begin = f"the probabilities of run {trained.id} cannot be calibrated: "
    said = refused(capsys, "predict", trained.id, image, "--calibrated")
    assert said == f"{begin}it has no predictions on validation images; leave out --calibrated"
    keep_predictions(trained, [("b", 0.9)] * 40)
    assert refused(capsys, "predict", trained.id, image, "--calibrated").startswith(
        f"{begin}no image was misclassified"
    )


def test_predict_with_another_run_puts_both_side_by_side(
    trained: Run, image: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = RunStore().create(make_config("/data", {"data.image_size": 16}, name="theirs"))
    files.write_json(other.path / "manifest.json", {"root": "/data", "classes": ["b", "a"]})
    (other.path / "model.keras").write_bytes(b"x")
    record = json_of(capsys, "predict", "mine", image, "--with", "theirs")
    assert record["other"] == other.id
    assert record["pairs"] == [
        {"file": str(image), "agree": False, "class": "b", "other_class": "a", "probability": 0.75,
         "other_probability": 0.75, "gap": 0.5}
    ]  # fmt: skip
    assert main("predict", "mine", image, "--with", "theirs") == 0
    assert f"DISAGREE  {image}  b 0.7500 / a 0.7500" in capsys.readouterr().out


def with_flip(run: Run, name: str = "mine") -> None:
    """The run's training images were mirrored."""
    config = make_config("/data", {"data.image_size": 16, "data.augmentation": "flip horizontal"}, name=name)
    files.write_json(run.path / "config.json", config.to_dict())


class LeftModel(SureModel):
    """Class b where the left half is brighter."""

    def answer(self, pixels: Any, *, heat: bool = False) -> Reply:
        bright = pixels[:, :, :8].mean(axis=(1, 2, 3)) / 255
        return Reply(np.stack([1 - bright, bright], axis=1))


def test_predict_averages_over_views(
    trained: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["core.engine.insight.predict"], "load_model", lambda run: LeftModel())
    with_flip(trained)
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, :8], pixels[:, 8:] = 204, 102
    Image.fromarray(pixels).save(tmp_path / "x.png")
    plain = json_of(capsys, "predict", trained.id, tmp_path / "x.png")
    assert json_of(capsys, "predict", trained.id, tmp_path / "x.png", "--views", 1) == plain
    assert plain["predictions"][0]["probabilities"] == pytest.approx({"a": 0.2, "b": 0.8})
    record = json_of(capsys, "predict", trained.id, tmp_path / "x.png", "--views", 2)
    assert record["predictions"][0]["probabilities"] == pytest.approx({"a": 0.4, "b": 0.6})
    assert record["views"] == {"count": 2, "mirrored": ["horizontal"], "random": 0, "augmentation": "flip horizontal"}
    assert main("predict", trained.id, tmp_path / "x.png", "--views", 2) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{tmp_path / 'x.png'}  b  0.6000",
        "Mean of 2 views of each image: the image, mirrored left to right.",
    ]


def test_predict_refuses_views_that_the_augmentation_does_not_allow(trained: Run, image: Path, capsys: Capture) -> None:
    said = refused(capsys, "predict", trained.id, image, "--views", 2)
    assert said == (
        f"run {trained.id} has no views of an image besides the image itself: its training images were not augmented; "
        "give 1"
    )
    with_flip(trained)
    other = RunStore().create(make_config("/data", {"data.image_size": 16}, name="theirs"))
    files.write_json(other.path / "manifest.json", {"root": "/data", "classes": ["b", "a"]})
    (other.path / "model.keras").write_bytes(b"x")
    said = refused(capsys, "predict", "mine", image, "--views", 2, "--with", "theirs")
    assert said.startswith(f"run {other.id} has no views of an image besides the image itself")
    with_flip(other, "theirs")
    record = json_of(capsys, "predict", "mine", image, "--views", 2, "--with", "theirs")
    assert record["other_views"] == record["views"]


def test_evaluate_tells_the_figures_at_a_threshold(trained: Run, capsys: Capture) -> None:
    keep_predictions(trained, [("a", 0.1), ("a", 0.6), ("b", 0.7), ("b", 0.4)])
    record = json_of(capsys, "evaluate", "mine", "--threshold", "0.65")
    assert (record["count"], record["confusion"]) == (4, [[2, 0], [1, 1]])
    assert (record["sensitivity"], record["specificity"], record["precision"]) == (0.5, 1.0, 1.0)
    assert record["calibration"]["refusal"].startswith("4 images are too few")
    assert record["auc"] == pytest.approx(0.75)
    assert record["loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.4]).mean())
    assert main("evaluate", "mine", "--threshold", "0.65") == 0
    out = capsys.readouterr().out
    assert out.startswith('"b" is predicted above 0.65\n4 images; rows: true class')
    assert f"{'sensitivity':<18}0.5000\n{'specificity':<18}1.0000\n" in out
    assert f"{'auc':<18}0.7500\n" in out
    files.write_json(
        trained.path / "evaluation.json", {"val": {"count": 4, "accuracy": 0.75, "auc": 0.7654321, "loss": 0.5}}
    )
    record = json_of(capsys, "evaluate", "mine")
    assert (record["auc"], record["loss"]) == (0.7654321, 0.5), "what the run states, not what six decimals give back"


def test_evaluate_tells_the_calibration(trained: Run, capsys: Capture) -> None:
    keep_predictions(trained, TOO_SURE)
    found = json_of(capsys, "evaluate", "mine")["calibration"]
    assert found["ece"][0] == pytest.approx(0.09)
    assert found["ece"][1] == pytest.approx(0, abs=1e-3)
    assert found["helps"]


def test_evaluate_refuses_what_it_cannot_tell(trained: Run, capsys: Capture) -> None:
    said = refused(capsys, "evaluate", "mine")
    assert said == f"run {trained.id} has no predictions of val images; they are saved when it ends"
    said = refused(capsys, "evaluate", "mine", "--threshold", "7")
    assert said == "--threshold is 7; give a probability from 0 to 1"


def held_out_halves(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four validation images and what `LeftModel` says of each; mirrored, the other half is on the left."""
    monkeypatch.setattr(sys.modules["core.engine.insight.predict"], "load_model", lambda run: LeftModel())
    with_flip(run)
    files.write_json(run.path / "manifest.json", {"root": str(root), "classes": ["a", "b"]})
    halves = [("a", 102, 0), ("a", 153, 51), ("b", 204, 102), ("b", 102, 255)]
    for k, (_, left, right) in enumerate(halves):
        pixels = np.zeros((16, 16, 3), np.uint8)
        pixels[:, :8], pixels[:, 8:] = left, right
        Image.fromarray(pixels).save(root / f"{k}.png")
    keep_predictions(run, [(label, left / 255) for label, left, _ in halves])


def test_evaluate_tells_what_views_change(
    trained: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out_halves(trained, tmp_path, monkeypatch)
    record = json_of(capsys, "evaluate", "mine", "--views", 2)
    # Of the images alone b has 0.4, 0.6, 0.8, 0.4; mirrored 0, 0.2, 0.4, 1; in the mean 0.2, 0.4, 0.6, 0.7.
    assert record["views"] == {"count": 2, "mirrored": ["horizontal"], "random": 0, "augmentation": "flip horizontal"}
    assert (record["confusion"], record["accuracy"], record["auc"]) == ([[2, 0], [0, 2]], 1.0, 1.0)
    assert record["loss"] == pytest.approx(-np.log([0.8, 0.6, 0.6, 0.7]).mean())
    alone = record["one_view"]
    assert (alone["accuracy"], alone["auc"]) == (0.5, 0.625)
    assert alone["loss"] == pytest.approx(-np.log([0.6, 0.4, 0.8, 0.4]).mean())
    change = alone["views_minus_one"]
    assert (change["gap"], change["only_a_right"], change["only_b_right"], change["p_value"]) == (0.5, 2, 0, 0.5)
    assert (change["auc"], change["loss"]) == (0.375, pytest.approx(record["loss"] - alone["loss"]))
    assert "calibration" not in record, "a temperature is fitted to one view"


def test_evaluate_tells_what_views_change_at_the_threshold_and_in_words(
    trained: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out_halves(trained, tmp_path, monkeypatch)
    assert main("evaluate", "mine", "--views", 2, "--threshold", "0.65") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "accuracy          0.7500" in lines
    assert "All figures are of the mean of 2 views of each image: the image, mirrored left to right." in lines
    assert (
        "With the image alone accuracy is 75.0 %; the views change it by +0.0 points (95 % CI -55.2 to +55.2): 1 "
        "right only with the views, 1 only without; no difference is shown (McNemar's test)."
    ) in [line.replace("\xa0", " ") for line in lines]
    assert "With the image alone AUC is 0.6250; the views change it by +0.3750." in lines


def test_evaluate_refuses_views_without_the_images(
    trained: Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out_halves(trained, tmp_path, monkeypatch)
    (tmp_path / "2.png").unlink()
    said = refused(capsys, "evaluate", "mine", "--views", 2)
    assert said.startswith("the views need all 4 images, and one cannot be read: 2.png")
    (trained.path / "model.keras").unlink()
    said = refused(capsys, "evaluate", "mine", "--views", 2)
    assert said == f"run {trained.id} has no model yet: it is saved when the run ends or is stopped"


@pytest.mark.parametrize("name", [".", "folder"])
def test_a_table_cannot_take_the_place_of_a_folder(
    trained: Run, image: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(image.parent)
    (image.parent / "folder").mkdir()
    message = refused(capsys, "predict", trained.id, image, "--csv", name)
    assert message == f"{name} is a folder; give a file to --csv"


def test_an_unreadable_image_alone_is_the_persons_mistake(trained: Run, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bad.png").write_bytes(b"text")
    assert refused(capsys, "predict", trained.id, tmp_path / "bad.png").startswith("bad.png is ")


def test_predictions_on_medical_images_come_with_a_warning(trained: Run, image: Path, capsys: Capture) -> None:
    files.write_json(trained.path / "manifest.json", {"root": "/chest_xray", "classes": ["a", "b"]})
    notice = "Not a medical device: never use its predictions for diagnosis or treatment."
    assert json_of(capsys, "predict", trained.id, image)["notice"] == notice
    assert main("predict", trained.id, image) == 0
    assert capsys.readouterr().out.endswith(f"0.7500\n{notice}\n")


def no_classes(folder: Path) -> None:
    for path in (folder / "train", folder / "val"):
        for child in path.iterdir():
            for file in child.iterdir():
                file.unlink()
            child.rmdir()


def one_class(folder: Path) -> None:
    for split in ("train", "val"):
        (folder / split / "b").rename(folder / f"b of {split}")


def empty_class(folder: Path) -> None:
    for split in ("train", "val"):
        for file in (folder / split / "b").iterdir():
            file.unlink()


@pytest.fixture
def images(image_folder: MakeFolder) -> Path:
    return image_folder(train=(3, 3), val=(2, 2))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (no_classes, "There are no images in {}. Expected: one folder per class"),
        (one_class, "There is only one class, a, in {}; at least two are needed."),
        (empty_class, "The class b has 0 readable images in train/ (0 unreadable); at least 2 are needed"),
    ],
)
def test_a_data_set_that_cannot_be_trained_on_is_refused(
    images: Path, home: Path, capsys: Capture, damage: Callable[[Path], None], sentence: str
) -> None:
    damage(images)
    assert refused(capsys, "train", images).startswith(sentence.format(images))
    assert not (home / "runs").exists()


@pytest.mark.parametrize("command", ["scan", "train"])
def test_a_missing_folder_is_refused(tmp_path: Path, home: Path, capsys: Capture, command: str) -> None:
    folder = tmp_path / "absent"
    assert (
        refused(capsys, command, folder) == f"There is no folder “{folder}”; check the path, or choose another folder."
    )
    assert not (home / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "data.image_size=10"), "data.image_size is 10; it may be 16 to 1024"),
        (("--set", "training.learning_rate=0"), "training.learning_rate is 0.0; it may be 1e-07 to 10"),
        (
            ("--set", "data.bach_size=3"),
            'there is no setting "data.bach_size"; did you mean data.batch_size?',
        ),
        (
            ("--set", "data.batch_size"),
            "--set data.batch_size: KEY=VALUE is expected, for instance --set data.batch_size=20",
        ),
        (("--preset", "quick"), f'there is no preset "quick"; the presets are {", ".join(PRESETS)}'),
        (("--name", "n" * 101), "name: at most 100 printable characters, but 101 were given"),
    ],
)
def test_a_setting_that_is_not_allowed_is_refused(
    images: Path, home: Path, capsys: Capture, arguments: tuple[str, ...], sentence: str
) -> None:
    assert refused(capsys, "train", images, *arguments) == sentence
    assert not (home / "runs").exists()


def test_an_unknown_backbone_is_refused(images: Path, home: Path, capsys: Capture) -> None:
    message = refused(capsys, "train", images, "--set", "model.backbone=VGG61")
    assert message.startswith('model.backbone: there is no backbone "VGG61"; did you mean VGG16? Known are: ')
    assert not (home / "runs").exists()


def test_weights_that_are_nowhere_are_refused(
    images: Path, home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    message = refused(capsys, "train", images, "--set", "model.backbone=VGG16")
    assert message.startswith("the ImageNet weights of VGG16 are not on this machine and cannot be downloaded; get ")
    assert not (home / "runs").exists()


@pytest.mark.parametrize("command", [("stop", "x"), ("resume", "x"), ("predict", "x", "a.png")])
def test_an_unknown_run_is_refused(capsys: Capture, command: tuple[str, ...]) -> None:
    assert refused(capsys, *command) == 'there is no run "x"; `python -m core runs` lists them'


def test_a_run_without_a_model_cannot_predict(capsys: Capture, image: Path) -> None:
    run = RunStore().create(make_config("sample", {}))
    assert refused(capsys, "predict", run.id, image).startswith(f"run {run.id} has no model yet: ")


def test_a_finished_run_is_neither_stopped_nor_resumed(trained: Run, capsys: Capture) -> None:
    assert refused(capsys, "stop", "mine") == f"run {trained.id} is not running: it is finished"
    assert refused(capsys, "resume", "mine").startswith(f"run {trained.id} has finished; only a ")


@pytest.mark.parametrize("arguments", [(), ("fly",), ("train",), ("predict", "x"), ("scan", "a", "b"), ("runs", "--x")])
def test_wrong_usage_is_exit_code_2(capsys: Capture, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as end:
        main(*arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: python -m core")


def test_stop_waits_for_the_end_and_says_how_it_ended(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore().create(make_config("sample", {}))
    states = iter([Status(status="running"), Status(status="running"), Status(status="stopped", message="Stopped.")])
    monkeypatch.setattr(launch, "poll", lambda _: next(states))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert json_of(capsys, "stop", run.id) == {"run": run.id, "status": "stopped", "message": "Stopped."}
    assert run.stop_requested()


def test_an_interrupt_is_no_failure_inside(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.cli.scan.scan_dataset", interrupted)
    assert main("scan", "sample") == 130
    assert capsys.readouterr() == ("", "interrupted\n")


RESULT = {"count": 4, "accuracy": 0.75, "auc": None, "loss": 0.5, "interval": [0.3, 0.954]}


@pytest.fixture
def engine_that_ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[Status], None]:
    """A function that says how every run started from now on ends."""

    def ends(status: Status) -> None:
        def start(run: Run, *, parent_pipe: bool) -> None:
            assert not parent_pipe
            files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"]})
            files.write_json(run.path / "findings.json", {"findings": [CORRUPT]})
            files.write_json(run.path / "evaluation.json", {"weights": "those of epoch 1", "val": RESULT})
            run.add_event("epoch", epoch=1, val_accuracy=0.75)
            run.write_status(status)

        monkeypatch.setattr(launch, "start", start)

    return ends


def test_train_as_json_has_the_promised_keys(
    images: Path, capsys: Capture, engine_that_ends: Callable[[Status], None]
) -> None:
    engine_that_ends(Status(status="finished", message="Completed.", seconds={"training": 1.5, "total": 2.0}))
    (images / "train" / "a" / "bad.png").write_bytes(b"")
    record = json_of(capsys, "train", images, "--name", "first")
    run = RunStore().get("first")
    assert record["run"] == run.id
    assert record["status"] == "finished"
    assert record["metrics"] == {"val_accuracy": 0.75, "val_auc": None, "val_loss": 0.5}
    assert record["history"]["val_accuracy"] == [0.75]
    assert record["classes"] == ["a", "b"]
    assert record["seconds"] == {"features": 0.0, "training": 1.5, "total": 2.0}
    assert [finding["id"] for finding in record["findings"]] == ["corrupt-image"]
    assert run.config() == make_config(str(images), {}, name="first")


def test_train_for_a_person_ends_with_the_result(
    images: Path, capsys: Capture, engine_that_ends: Callable[[Status], None]
) -> None:
    engine_that_ends(Status(status="finished", message="Completed."))
    assert main("train", images, "--set", "data.batch_size = 8") == 0
    out, err = capsys.readouterr()
    run = RunStore().list()[0]
    assert run.config().data.batch_size == 8
    assert out.splitlines() == [
        f"run {run.id} finished: Completed.",
        "val: accuracy 0.7500 [0.300, 0.954] on 4 images, AUC –, those of epoch 1",
    ]
    expected, begun, *_ = err.splitlines()
    assert re.fullmatch(r"expected: up to \d+ s \(estimated\), [\d.]+ GB of memory", expected)
    assert begun == f"run {run.id}"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status(status="failed", fault="user", message="An image has gone."), 1),
        (Status(status="failed", fault="program", message="Parity failed inside."), 3),
        (Status(status="interrupted", message="Killed."), 3),
    ],
)
def test_a_run_that_fails_says_why_and_whose_fault_it_was(
    images: Path, capsys: Capture, engine_that_ends: Callable[[Status], None], status: Status, code: int
) -> None:
    engine_that_ends(status)
    assert main("train", images, "--json") == code
    out, err = capsys.readouterr()
    assert err == status.message + "\n"
    assert json.loads(out)["status"] == status.status


def test_json_is_written_even_where_the_console_knows_no_umlauts(
    image_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("Äpfel 肺炎", train=(2, 2), val=(1, 1))
    console = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", console)
    assert main("scan", folder, "--json") == 0
    console.seek(0)
    assert json.loads(console.read())["dataset"] == str(folder)


def run_command(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **options.pop("environment", {})}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
        **{"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options},
    )  # fmt: skip


@pytest.mark.slow
def test_a_reader_that_has_read_enough_is_no_failure(images: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    result = run_command("scan", images, stdout=write)
    os.close(write)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_a_console_that_cannot_write_a_sign_gets_it_escaped(image_folder: MakeFolder) -> None:
    folder = image_folder("肺炎", train=(2, 2), val=(1, 1))
    result = run_command("scan", folder, environment={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0].endswith("\\u80ba\\u708e")


@pytest.mark.slow
def test_a_training_in_its_own_process_from_scan_to_prediction(image_folder: MakeFolder, tmp_path: Path) -> None:
    folder = image_folder(train=(8, 8), val=(4, 4), size=32)
    settings = ("--set", "data.image_size=32", "--set", "training.epochs=2")
    trained = run_command("train", folder, "--json", *settings)
    assert (trained.returncode, trained.stderr) == (0, "")
    record = json.loads(trained.stdout)
    assert {"run", "status", "metrics", "history", "classes", "seconds", "findings"} <= set(record)
    assert (record["status"], record["classes"]) == ("finished", ["a", "b"])
    assert "val-too-small" in [finding["id"] for finding in record["findings"]]
    assert {"val_accuracy", "val_auc", "val_loss"} <= set(record["metrics"])
    assert [len(values) for values in record["history"].values()] == [2] * 6
    assert list(record["seconds"]) == ["features", "training", "total"]

    runs = json.loads(run_command("runs", "--json").stdout)["runs"]
    assert [(run["run"], run["status"], run["epochs"]) for run in runs] == [(record["run"], "finished", 2)]

    table = tmp_path / "answers.csv"
    images = sorted((folder / "val").rglob("*.png"))
    predicted = run_command("predict", record["run"], *images, "--csv", table, "--json")
    assert predicted.returncode == 0
    rows = json.loads(predicted.stdout)["predictions"]
    assert [row["file"] for row in rows] == [str(image) for image in images]
    assert all(sum(row["probabilities"].values()) == pytest.approx(1) for row in rows)
    right = sum(row["class"] == image.parent.name for row, image in zip(rows, images, strict=True))
    assert right / len(images) == record["metrics"]["val_accuracy"]
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1 + len(images)
