"""A run as a script: what it holds and leaves out, what is refused, that its pixels are the program's."""

import ast
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from core import files
from core.config import make_config
from core.data import images
from core.data.augment import augment
from core.data.rendering import Rendering
from core.errors import RunError
from core.export.script import require_repeatable, training_script
from core.store.runs import Run, RunStore, Status
from tests.data.deep_files import dicom

MakeRun = Callable[..., Run]


def image(part: str, label: str, name: str = "0.png") -> dict[str, str]:
    return {"path": f"{part}/{label}/{name}", "label": label, "sha256": "0123456789abcdef" * 4}


@pytest.fixture
def make_run() -> MakeRun:
    """A finished run as its records tell of it."""

    def make(status: str = "finished", classes: tuple[str, ...] = ("a", "b"), **settings: Any) -> Run:
        run = RunStore().create(make_config("/data/pets", settings, name='a "name"\\'))
        parts = {part: [image(part, label) for label in classes] for part in ("train", "val")}
        files.write_json(run.path / "manifest.json", {"root": "/data/pets", "classes": classes, **parts})
        run.add_event("epoch", epoch=1, loss=0.5, accuracy=0.5, auc=None, val_loss=0.5, val_accuracy=1.0, val_auc=1.0)
        run.write_status(Status(status=status))
        return run

    return make


def defined(text: str) -> set[str]:
    nodes = ast.parse(text).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def imported(text: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            modules.add(str(node.module).split(".")[0])
    return modules


def test_it_needs_keras_and_no_parity_and_holds_only_what_the_run_used(make_run: MakeRun) -> None:
    text = training_script(make_run(), "x_base.keras", {})
    assert imported(text) - sys.stdlib_module_names == {"keras", "numpy", "tensorflow", "PIL"}
    assert {"main", "train_on_features", "fit", "epoch_batches", "load"} <= defined(text)
    assert {"LenientStream", "scale_down", "_is_alpha_unused"} <= defined(text)
    assert defined(text).isdisjoint({"warp", "FrozenBase", "train_on_images", "to_square"})
    assert not any(flag in text for flag in ("AUGMENTED", "BINARY", "STOPS", "type: ignore", '"softmax"'))
    assert "('train/a/0.png', 0, '0123456789abcdef')," in text
    assert "LEARNING_RATE = 0.001\n" in text
    assert "EARLY_STOPPING = 5  #" in text
    assert "/data/pets" in text
    assert "/data" not in training_script(make_run(), "x_base.keras", {}, "pets")


@pytest.mark.parametrize(
    ("settings", "classes", "words", "names"),
    [
        ({"data.augmentation": "question"}, "ab", ["AUGMENTATION = 'question'"], {"warp", "draw_parameters"}),
        (
            {"data.augmentation": "flip, zoom 0.2 same"},
            "ab",
            ["    ('flip', 0.0, 0.0, ('horizontal',)),  # flip horizontal\n    ('zoom', 0.8, 1.2, ('same',)),  # zoom"],
            {"apply_steps", "_contrast", "_crop"},
        ),
        ({"training.mode": "end_to_end", "training.literal": "true"}, "ab", [], {"FrozenBase", "train_on_images"}),
        ({"training.mode": "fine_tune"}, "ab", ["UNFREEZE_FROM = 'top_conv'"], {"FrozenBase", "train_on_features"}),
        ({"training.class_weight": "balanced"}, "abc", ["counts = np.bincount", "CLASSES = ('a', 'b', 'c')"], set()),
        ({"data.fit": "letterbox"}, "ab", ["FIT = 'letterbox'"], {"to_square", "content_size", "edge_colour"}),
        ({"training.early_stopping": 0, "training.optimizer": "sgd"}, "ab", ["keras.optimizers.SGD"], set()),
    ],
)
def test_what_a_run_used_is_there(
    make_run: MakeRun, settings: dict[str, Any], classes: str, words: list[str], names: set[str]
) -> None:
    text = training_script(make_run(classes=tuple(classes), **settings), "x_base.keras", {"unfreeze_from": "top_conv"})
    assert names <= defined(text)
    assert all(word in text for word in words)
    assert ("EARLY_STOPPING" in text) == ("training.early_stopping" not in settings)


def test_what_cannot_be_repeated_is_refused_with_its_reason(make_run: MakeRun) -> None:
    require_repeatable(make_run())
    for status in ("stopped", "failed", "interrupted", "running"):
        with pytest.raises(RunError, match=f"^no script can repeat run .*: it is {status}, and a script runs to the"):
            require_repeatable(make_run(status))
    resumed, lost, foreign = make_run(), make_run(), make_run()
    resumed.add_event("resumed", epoch=1)
    (lost.path / "manifest.json").unlink()
    files.write_json(foreign.path / "manifest.json", {"classes": ["a", "b"], "imported": {"outputs": 1}})
    for run, why in (
        (resumed, "it was interrupted and resumed; start a new run with the same settings$"),
        (lost, r"its list of images \(manifest.json\) is gone$"),
        (foreign, "it is an imported model whose training is unknown$"),
    ):
        with pytest.raises(RunError, match=why):
            require_repeatable(run)


def odd_images(folder: Path) -> list[Path]:
    """Every kind of file that is decoded in a way of its own."""
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (90, 70, 3)).astype(np.uint8))
    large = colour.resize((900, 700))
    deep = Image.fromarray(rng.integers(0, 65536, (50, 60)).astype(np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    colour.save(folder / "plain.png")
    large.save(folder / "large.jpg")
    colour.save(folder / "turned.jpg", exif=turned)
    colour.convert("CMYK").save(folder / "cmyk.jpg")
    colour.convert("P").save(folder / "palette.gif")
    colour.convert("L").save(folder / "grey.webp")
    deep.save(folder / "deep.png")
    clear = colour.convert("RGBA")
    clear.putalpha(100)
    clear.save(folder / "clear.png")
    tifffile.imwrite(folder / "pages.tif", np.stack([np.asarray(deep)] * 2), photometric="miniswhite")
    colour.save(folder / "turned.tif", tiffinfo={274: 6}, compression="tiff_lzw")
    pillow_heif.from_pillow(large).save(folder / "photo.heic")
    values = rng.integers(0, 4096, (50, 60), np.uint16)
    scaled: dict[str, Any] = {"BitsStored": 12, "RescaleSlope": 2, "RescaleIntercept": -1024}
    (folder / "ct.dcm").write_bytes(dicom(values, PhotometricInterpretation="MONOCHROME1", **scaled))
    return sorted(folder.iterdir())


@pytest.mark.slow
def test_its_pixels_are_those_of_the_program(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow because the script imports Keras."""
    settings = {"data.image_size": 32, "data.augmentation": "light", "data.fit": "letterbox", "data.window": "fixed",
                "data.window_low": -100, "data.window_high": 50_000}  # fmt: skip
    run = make_run(**settings)
    record = files.read_json(run.path / "manifest.json")
    for file, kind in zip(record["train"], ("DICOM", "HEIF"), strict=True):
        file["format"] = kind
    files.write_json(run.path / "manifest.json", record)
    text = training_script(run, "x_base.keras", {})
    assert "It needs pydicom for the DICOM files. It needs pillow-heif for the HEIC files." in " ".join(text.split())
    rendering = Rendering("letterbox", (-100.0, 50_000.0))
    script = types.ModuleType("script")
    script.__file__ = str(tmp_path / "x.py")
    monkeypatch.setitem(sys.modules, "script", script)  # its dataclass looks for its module
    exec(compile(text, "x.py", "exec"), vars(script))
    (tmp_path / "odd").mkdir()
    for path in odd_images(tmp_path / "odd"):
        np.testing.assert_array_equal(script.load(path), images.load(path, 32, rendering), err_msg=path.name)


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["light", "strong", "flip both, shift 0.2 wrap, shear 9, contrast 0.4"])
def test_its_augmented_images_are_those_of_the_program(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augmentation: str
) -> None:
    """Slow because the script imports Keras."""
    run = make_run(**{"data.image_size": 32, "data.augmentation": augmentation})
    script = types.ModuleType("script")
    script.__file__ = str(tmp_path / "x.py")
    monkeypatch.setitem(sys.modules, "script", script)
    exec(compile(training_script(run, "x_base.keras", {}), "x.py", "exec"), vars(script))
    monkeypatch.setattr(script, "DATA", tmp_path, raising=False)
    for path, _, _ in script.TRAIN:
        (tmp_path / path).parent.mkdir(parents=True)
        Image.effect_noise((40, 40), 90).convert("RGB").save(tmp_path / path)
    for draw in (0, 5):
        found = script.training_images(range(len(script.TRAIN)), draw)
        for row, (path, _, content) in zip(found, script.TRAIN, strict=True):
            pixels = images.load(tmp_path / path, 32)
            expected = augment(pixels, run.config().data.augmentation, 1, draw, content)
            np.testing.assert_array_equal(row, expected)
