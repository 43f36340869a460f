"""A run as one script in plain Keras that repeats it: same images, order, augmentation, seeds, head and optimizer.

The functions are the program's own (core/export/plain_script.py and what it uses), so the script computes
what the run has computed. Beside it lies the base as it was before training: the built-in one is in no other library.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.config import RunConfig, TrainConfig
from core.data.order import batches_per_epoch
from core.data.rendering import rendering_of
from core.errors import RunError
from core.export.script_header import script_header
from core.export.source import Piece, imports_of, needed, pieces_of
from core.models.head_plan import layer_source, plan_layers
from core.models.loss_plan import plan_loss
from core.models.optimizer_plan import OptimizerPlan, plan_optimizer
from core.notation.augmentation import is_list, steps_of
from core.store.runs import METRICS, Run
from core.workers.try_model_client import is_imported

if TYPE_CHECKING:
    from core.store.run_records import Manifest

BASE_SUFFIX = "_base.keras"
"""What the script's name without .py gets for the model that it starts from."""

# Section of the script -> the files its functions come from, in their order; where two define a name the first holds.
_SECTIONS = {
    "The training": (
        "core/export/plain_settings.py",
        "core/export/plain_script.py",
        "core/export/plain_images.py",
        "core/export/plain_head.py",
        "core/export/plain_batches.py",
        "core/export/plain_training.py",
    ),
    "Epoch after epoch": ("core/export/plain_fit.py",),
    "From an image file to pixels": ("core/data/image_modes.py",),
    "Grey of more than 8 bits": ("core/data/deep.py",),
    "DICOM": ("core/data/dicom.py",),
    "Header of a DICOM file": ("core/data/dicom_header.py",),
    "Compressed frame of a DICOM file": ("core/data/dicom_frame.py",),
    "HEIC": ("core/data/heic.py",),
    "What is not read": ("core/data/refused.py",),
    "From an image to a square": ("core/data/rendering.py",),
    "Large colour profiles": ("core/data/png_chunks.py",),
    "The part that does not learn": ("core/models/frozen_part.py",),
    "Logits and penalties": ("core/models/outputs.py",),
    "Batches of one size": ("core/models/whole_batches.py",),
    "A learning rate for each block": ("core/models/block_rates.py",),
    "Augmentation": ("core/data/augment.py",),
    "Steps of the augmentation": ("core/data/augment_steps.py",),
    "Which sample comes when": ("core/data/order.py",),
    "Mixed images": ("core/data/mixing.py",),
    "Metrics of mixed labels": ("core/models/mixed_labels.py",),
    "Figures on the validation images": ("core/stats/metrics.py",),
}
_LISTS = ("TRAIN", "VAL", "RECORDED")
"""Long values, which stand at the script's end."""


def require_repeatable(run: Run) -> None:
    """Refuses what a script could not repeat.

    Raises:
        RunError: one sentence on why.
    """
    run.require_own("no script can repeat it")
    why = ""
    status = run.read_status().status
    if is_imported(run):
        why = "it is an imported model whose training is unknown"
    elif status != "finished":
        why = f"it is {status}, and a script runs to the end; resume it first, or start it again"
    elif any(event.event == "resumed" for event in run.events()):
        why = "it was interrupted and resumed; start a new run with the same settings"
    elif not run.data().train:
        why = "its list of images (manifest.json) is gone"
    if why:
        raise RunError(f"no script can repeat run {run.id}: {why}")


def training_script(run: Run, base_name: str, facts: Mapping[str, Any], folder: str | None = None) -> str:
    """Writes the script.

    Args:
        run: Run. One that `require_repeatable` lets through.
        base_name: str. Name of the model beside the script that it starts from.
        facts: mapping. `unfreeze_from`: first layer of the base that is trained too, a list of them where there are
            several stages; empty for none. `block_starts`: where blocks have rates of their own.
        folder: str or None. Where the script looks for the images. Defaults to where they were.
    """
    config, manifest = run.config(), run.data()
    flags = _flags(config, manifest)
    settings = _settings(config, manifest, base_name, facts, folder)
    by_section = {
        section: [piece for module in modules for piece in pieces_of(module, flags)]
        for section, modules in _SECTIONS.items()
    }
    chosen, mentioned = needed([p for pieces in by_section.values() for p in pieces], "main", settings)
    sections = [(section, [p for p in pieces if p in chosen]) for section, pieces in by_section.items()]
    return "\n".join(
        [
            script_header(run, config, base_name, _formats(manifest)),
            *_imports(mentioned),
            "",
            *_setting_lines(settings, mentioned),
            *(line for section, pieces in sections for line in _section(section, pieces)),
            *_lists(run, manifest),
            'if __name__ == "__main__":',
            "    main()",
            "",
        ]
    )


def _flags(config: RunConfig, manifest: "Manifest") -> dict[str, bool]:
    training = config.training
    fine_tunes, formats = training.mode == "fine_tune", _formats(manifest)
    on_features = training.takes_features
    return {
        "AUGMENTED": config.data.augmentation != "none",
        "FITS": config.data.fit != "stretch",
        "STEPPED": is_list(config.data.augmentation),
        "TURNED": bool(formats & {"TIFF", "HEIF"}),
        "HEIC": "HEIF" in formats,
        "DICOM": "DICOM" in formats,
        "WEIGHTED": training.class_weight == "balanced",
        "SAMPLED": config.data.sampling == "balanced",
        "MIXED": training.mixup > 0,
        "JUDGES": training.early_stopping > 0 or _reduces(training),
        "STOPS": training.early_stopping > 0,
        "REDUCES": _reduces(training),
        "OBJECTIVE": training.val_loss == "objective",
        "FOCAL": training.focal_gamma > 0,
        "BINARY": len(manifest.classes) == 2,
        "HALVED": training.feature_precision == "float16",
        "ON_FEATURES": on_features,
        "ON_IMAGES": fine_tunes or not on_features,
        "UNFREEZES": fine_tunes or bool(training.unfreeze_from),
        "STAGED": fine_tunes and training.finetune_stages > 1,
        "CUT": fine_tunes and config.data.augmentation == "none" and not training.mixup,
        "BY_BLOCK": fine_tunes and training.block_rate_factor != 1,
    }


def _formats(manifest: "Manifest") -> set[str]:
    """Kinds of files among the run's images."""
    return {file.get("format", "") for file in (*manifest.train, *manifest.val)}


def _settings(
    config: RunConfig, manifest: "Manifest", base_name: str, facts: Mapping[str, Any], folder: str | None
) -> dict[str, tuple[str, str]]:
    """Name -> value and comment, each as it stands in the script; only those that the script uses are written."""
    data, training = config.data, config.training
    first, later = (_optimizer(config, manifest, finetuning=finetuning) for finetuning in (False, True))
    index_of = manifest.root if folder is None else folder
    return {
        "DATA": (f"Path(sys.argv[1] if len(sys.argv) > 1 else {index_of!r})", "folder of the images"),
        "BASE": (f"Path(__file__).with_name({base_name!r})", "the backbone before training; lies beside this script"),
        "CLASSES": (repr(tuple(manifest.classes)), ""),
        "IMAGE_SIZE": (repr(data.image_size), "side in pixels"),
        "FIT": (repr(data.fit), "how an image becomes square; to_square says what it means"),
        "WINDOW": (
            repr(rendering_of(data, manifest.window).window),
            "values that become black and white, of deep images",
        ),
        "BATCH_SIZE": (repr(data.batch_size), ""),
        "SHUFFLE": (repr(data.shuffle), "order of the samples; epoch_batches says what it means"),
        "DROP_REMAINDER": (repr(data.drop_remainder), "whether a last partial batch is left out"),
        "AUGMENTATION": (repr(data.augmentation), ""),
        "AUGMENTATION_STEPS": (_steps(config), ""),
        "AUGMENTATION_DRAWS": (repr(_draws(config)), "random versions of each image; 0: a new one every epoch"),
        "DATA_SEED": (repr(data.seed), "decides the augmentation and what is mixed with what"),
        "MIXUP": (repr(training.mixup), "mixture says what it means"),
        "HEAD": (_head(config, len(manifest.classes)), "layers on the features"),
        "EPOCHS": (repr(training.epochs), ""),
        "TRAINING_SEED": (
            repr(training.seed),
            "decides the order of the samples; the seeds of the head's layers come from it too",
        ),
        "OPTIMIZER": (f"keras.optimizers.{first.name}", ""),
        "OPTIONS": (repr(first.options), "of the optimizer, beside its rate"),
        "LEARNING_RATE": (first.rate_source, _BY_STEP if first.schedule else ""),
        **_loss(training, len(manifest.classes)),
        "EARLY_STOPPING": (repr(training.early_stopping), "epochs without a lower validation loss"),
        "REDUCE_ON_PLATEAU": (repr(training.reduce_on_plateau), "epochs without one, after which the rate is halved"),
        "FINETUNE_EPOCHS": (repr(training.finetune_epochs), _EACH if training.finetune_stages > 1 else _AFTER),
        "FINETUNE_OPTIMIZER": (f"keras.optimizers.{later.name}", ""),
        "FINETUNE_OPTIONS": (repr(later.options), ""),
        "FINETUNE_LEARNING_RATE": (later.rate_source, _BY_STEP if later.schedule else ""),
        **dict.fromkeys(_LISTS, ("", "")),
        "UNFREEZE_FROM": (_names(facts.get("unfreeze_from", "")), "first layer of the base that is trained too"),
        "BLOCK_RATE_FACTOR": (repr(training.block_rate_factor), "rate of a block as a part of that of the one above"),
        "BLOCK_STARTS": (_names(facts.get("block_starts", [])), "first layers of the base's blocks, but for the first"),
    }


def _loss(training: TrainConfig, classes: int) -> dict[str, tuple[str, str]]:
    return {
        "LOSS": (plan_loss(training, classes).source, ""),
        "FOCAL_GAMMA": (
            repr(training.focal_gamma),
            "of the focal loss, as FOCAL_ALPHA; focal_objective says what they mean",
        ),
        "FOCAL_ALPHA": (repr(training.focal_alpha), ""),
        "LABEL_SMOOTHING": (repr(training.label_smoothing), "share of a label that is spread over all classes"),
    }


def _head(config: RunConfig, classes: int) -> str:
    """The head's layers in plain Keras, a line each."""
    planned = plan_layers(config.model.whole_head, classes, config.training.seed)
    return "\n".join(["[", *(f"    {layer_source(layer)}," for layer in planned), "]"])


def _optimizer(config: RunConfig, manifest: "Manifest", *, finetuning: bool) -> OptimizerPlan:
    data, count = config.data, len(manifest.train)
    return plan_optimizer(
        config.training, batches_per_epoch(count, data.batch_size, data.drop_remainder), finetuning=finetuning
    )


def _reduces(training: TrainConfig) -> bool:
    return training.reduce_on_plateau > 0 and training.schedule == "none"


_BY_STEP = "of each step of the phase"
_AFTER, _EACH = "after unfreezing", "in each stage"


def _names(found: Any) -> str:
    """A layer's name, or those of several, as they stand in the script."""
    return repr(tuple(map(str, found))) if isinstance(found, list | tuple) else repr(str(found))


def _draws(config: RunConfig) -> int:
    return 1 if config.data.augmentation == "none" else config.data.augmentation_draws


def _steps(config: RunConfig) -> str:
    """The steps of the augmentation with their ranges, a line each."""
    lines = [f"    {tuple(step)!r},  # {step.text}\n" for step in steps_of(config.data.augmentation)]
    return f"(\n{''.join(lines)})"


def _imports(mentioned: set[str]) -> list[str]:
    modules = [module for modules in _SECTIONS.values() for module in modules]
    lines = imports_of(modules, mentioned | {"sys", "Path", "keras"})
    standard = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    return ["from __future__ import annotations", "", *standard, "", *(line for line in lines if line not in standard)]


def _setting_lines(settings: Mapping[str, tuple[str, str]], mentioned: set[str]) -> list[str]:
    used = {name: pair for name, pair in settings.items() if name in mentioned and name not in _LISTS}
    return [f"{name} = {value}" + (f"  # {comment}" if comment else "") for name, (value, comment) in used.items()]


def _section(title: str, pieces: list[Piece]) -> list[str]:
    if not pieces:
        return []
    lines = ["", "", f"# --- {title} ".ljust(100, "-")]
    for piece in pieces:
        room = ["", ""] if piece.text.lstrip("#@ ").startswith(("def ", "class ", "dataclass", "lru_cache")) else [""]
        lines += [*room, piece.text]
    return lines


def _lists(run: Run, manifest: "Manifest") -> list[str]:
    index_of = {name: k for k, name in enumerate(manifest.classes)}
    lines = [
        "", "", "# --- The images and the run's history ".ljust(100, "-"), "",
        "# Path below DATA, number of the class, first digits of the file's SHA-256.",
    ]  # fmt: skip
    for name, part in (("TRAIN", "train"), ("VAL", "val")):
        lines += [f"{name} = ("]
        lines += [
            f"    ({f['path']!r}, {index_of[f['label']]}, {f.get('sha256', '')[:16]!r})," for f in manifest.part(part)
        ]
        lines += [")", ""]
    epochs = [{name: record.figure(name) for name in METRICS} for record in run.epochs()]
    return [*lines, "RECORDED = (", *(f"    {record!r}," for record in epochs), ")", "", ""]
