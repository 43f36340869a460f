"""Export of a model, the part that needs TensorFlow: `python -m core.engine.jobs.export RUN_DIR FORMAT PATH`.

Says on standard output what it is at, one JSON object a line, `{"stage": words, "share": 0..1}`; the last one is
`{"done": {...}}` or `{"error": sentence}`. A model that was converted is opened again and asked about a few images:
what comes out must be what the run's own model says.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.config import RunConfig
from core.engine.fingerprint import statistics_hash, weights_only_hash
from core.engine.jobs.exact import in_float64
from core.engine.jobs.plain_layers import in_plain_layers
from core.engine.jobs.small_export import convert_small
from core.engine.saved_network import open_network
from core.errors import RunError, UnreadableImage, UserError
from core.export.formats import SMALL
from core.export.labels import Record, as_texts, label_litert, label_savedmodel, model_record
from core.models import catalogue
from core.models.build import backbone_layers, base_for
from core.models.unfreezing import stages
from core.progress import StepProgress
from core.store import records
from core.store.run_images import run_loader
from core.store.runs import Run

Array = NDArray[np.float32]

IMAGES = 8
"""Images of the run that both models are asked about."""

TOLERANCE = 1e-4
"""Largest difference of a probability that another runtime may make; measured: 4e-7, 3e-6 with LiteRT."""


def convert(run: Run, kind: str, path: Path, report: StepProgress) -> dict[str, Any]:
    """Writes the run's model in another format, with what its user has to know in it, and compares the two.

    Args:
        run: Run. With a model.
        kind: str. `savedmodel`, `litert` or `onnx`, or one of `SMALL`.
        path: Path. The file or folder to write.
        report: callable of (what it is at, share done).

    Returns:
        `{"pictures": number compared, "difference": largest difference of a probability, or None where no runtime of
        the format is installed}`; of `SMALL` also `small`, see `core.export.small.measured`.

    Raises:
        RunError: the model is absent or damaged, a package is missing, or the two do not agree.
    """
    report("Loading the model.", 0.2)
    model = in_plain_layers(open_network(run))
    if kind in SMALL:
        found = convert_small(run, model, kind, path, report)
        label_litert(path, {**model_record(run), "measured": found})
        return {"pictures": found["images"], "difference": found["worst_change"], "small": found}
    pixels = _images(run, model.input_shape[1])
    expected = np.asarray(model(pixels, training=False))
    report("Converting it.", 0.35)
    try:
        _WRITERS[kind](model, path)
    except ModuleNotFoundError as error:
        raise RunError(f"this format needs the package {error.name}; install what requirements.txt names") from error
    _LABELLERS[kind](path, model_record(run))
    report("Loading it again and comparing.", 0.8)
    answers = _READERS[kind](path, pixels)
    if answers is None:
        return {"pictures": len(pixels), "difference": None}
    difference = float(np.abs(np.asarray(answers) - expected).max())
    if not difference <= TOLERANCE and not _rounding(model, pixels, answers) <= TOLERANCE:
        raise RunError(
            f"the converted model of run {run.id} differs from the run's model by {difference:.2g}, more than "
            f"{TOLERANCE:g}; it was not kept, use another format"
        )
    return {"pictures": len(pixels), "difference": difference}


def _rounding(model: keras.Model, pixels: Array, answers: Array) -> float:
    """How far answers are from those of the model in float64.

    Where a network's own answers in float32 are further from them, they are no measure of a conversion.
    """
    exact = np.asarray(in_float64(model)(pixels, training=False))
    return float(np.abs(np.asarray(answers) - exact).max())


def save_base(run: Run, path: Path, report: StepProgress) -> dict[str, Any]:
    """Saves the base as it was before the run's training, for a script that repeats it.

    Raises:
        RunError: it is not the base that the run's trace tells of, or the trace cannot be read.
    """
    config = run.config()
    row = catalogue.find(config.model.backbone)
    report(f"Building {row.title}.", 0.3)
    base = base_for(config)
    recorded = _recorded_hashes(run)
    if recorded and recorded != (weights_only_hash(base), statistics_hash(base)):
        raise RunError(
            f"the weights of {row.title} on this machine are not those that run {run.id} started from; replace them "
            "with the same file"
        )
    report("Saving it.", 0.8)
    base.save(path)
    return _trained_layers(config, base)


def _trained_layers(config: RunConfig, base: keras.Model) -> dict[str, Any]:
    """Where the trained part of the base begins, and its blocks, by their layers' names; see `training_script`."""
    row, training = catalogue.find(config.model.backbone), config.training
    names = [layer.name for layer in backbone_layers(base)]
    blocks = [stage.block for stage in stages(config)] or [training.unfreeze_from]
    first = [names[row.first_trainable(names, block)] if block else "" for block in blocks]
    facts: dict[str, Any] = {"unfreeze_from": first if len(first) > 1 else first[0]}
    if training.mode == "fine_tune" and training.block_rate_factor != 1:
        facts["block_starts"] = row.block_starts(names)[1:]
    return facts


def _images(run: Run, size: int) -> Array:
    """Validation images of the run as the model takes them; noise where they are gone."""
    manifest = run.data()
    root, load, found = Path(manifest.root), run_loader(run), []
    for item in manifest.val:
        with contextlib.suppress(UnreadableImage):
            found.append(load(root / item["path"]))
        if len(found) == IMAGES:
            break
    if not found:
        found = list(np.random.default_rng(0).integers(0, 256, (IMAGES, size, size, 3)).astype(np.uint8))
    return np.stack(found).astype(np.float32)


def _recorded_hashes(run: Run) -> tuple[str, str | None] | None:
    """What the trace says of the base before training; None where there is no trace.

    Raises:
        RunError: there is one, and it cannot be read.
    """
    if why := records.complaint(run.path / "trace.json", records.TRACE):
        raise RunError(
            f"{why}, so nothing says whether the base on this machine is the one that run {run.id} started from; put "
            "the file back, or remove it to go without this check"
        )
    record = run.trace()
    if record is None or record.hashes.base is None:
        return None
    return record.hashes.base, record.hashes.statistics


def _write_savedmodel(model: keras.Model, path: Path) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _write_litert(model: keras.Model, path: Path) -> None:
    """With LiteRT's own operations alone: a model that needs TensorFlow's beside them runs on few devices."""
    only_its_own = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(path, format="litert", verbose=False, target_spec=only_its_own)


def _write_onnx(model: keras.Model, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _label_onnx(path: Path, record: Record) -> None:
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, as_texts(record))
    onnx.save(model, path)


def _answer_savedmodel(path: Path, pixels: Array) -> Array:
    opened = tf.saved_model.load(path)
    answers: Array = opened.serve(pixels).numpy()
    return answers


def _answer_litert(path: Path, pixels: Array) -> Array:
    interpreter = tf.lite.Interpreter(str(path))
    serve = interpreter.get_signature_runner()
    name = next(iter(serve.get_input_details()))
    answers: Array = next(iter(serve(**{name: pixels}).values()))
    return answers


def _answer_onnx(path: Path, pixels: Array) -> Array | None:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        return None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers: Array = session.run(None, {session.get_inputs()[0].name: pixels})[0]
    return answers


_WRITERS = {"savedmodel": _write_savedmodel, "litert": _write_litert, "onnx": _write_onnx}
_LABELLERS: dict[str, Callable[[Path, Record], None]] = {
    "savedmodel": label_savedmodel,
    "litert": label_litert,
    "onnx": _label_onnx,
}
_READERS: dict[str, Callable[[Path, Array], Array | None]] = {
    "savedmodel": _answer_savedmodel,
    "litert": _answer_litert,
    "onnx": _answer_onnx,
}


def main(arguments: list[str]) -> int:
    """Makes one export and tells of it."""
    run, kind, path = Run(Path(arguments[0])), arguments[1], Path(arguments[2])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers

    def send(record: dict[str, Any]) -> None:
        print(json.dumps(record), file=answers, flush=True)

    def report(stage: str, share: float) -> None:
        send({"stage": stage, "share": share})

    try:
        send({"done": save_base(run, path, report) if kind == "script" else convert(run, kind, path, report)})
    except UserError as error:
        send({"error": str(error)})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
