"""The order of positional arguments of the calls of interest, as Keras 1 to 3 have it, and arguments by name."""

import ast
from collections.abc import Callable

from core.script.fold import dotted

_LAYER_RATE = ("rate",)
_FLOW = ("target_size", "color_mode", "classes", "class_mode", "batch_size", "shuffle", "seed")
_RATE = ("learning_rate",)

SIGNATURES: dict[str, tuple[str, ...]] = {
    "ImageDataGenerator": (
        *("featurewise_center", "samplewise_center", "featurewise_std_normalization"),
        *("samplewise_std_normalization", "zca_whitening"),
    ),
    "flow_from_directory": ("directory", *_FLOW),
    "flow": ("x", "y", "batch_size", "shuffle"),
    "flow_from_dataframe": ("dataframe", "directory"),
    "image_dataset_from_directory": ("directory", "labels", "label_mode", "class_names", "color_mode", "batch_size"),
    "fit": (
        *("x", "y", "batch_size", "epochs", "verbose", "callbacks"),
        *("validation_split", "validation_data", "shuffle", "class_weight"),
    ),
    "fit_generator": (
        *("generator", "steps_per_epoch", "epochs", "verbose", "callbacks"),
        *("validation_data", "validation_steps", "class_weight"),
    ),
    "predict": ("x", "batch_size", "verbose", "steps"),
    "predict_generator": ("generator", "steps"),
    "evaluate": ("x", "y", "batch_size"),
    "evaluate_generator": ("generator", "steps"),
    "compile": ("optimizer", "loss", "metrics"),
    "Dense": ("units", "activation"),
    "Dropout": _LAYER_RATE,
    "Activation": ("activation",),
    "l2": ("l2",),
    "L2": ("l2",),
    "Rescaling": ("scale", "offset"),
    "Adam": _RATE,
    "AdamW": _RATE,
    "SGD": _RATE,
    "RMSprop": _RATE,
    "EarlyStopping": ("monitor", "min_delta", "patience"),
    "ModelCheckpoint": ("filepath", "monitor", "verbose", "save_best_only", "save_weights_only", "mode"),
    "save": ("file", "arr"),
    "load": ("file",),
    "array": ("object",),
    "shuffle": ("buffer_size",),
    "Sequential": ("layers",),
    "Model": ("inputs", "outputs"),
    "add": ("layer",),
    "load_weights": ("filepath",),
    "set_random_seed": ("seed",),
    "set_seed": ("seed",),
    "seed": ("seed",),
}
"""Names of the positional arguments, by the last name of the call."""

RENAMED = {
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
    "output_dim": "units",
    "p": "rate",
    "input": "inputs",
    "output": "outputs",
}
"""Arguments of older versions and the names they have now; the old name stays beside the new one."""

_BACKBONE = ("include_top", "weights", "input_tensor", "input_shape", "pooling", "classes")


def bind(
    node: ast.Call, name: str, origin: Callable[[ast.expr], ast.expr | None]
) -> tuple[dict[str, tuple[ast.expr, int]], bool]:
    """A call's arguments by name, each with the line it stands in, and whether some cannot be read.

    Args:
        node: ast.Call. The call.
        name: str. Last part of its name.
        origin: callable. From an expression to the one behind its name, for `**options`.
    """
    found: dict[str, tuple[ast.expr, int]] = {}
    unread = False
    names = SIGNATURES.get(name, _BACKBONE if name[:1].isupper() else ())
    for k, value in enumerate(node.args):
        if isinstance(value, ast.Starred):
            unread = True
            break
        found[names[k] if k < len(names) else f"#{k}"] = (value, value.lineno)
        found.setdefault(f"#{k}", (value, value.lineno))
    for word in node.keywords:
        if word.arg:
            found[word.arg] = (word.value, word.lineno)
        else:
            options = _options(origin(word.value))
            unread = unread or options is None
            found.update(options or {})
    for old, new in RENAMED.items():
        if old in found and new not in found:
            found[new] = found[old]
    return found, unread


def _options(node: ast.expr | None) -> dict[str, tuple[ast.expr, int]] | None:
    """The arguments in `**options`, where they are a dictionary written out."""
    if isinstance(node, ast.Dict):
        if not all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys):
            return None
        return {
            str(key.value): (value, value.lineno)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }
    if isinstance(node, ast.Call) and dotted(node.func) == "dict" and not node.args:
        return {word.arg: (word.value, word.lineno) for word in node.keywords if word.arg}
    return None
