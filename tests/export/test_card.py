"""The model card: its header as YAML, its figures, and that names in it are only names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from core import files
from core.config import make_config
from core.errors import RunError
from core.export.bundle import write_bundle
from core.export.card import model_card
from core.export.export_client import export_run
from core.report.run_report import run_report
from core.stats.metrics import wilson
from core.store.examples import install
from core.store.run_images import run_loader
from core.store.runs import Run, RunStore

NAME = 'x: [y] "z" <b>| `c` *d* ![e](http://e.x/f.png)'


@pytest.fixture
def example_run() -> Run:
    install()
    return next(run for run in RunStore().list() if run.has_model())


def header(card: str) -> dict[str, Any]:
    _, block, _ = card.split("---\n", 2)
    record = yaml.safe_load(block)
    assert isinstance(record, dict)
    return record


def test_the_header_is_what_hugging_face_reads(example_run: Run) -> None:
    record = header(model_card(example_run))
    assert "license" not in record
    assert (record["library_name"], record["pipeline_tag"]) == ("keras", "image-classification")
    assert record["tags"] == ["image-classification", "transfer-learning", "EfficientNetLite0"]
    (model,) = record["model-index"]
    (result,) = model["results"]
    assert model["name"] == "Sample: pooled head"
    assert result["dataset"] == {"name": "sample", "type": "imagefolder", "split": "validation"}
    figures = example_run.figures("val")
    assert figures is not None
    assert {m["type"]: m["value"] for m in result["metrics"]} == {
        "accuracy": figures.accuracy,
        "roc_auc": pytest.approx(figures.auc, abs=1e-6),
    }


def test_figures_have_wilsons_intervals_and_the_sections_are_there(example_run: Run) -> None:
    card = model_card(example_run)
    for title in ("Data", "Training", "Figures on the validation images", "Limits", "How to use it"):
        assert f"\n## {title}\n" in card
    low, high = wilson(140, 160)
    assert f"| accuracy | 0.8750 [{low:.3f}, {high:.3f}] |" in card
    low, high = wilson(67, 80)  # of 80 images of the second class 67 are found
    assert f"| PNEUMONIA | {67 / 80:.4f} [{low:.3f}, {high:.3f}] | 0.9054 [" in card
    assert "| train | 800 | 400 | 400 |" in card
    assert "- **Not a medical device" in card
    assert str(Path.home()) not in card
    assert len(card.split("```python\n")[1].split("```")[0].splitlines()) == 9


def test_names_are_only_names(example_run: Run) -> None:
    config = make_config(f"/somewhere/{NAME}", {}, name=NAME)
    files.write_json(example_run.path / "config.json", config.to_dict())
    for record in ("manifest.json", "evaluation.json"):
        text = (example_run.path / record).read_text()
        (example_run.path / record).write_text(text.replace('"NORMAL"', json.dumps(NAME)))
    card = model_card(example_run)
    assert header(card)["model-index"][0]["name"] == NAME
    assert header(card)["model-index"][0]["results"][0]["dataset"]["name"] == NAME.rpartition("/")[2]
    body = card.split("---\n", 2)[2].split("```python")[0]
    assert "<b>" not in body
    assert "![e](" not in body
    assert r"!\[e\](http://e.x/f.png)" in body


def test_the_lines_run(example_run: Run) -> None:
    """They are Python; that the model opens with Keras alone is proved where models are saved."""
    compile(model_card(example_run).split("```python\n")[1].split("```")[0], "use.py", "exec")


def test_without_figures_there_is_no_card(example_run: Run, tmp_path: Path) -> None:
    (example_run.path / "evaluation.json").unlink()
    with pytest.raises(RunError, match=r"has no metrics yet, so a card cannot be written; wait until it ends$"):
        export_run(example_run, "card", tmp_path / "README")
    assert not list(tmp_path.glob("*README*"))


def brought(run: Run, **facts: Any) -> Run:
    """The run as one of a model from elsewhere, evaluated on a dataset."""
    manifest = files.read_json(run.path / "manifest.json")
    record = {"outputs": 1, "parameters": 12_345, "sha256": "ab" * 32, "pixels": "0..1", **facts}
    files.write_json(run.path / "manifest.json", {**manifest, "root": "/x/my photos", "train": [], "imported": record})
    return run


def test_a_card_of_a_model_from_elsewhere_claims_no_network_and_no_training(example_run: Run) -> None:
    assert "EfficientNet-Lite0" in model_card(example_run), "of a run of this program it is known"
    run = brought(example_run, notes=["No layer of it scales pixels to a smaller range."])
    card = model_card(run)
    assert header(card)["tags"] == ["image-classification"]
    (result,) = header(card)["model-index"][0]["results"]
    assert result["dataset"] == {"name": "my photos", "type": "imagefolder", "split": "evaluation"}
    for claim in ("EfficientNet", "ImageNet", "frozen", "small classifier", "`training.", "epoch", "validation"):
        assert claim not in card, claim
    assert "It has 12,345 parameters." in card
    assert "Nothing is known of its training" in card
    assert "## Figures on the evaluation images" in card
    assert "- No layer of it scales pixels to a smaller range." in card
    page = run_report(run)
    for claim in ("EfficientNet", "ImageNet", "training.mode", "Trained on", "Not readable", "a model from elsewhere"):
        assert claim not in page, claim


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
def test_the_code_of_a_card_makes_the_pixels_that_predict_makes(example_run: Run, tmp_path: Path, fit: str) -> None:
    config = example_run.config()
    files.write_json(
        example_run.path / "config.json",
        make_config(config.dataset, {**config.settings(), "data.fit": fit}).to_dict(),
    )
    code = model_card(example_run).split("```python\n")[1].split("```")[0]
    lines = [line for line in code.splitlines() if not line.startswith(("model =", "p ="))]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 500, 4), np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    rgba, rgb = Image.fromarray(pixels), Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    palette = rgb.quantize(16)
    rgba.save(tmp_path / "rgba.png")
    palette.save(tmp_path / "palette.png", transparency=3)
    rgb.save(tmp_path / "turned.jpg", exif=turned, quality=90)
    rgb.resize((1000, 700)).save(tmp_path / "large.jpg")
    rgb.convert("CMYK").save(tmp_path / "cmyk.jpg")
    rgb.convert("L").save(tmp_path / "grey.png")
    for path in sorted(tmp_path.glob("*.*g")):
        space: dict[str, Any] = {}
        exec("\n".join(lines).replace('"image.jpg"', repr(str(path))), space)
        np.testing.assert_array_equal(space["pixels"], run_loader(example_run)(path), err_msg=path.name)


def test_how_a_model_from_elsewhere_is_used_follows_its_outputs(example_run: Run) -> None:
    one, manifest = model_card(example_run), files.read_json(example_run.path / "manifest.json")
    assert 'predict(pixels[None])[0, 0])  # of the second of ["NORMAL", "PNEUMONIA"]' in one
    manifest["imported"] = {"outputs": 2}
    files.write_json(example_run.path / "manifest.json", manifest)
    assert 'p = dict(zip(["NORMAL", "PNEUMONIA"], model.predict(pixels[None])[0]))' in model_card(example_run)


def test_a_model_from_elsewhere_is_to_be_evaluated_first_and_is_no_run_to_export(
    example_run: Run, tmp_path: Path
) -> None:
    manifest = files.read_json(example_run.path / "manifest.json")
    files.write_json(example_run.path / "manifest.json", {**manifest, "imported": {"outputs": 1}})
    (example_run.path / "evaluation.json").unlink()
    with pytest.raises(RunError, match=f"cannot be written; evaluate it first: evaluate {example_run.id} --on DATASET"):
        model_card(example_run)
    with pytest.raises(RunError, match="is a model from elsewhere and was not trained here: there is no run to export"):
        write_bundle(example_run, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()
