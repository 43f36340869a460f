"""A run's model card: README.md in the form that Hugging Face reads, from the run's own records and nothing else."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.config import RunConfig, beside_recommended, setting
from core.course.caveats import known_findings, run_caveats
from core.data.file_names import display_name
from core.data.rendering import FIT_WORDS
from core.data.set_names import set_name
from core.errors import RunError
from core.export import imported_card
from core.export.labels import outputs_of
from core.export.source import needed, pieces_of
from core.models import catalogue
from core.models.setting_words import of_weights
from core.stats.metrics import wilson
from core.store.runs import Run
from core.workers.predict_client import NOT_MEDICAL, is_medical

if TYPE_CHECKING:
    from core.store.run_records import Manifest, PartFigures

_PARTS = {"val": "validation", "test": "test"}
_MARKS = re.compile(r"([\\`*_\[\]<>#|$~&])")


def model_card(run: Run) -> str:
    """The card as Markdown with a YAML header.

    Args:
        run: Run. Finished or stopped: it has been evaluated.

    Raises:
        RunError: the run has no evaluation yet.
    """
    evaluation, manifest, config = run.evaluation(), run.data(), run.config()
    if evaluation is None or not evaluation.parts:
        todo = f"evaluate it first: evaluate {run.id} --on DATASET" if manifest.imported else "wait until it ends"
        raise RunError(f"run {run.id} has no metrics yet, so a card cannot be written; {todo}")
    brought = bool(manifest.imported)
    sections = [
        _header(run, config, evaluation.parts),
        f"# {_plain(run.title())}",
        _what_it_is(config, manifest),
        f"## Data\n\n{_data(config, manifest)}",
        f"## Training\n\n{imported_card.TRAINING if brought else _training(run, config)}",
        *(
            f"## Figures on the {_part(part, brought=brought)} images\n\n{_caveats(run, part)}{_figures(found)}"
            for part, found in evaluation.parts.items()
        ),
        f"## Limits\n\n{_limits(run, config, manifest)}",
        f"## How to use it\n\n{_use(config, evaluation.classes, outputs_of(run))}",
    ]
    return "\n\n".join(sections) + "\n"


def _header(run: Run, config: RunConfig, parts: "Mapping[str, PartFigures]") -> str:
    """The YAML block; texts are written as JSON, which is YAML too and needs no other quoting."""
    manifest = run.data()
    brought, data = bool(manifest.imported), _data_name(config, manifest)
    results = [line for part, found in parts.items() for line in _result(data, found, _part(part, brought=brought))]
    trained_here = [] if brought else ["- transfer-learning", f"- {_quoted(config.model.backbone)}"]
    return "\n".join(
        [
            "---",
            "# license: yours to choose, see https://huggingface.co/docs/hub/repositories-licenses",
            "library_name: keras",
            "pipeline_tag: image-classification",
            "tags:",
            "- image-classification",
            *trained_here,
            "metrics:",
            "- accuracy",
            "- roc_auc",
            "model-index:",
            f"- name: {_quoted(run.title())}",
            "  results:",
            *results,
            "---",
        ]
    )


def _part(part: str, *, brought: bool) -> str:
    """What a part is called; to a model from elsewhere no image is a validation image, as nothing was chosen by it."""
    return "evaluation" if brought else _PARTS[part]


def _result(data: str, figures: "PartFigures", split: str) -> list[str]:
    values = {"accuracy": ("Accuracy", figures.accuracy), "roc_auc": ("Area under the ROC curve", figures.auc)}
    return [
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        f"      name: {_quoted(data)}",
        "      type: imagefolder",
        f"      split: {split}",
        "    metrics:",
        *(
            line
            for kind, (name, value) in values.items()
            if value is not None
            for line in (f"    - type: {kind}", f"      name: {name}", f"      value: {value:.6g}")
        ),
    ]


def _what_it_is(config: RunConfig, manifest: "Manifest") -> str:
    classes = ", ".join(_plain(name) for name in manifest.classes)
    model = "" if manifest.imported else f": {_network(config)}, and a small classifier on top"
    known = f"\n\n{_plain(imported_card.what_is_known(manifest))}" if manifest.imported else ""
    side, count = config.data.image_size, len(manifest.classes)
    return (
        f"An image classifier for {count} classes ({classes}){model}. It takes raw RGB pixels (0 to 255) "
        f"of {side} × {side} and gives probabilities; the preprocessing is inside.{known}"
    )


def _network(config: RunConfig) -> str:
    trained = "frozen" if config.training.is_frozen else "fine-tuned in its last layers"
    return f"{catalogue.find(config.model.backbone).title} with {of_weights(config.model.weights)}, {trained}"


def _data(config: RunConfig, manifest: "Manifest") -> str:
    classes, rows = manifest.classes, []
    for part in ("train", "val", "test"):
        labels = [item["label"] for item in manifest.part(part)]
        if labels:
            shown = _part(part, brought=True) if manifest.imported else part
            rows.append([shown, str(len(labels)), *(str(labels.count(name)) for name in classes)])
    table = _table(["part", "images", *map(_plain, classes)], rows)
    name = _plain(_data_name(config, manifest))
    if manifest.imported:
        return f"Its training images are not known. It was evaluated on {name}, one folder per class.\n\n{table}"
    return f"{name}, one folder per class.\n\n{table}"


def _training(run: Run, config: RunConfig) -> str:
    evaluation, seconds = run.evaluation(), run.read_status().seconds.get("total")
    took = f" It took {seconds:.0f} s." if seconds else ""
    record = run.trace()
    versions = record.versions({"tensorflow": "TensorFlow", "keras": "Keras", "python": "Python"}) if record else []
    made = f" Made with {', '.join(map(_plain, versions))}." if versions else ""
    rows = [
        [str(setting(key).metadata.get("label", key)), f"`{key}`", _code(str(value))]
        for key, value, _ in beside_recommended(config)
    ]
    words = f"{len(run.epochs())} epochs; the weights are those of {_plain(evaluation.weights if evaluation else '')}."
    return f"{words}{took}{made}\n\n{_table(['setting', 'key', 'value'], rows)}"


def _figures(figures: "PartFigures") -> str:
    """Accuracy and AUC, and each class's figures, with intervals where there is a proportion."""
    count, correct = figures.count or 0, figures.correct or 0
    auc = "not defined" if figures.auc is None else f"{figures.auc:.4f}"
    head = [
        ["accuracy", _proportion(correct, count, figures.interval)],
        ["area under the ROC curve", auc],
        ["cross-entropy", "–" if figures.loss is None else f"{figures.loss:.4f}"],
        [f"always answering {_plain(figures.majority_class)}", f"{figures.majority_share or 0.0:.4f}"],
    ]
    confusion, rows = figures.confusion, []
    for k, item in enumerate(figures.per_class if confusion else []):
        hit, said = confusion[k][k], sum(line[k] for line in confusion)
        f1 = "–" if item.f1 is None else f"{item.f1:.4f}"
        rows.append([_plain(item.name), _proportion(hit, item.support), _proportion(hit, said), f1, str(item.support)])
    table = _table(["class", "recall", "precision", "F1", "images"], rows)
    return (
        f"{_table(['figure', f'on {count} images'], head)}\n\n{table}\n\n"
        f"In brackets: Wilson's 95 % CI, for images from the same source.{_of_groups(figures)}"
    )


def _of_groups(figures: "PartFigures") -> str:
    """What the interval of the accuracy counts, where images belong together."""
    if not figures.groups:
        return ""
    return (
        f" That of the accuracy counts {figures.groups} groups of images that belong together (of one patient, or "
        "copies); those of the classes count every image, and are too narrow where a group is right or wrong together."
    )


def _caveats(run: Run, part: str) -> str:
    """What is known against the figures, above them; empty where nothing is."""
    known = "; ".join(map(_plain, run_caveats(run, part)))
    return f"**Read with care: {known}.** See Limits below.\n\n" if known else ""


def _proportion(part: int, whole: int, interval: Sequence[float] | None = None) -> str:
    if not whole:
        return "–"
    low, high = interval or wilson(part, whole)
    return f"{part / whole:.4f} [{low:.3f}, {high:.3f}]"


def _limits(run: Run, config: RunConfig, manifest: "Manifest") -> str:
    points = [
        "It knows only these classes: every image is assigned one of them, whatever it shows.",
        f"Images are {FIT_WORDS[config.data.fit]}, {config.data.image_size} pixels per side: finer detail is lost.",
        "The intervals hold for images like those it was evaluated on, not for another camera, place or group.",
    ]
    if manifest.imported:
        points += map(_plain, [imported_card.LIMIT, *imported_card.doubts(manifest)])
    elif config.training.early_stopping and not manifest.test:
        points.append("The epoch was chosen on the validation images: the metrics on them are slightly too high.")
    if is_medical(run):
        points.insert(0, f"**{NOT_MEDICAL}**")
    points += [
        f"Found by Parity ({_plain(item.severity)}): {_plain(item.claim)}"
        for item in known_findings(run)
        if item.severity != "info"
    ]
    return "\n".join(f"- {point}" for point in points)


def _use(config: RunConfig, classes: list[str], outputs: int) -> str:
    size, names = config.data.image_size, json.dumps(classes, ensure_ascii=False)
    answer = (
        f"p = float(model.predict(pixels[None])[0, 0])  # of the second of {names}"
        if outputs == 1
        else f"p = dict(zip({names}, model.predict(pixels[None])[0]))"
    )
    square = _square(config.data.fit, size)
    return f"""```python
import keras, numpy as np
from PIL import Image, ImageOps
model = keras.saving.load_model("model.keras")
{_upright(size)}
{square}
{answer}
```

This prepares images of 8 bits per channel as Parity does: upright, transparency over white. Grey images of more than 8
bits, DICOM and HEIC files are prepared by Parity alone (`python -m core predict`)."""


def _upright(size: int) -> str:
    """Lines that open an image as `core.data.images.decode` does."""
    return f"""image = Image.open("image.jpg")
image.draft(None, ({2 * size}, {2 * size}))  # a large JPEG is decoded at a part of its size
image = ImageOps.exif_transpose(image).convert("RGBA")
image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")"""


def _square(fit: str, size: int) -> str:
    """Lines that make an image the square that the model takes."""
    if fit == "stretch":
        return f"pixels = np.asarray(image.resize(({size}, {size}), Image.Resampling.BILINEAR))"
    pieces, _ = needed(pieces_of("core/data/rendering.py", {}), "to_square", {})
    functions = "\n\n".join(piece.text for piece in pieces)
    return f'{functions}\n\npixels = np.asarray(to_square(image, {size}, "{fit}"))'


def _data_name(config: RunConfig, manifest: "Manifest") -> str:
    if manifest.imported:
        return imported_card.evaluated_on(manifest)
    return display_name(set_name(config.dataset))


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """A text as itself: neither Markdown nor HTML nor a line of its own."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return _MARKS.sub(r"\\\1", " ".join(shown.split()))


def _code(text: str) -> str:
    """A setting's value as code, where it can stand in a table as such."""
    return _plain(text) if not text or set(text) & set("`|") or not text.isprintable() else f"`{text}`"


def _quoted(text: str) -> str:
    return json.dumps(display_name(text), ensure_ascii=False)
