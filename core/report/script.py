"""Minimal plain Keras script that reproduces a bisect's verdict: a line or a few switch between good and bad.

It is sized for a forum answer, so it leaves out what the verdict does not need: augmentation, early stopping and the
like are written only where they are the culprit.
"""

from collections.abc import Sequence

from core.config import RunConfig
from core.models import catalogue
from core.models.head_plan import layer_source, plan_layers
from core.models.optimizer_plan import plan_optimizer
from core.report.augmentation_layers import keras_layers

_OF_OPTIMIZER = (
    *("training.optimizer", "training.momentum", "training.nesterov", "training.weight_decay", "training.schedule"),
    *("training.schedule_epochs", "training.schedule_end"),
)
"""What is said in the line of the optimizer."""

_ORDERS = {
    "samples": "rng.permutation(len(x))",
    "batches": "np.concatenate(rng.permutation(np.arange(len(x) // BATCH * BATCH).reshape(-1, BATCH)))",
    "none": "np.arange(len(x))",
}

_ROWS = {
    "all": "np.arange(len(x))",
    "balanced": "np.sort(np.concatenate([np.resize(rng.permutation(np.flatnonzero(y == k)), len(part)) "
    "for k, part in enumerate(np.array_split(y, classes))]))",
}
"""Images that an epoch uses, in the order on disk: of each class an equal part, a rare one's several times."""

_FITS = {
    "stretch": "{}",
    "letterbox": '{"pad_to_aspect_ratio": True}',  # Keras' bars are black
    "letterbox_black": '{"pad_to_aspect_ratio": True}',
    "crop": '{"crop_to_aspect_ratio": True}',
}


def report_script(good: RunConfig, bad: RunConfig, factors: Sequence[str]) -> str:
    """Writes the script.

    Args:
        good: RunConfig. Of the good run; the script as it stands repeats what matters of it.
        bad: RunConfig. Of the bad run: its values stand in the comments of the marked lines.
        factors: sequence of str. The culprits' keys; empty for no script.

    Returns:
        Python source, or the empty string.
    """
    if not factors:
        return ""
    writer = _Writer(good, bad, factors)
    return "\n".join([*writer.opening(), "", *writer.inputs(), "", *writer.model(), "", *writer.training()]) + "\n"


class _Writer:
    """Lines of the script, part by part."""

    def __init__(self, good: RunConfig, bad: RunConfig, factors: Sequence[str]) -> None:
        self.good, self.bad, self.factors = good, bad, factors
        self.config = good
        self.frozen = good.training.is_frozen and bad.training.is_frozen
        self.fitted = good.data.fit != "stretch" or "data.fit" in factors
        self.fresh = "data.augmentation_draws" in factors or "data.augmentation" in factors

    def opening(self) -> list[str]:
        data, training = self.config.data, self.config.training
        lines = [
            '"""Switch what is marked <-- from good to bad to see the difference."""',
            "import keras",
            "import numpy as np",
            "",
            *(
                [f"# Classes are numbered by the alphabet here; in the run {data.positive_class!r} is the second."]
                if data.positive_class
                else []
            ),
            *([f"# No counterpart in a few lines of Keras: {self._foreign()}"] if self._foreign() else []),
            self._line("dataset", "DATA = {}  # holds train/ and val/, a folder for each class", "data", "other_data"),
            self._set("data.image_size", "SIZE"),
            *([self._line("data.fit", "FIT = {}", *self._pair(_FITS, "data.fit"), raw=True)] if self.fitted else []),
            self._set("data.batch_size", "BATCH"),
            self._set("training.epochs", "EPOCHS"),
            f"keras.utils.set_random_seed({training.seed})",
            f"rng = np.random.default_rng({training.seed})",
        ]
        if self.fresh:
            lines += [
                self._line(
                    "data.augmentation",
                    "augment = {}",
                    *(keras_layers(end.data.augmentation) for end in (self.good, self.bad)),
                    raw=True,
                ),
                self._set("data.augmentation_draws", "DRAWS")
                + ("" if data.augmentation_draws else "  # 0: every epoch"),
            ]
        return lines

    def inputs(self) -> list[str]:
        name = self._backbone(self.good)
        pixels = "augment(p, training=True)" if self.fresh else "p"
        kinds = {
            "backbone": f"keras.applications.{catalogue.find(name).module}.preprocess_input(p)",
            "rescale": "p / 255",
            "none": "p",
        }
        fit = ", **FIT" if self.fitted else ""
        lines = [
            "def images(part):",
            '    data = keras.utils.image_dataset_from_directory(f"{DATA}/{part}", image_size=(SIZE, SIZE),',
            f'                                                    label_mode="int", shuffle=False{fit})',
            "    x, y = (np.concatenate(arrays) for arrays in zip(*data.as_numpy_iterator()))",
            "    return x, y",
            "",
            "def prepare(p):",
            self._line("data.preprocessing", "    return {}", *self._pair(kinds, "data.preprocessing"), raw=True),
            "",
            'pixels, y = images("train")',
            'val_pixels, val_y = images("val")',
            "classes = len(np.unique(y))",
        ]
        if self.fresh:
            lines[6:6] = ["def draw(p):", f"    return np.concatenate([{pixels} for p in np.array_split(p, 20)])", ""]
        return lines

    def model(self) -> list[str]:
        model = self.config.model
        backbone = (f"keras.applications.{self._backbone(end)}" for end in (self.good, self.bad))
        pools = {
            "flatten": "keras.layers.Flatten()",
            "average": "keras.layers.GlobalAveragePooling2D()",
            "max": "keras.layers.GlobalMaxPooling2D()",
        }
        substituted = catalogue.find(model.backbone).built_in and "model.backbone" not in self.factors
        weights = [f'"{w}"' if w == "imagenet" else "None" for w in (model.weights, self.bad.model.weights)]
        lines = [
            *(
                [f"# {model.backbone} is not part of Keras; {self._backbone(self.good)} stands in for it."]
                if substituted
                else []
            ),
            self._line("model.weights", "WEIGHTS = {}", weights[0], weights[1], raw=True),
            self._line("model.backbone", "Base = {}", *backbone, raw=True),
            "base = Base(include_top=False, weights=WEIGHTS, input_shape=(SIZE, SIZE, 3))",
        ]
        states = [str(not end.training.is_frozen) for end in (self.good, self.bad)]
        key = "training.unfreeze_from" if "training.unfreeze_from" in self.factors else "training.mode"
        lines.append(self._line(key, "base.trainable = {}", *states, raw=True))
        if self.frozen:
            lines.append("features = lambda p: base.predict(prepare(p), verbose=0)")
        lines += [
            *self._head(),
            "model = keras.Sequential([",
            *([] if self.frozen else ["    base,"]),
            self._line("model.pooling", "    {},", *self._pair(pools, "model.pooling"), raw=True),
            '    *head, keras.layers.Dense(classes, "softmax"),',
            "])",
            self._set("training.learning_rate", "RATE"),
            self._line(
                next((key for key in _OF_OPTIMIZER if key in self.factors), _OF_OPTIMIZER[0]), "optimizer = {}",
                *(_optimizer(config) for config in (self.good, self.bad)), raw=True,
            ),
            'model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])',
        ]  # fmt: skip
        return lines

    def _head(self) -> list[str]:
        """Layers on the features: by the two settings of the short form, or as the lists that the runs have."""
        if "model.head" not in self.factors and not (self.good.model.head or self.bad.model.head):
            return [
                self._set("model.dropout", "DROPOUT"),
                self._set("model.dense_units", "UNITS"),
                "head = [keras.layers.Dropout(DROPOUT)]",
                "if UNITS:",
                '    head += [keras.layers.Dense(UNITS, "relu"), keras.layers.Dropout(DROPOUT)]',
            ]
        lists = [
            "["
            + ", ".join(layer_source(layer, seeded=False) for layer in plan_layers(config.model.whole_head, 2, 1)[:-1])
            + "]"
            for config in (self.good, self.bad)
        ]
        return [self._line("model.head", "head = {}", *lists, raw=True)]

    def training(self) -> list[str]:
        see = "features" if self.frozen else "prepare"
        fit = "model.fit(x[order], y[order], batch_size=BATCH, shuffle=False, validation_data=val, verbose=2"
        weights = {"none": "None", "balanced": "{k: len(y) / classes / n for k, n in enumerate(np.bincount(y))}"}
        extra = []
        if "training.class_weight" in self.factors:
            values = self._pair(weights, "training.class_weight")
            extra.append(self._line("training.class_weight", "weight = {}", *values, raw=True))
            fit += ", class_weight=weight"
        return [
            f"x, val = {see}({'draw(pixels)' if self.fresh else 'pixels'}), ({see}(val_pixels), val_y)",
            *extra,
            "for epoch in range(EPOCHS):",
            *(
                ["    if epoch and DRAWS != 1:  # a new version of every image", f"        x = {see}(draw(pixels))"]
                if self.fresh
                else []
            ),
            self._line("data.shuffle", "    order = {}", *self._pair(_ORDERS, "data.shuffle"), raw=True),
            *(
                [
                    self._line("data.sampling", "    rows = {}", *self._pair(_ROWS, "data.sampling"), raw=True),
                    "    order = rows[order]",
                ]
                if "data.sampling" in self.factors
                else []
            ),
            *(
                [self._line("data.drop_remainder", "    order = order[:{}]", *self._tails(), raw=True)]
                if "data.drop_remainder" in self.factors
                else []
            ),
            f"    {fit})",
        ]

    def _set(self, key: str, name: str) -> str:
        good, bad = self.good.settings()[key], self.bad.settings()[key]
        return self._line(key, f"{name} = {{}}", repr(good), repr(bad), raw=True)

    def _pair(self, words: dict[str, str], key: str) -> tuple[str, str]:
        return words[self.good.settings()[key]], words[self.bad.settings()[key]]

    def _tails(self) -> tuple[str, str]:
        kept = {True: "len(x) // BATCH * BATCH", False: "len(x)"}
        return kept[self.good.data.drop_remainder], kept[self.bad.data.drop_remainder]

    def _line(self, key: str, text: str, good: str, bad: str, *, raw: bool = False) -> str:
        """A line with the good run's value; of a culprit, marked, with the bad run's line commented out below."""
        line, other = (text.format(value if raw else repr(value)) for value in (good, bad))
        if key not in self.factors:
            return line
        indent = " " * (len(other) - len(other.lstrip()))
        return f"{line}  # <-- {key}: good\n{indent}# {other.lstrip()}  # <-- bad"

    def _foreign(self) -> str:
        known = ("data.window", "data.window_low", "data.window_high", "data.group_pattern", "data.positive_class",
                 "data.validation_split", "data.seed", "training.precision", "training.runtime",
                 "training.feature_precision", "training.early_stopping", "training.reduce_on_plateau",
                 "training.finetune_stages", "training.finetune_epochs", "training.finetune_learning_rate",
                 "training.block_rate_factor", "training.finetune_optimizer", "training.label_smoothing",
                 "training.focal_gamma", "training.focal_alpha", "training.mixup",
                 "training.val_loss", "training.finetune_momentum")  # fmt: skip
        values = [(key, self.good.settings()[key], self.bad.settings()[key]) for key in self.factors if key in known]
        return "; ".join(f"{key} ({good!r} is good, {bad!r} is bad)" for key, good, bad in values)

    def _backbone(self, config: RunConfig) -> str:
        return catalogue.find(config.model.backbone).keras_name or "VGG16"


def _optimizer(config: RunConfig) -> str:
    """The optimizer, its rate by the name RATE."""
    planned, epochs = plan_optimizer(config.training, 1, finetuning=False), config.training.schedule_epochs or "EPOCHS"
    rate = "RATE"
    if planned.schedule:
        steps = f"{epochs} * -(-len(y) // BATCH)"
        rate = f"keras.optimizers.schedules.{planned.schedule}(RATE, {steps}, {planned.end!r})"
    options = "".join(f", {name}={value!r}" for name, value in planned.options.items())
    return f"keras.optimizers.{planned.name}({rate}{options})"
