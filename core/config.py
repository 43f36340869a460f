"""Every setting of a run: its default, what it means, what it may be, and the presets.

The defaults are the preset `recommended`. A configuration is checked when it is made and cannot change afterwards,
so whoever holds a `RunConfig` holds a valid one (but for what only the data or the catalogue can tell: whether the
folder exists, whether there is such a backbone).
"""

import dataclasses
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ConfigError
from core.notation.augmentation import PRESETS as AUGMENTATIONS
from core.notation.augmentation import augmentation_record, read_augmentation
from core.notation.head import Head, convert_head, head_record, read_head, short_form
from core.setting import Notation, check, convert, setting_field, shortened

FORMAT = 1
"""Version of config.json. A reader refuses a higher one: it was made by a newer version of the program."""


LONGEST_PATH = 4096
"""Most characters of a data set's folder, as Linux has it; other systems allow fewer."""


@dataclass(frozen=True)
class DataConfig:
    """Which images the network sees, how they are prepared, and in which order."""

    image_size: int = setting_field(
        224, "Image size", "Side in pixels to which every image is resized (width and height).", low=16, high=1024
    )
    fit: str = setting_field(
        "stretch",
        "Fit to the square",
        "How an image becomes square. stretch: width and height change on their own. letterbox: its shape stays, bars "
        "have the mean colour of the edges beside them. letterbox_black: the bars are black. crop: the middle square, "
        "what lies outside is not seen.",
        choices=("stretch", "letterbox", "letterbox_black", "crop"),
    )
    window: str = setting_field(
        "full",
        "Window of deep images",
        "Which values of grey images of more than 8 bits become black and white, the same for all images. full: the "
        "range that the file can hold; of DICOM, the window that the file names. percentile: from the 0.5th to the "
        "99.5th percentile of the values of the training and validation images. fixed: the two values below.",
        choices=("full", "percentile", "fixed"),
    )
    window_low: float = setting_field(
        0.0,
        "Window from",
        "Value that becomes black; fixed window only. Of CT images in Hounsfield units.",
        low=-999_999,
        high=999_999,
    )
    window_high: float = setting_field(
        65535.0, "Window to", "Value that becomes white; fixed window only.", low=-999_999, high=999_999
    )
    batch_size: int = setting_field(32, "Batch size", "Images per training step.", low=1, high=1024)
    shuffle: str = setting_field(
        "samples",
        "Order of the samples",
        "samples: a new permutation every epoch. batches: neighbours on disk stay together and only the order of the "
        "batches changes (what Keras does with an unshuffled directory iterator). none: as on disk, class by class.",
        choices=("samples", "batches", "none"),
    )
    augmentation: str = setting_field(
        "none",
        "Augmentation",
        "Random changes to the training images. light: small shifts, turns and brightness, no flip. medical: a little "
        "more, with zoom and contrast, no flip. strong: crops, turns, shear, colours and a horizontal flip. question: "
        "shear 0.2 degrees, zoom 0.8 to 1.2, horizontal flip. Or a list of steps with ranges: `flip horizontal, "
        "rotation -20..20, shift 0.1, zoom 0.8..1.2, shear 10, crop 0.8..1, brightness 0.8..1.2, contrast 0.2, "
        "channel_shift 20`, in any order (docs/augmentation.md).",
        choices=AUGMENTATIONS,
        notation=Notation(read_augmentation, augmentation_record),
    )
    augmentation_draws: int = setting_field(
        0,
        "Augmentation draws",
        "How many random versions of each image there are. 0: a new one every epoch. 1: one version, frozen into "
        "the features. n: n versions in turn.",
        low=0,
        high=1000,
    )
    preprocessing: str = setting_field(
        "backbone",
        "Preprocessing",
        "How grey levels 0..255 are scaled. backbone: as the backbone was trained (right). rescale: divided by 255. "
        "none: as they are. The last two exist to reproduce other people's scripts.",
        choices=("backbone", "rescale", "none"),
    )
    drop_remainder: bool = setting_field(
        False,
        "Drop the last partial batch",
        "Leaves out the tail of each epoch's order when it does not fill a batch, as `n // batch_size` steps do.",
    )
    validation_split: float = setting_field(
        0.2,
        "Validation share",
        "Share of the images held out for validation when the data set has no val folder of its own.",
        low=0.01,
        high=0.9,
    )
    group_pattern: str = setting_field(
        "auto",
        "Group pattern",
        "Files of one group (a patient, say) are never split between training and validation. auto: recognises usual "
        "patient names. Empty: every file for itself. Else a regular expression whose first group is the name.",
    )
    seed: int = setting_field(
        1, "Data seed", "Decides the split and the augmentation. Not the order: that is the training seed.", low=0,
        high=2**31 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self, "data")
        if self.window == "fixed" and self.window_low >= self.window_high:
            raise ConfigError(
                f"data.window_low is {self.window_low:g} and data.window_high is {self.window_high:g}; the first has "
                "to be the lower one"
            )


@dataclass(frozen=True)
class ModelConfig:
    """The backbone and the head on top of it."""

    backbone: str = setting_field(
        "EfficientNetLite0", "Backbone", "The network, trained on ImageNet, that sees the image."
    )
    weights: str = setting_field(
        "imagenet",
        "Backbone weights",
        "imagenet: as trained there. none: random, a function of the data seed (for experiments).",
        choices=("imagenet", "none"),
    )
    pooling: str = setting_field(
        "average",
        "Pooling",
        "average: one number per channel (small head, learns fast). max: its largest value. flatten: every place of "
        "the last map goes to the head (the question's way; many more weights).",
        choices=("average", "max", "flatten"),
    )
    dense_units: int = setting_field(
        0, "Hidden units", "Units of the head's hidden layer. 0: none, the features go straight to the output.", low=0,
        high=4096,
    )  # fmt: skip
    dropout: float = setting_field(
        0.2, "Dropout", "Share of inputs dropped before each layer of the head.", low=0, high=0.95
    )
    head: str = setting_field(
        "",
        "Layers of the head",
        "The head as a list of layers between the features and the output, such as `dense 256 relu, batch_norm, "
        "dropout 0.5, dense 64 relu l2=0.001`, or as JSON. It takes the place of the two settings above, which are its "
        "short form. Empty: the short form. none: no layer at all.",
        notation=Notation(convert_head, head_record),
    )

    def __post_init__(self) -> None:
        _check(self, "model")
        if self.head:
            head, pooling = read_head(self.head)
            whole = {"head": head.text(), "pooling": pooling or self.pooling, "dense_units": 0, "dropout": 0.0}
            for name, value in whole.items():
                object.__setattr__(self, name, value)  # frozen, and still being made

    @property
    def whole_head(self) -> Head:
        """The head as its layers, whether it was given as a list or by its short form."""
        return read_head(self.head)[0] if self.head else short_form(self.dense_units, self.dropout)


@dataclass(frozen=True)
class TrainConfig:
    """How the weights are found."""

    mode: str = setting_field(
        "bottleneck",
        "Training mode",
        "bottleneck: the head is trained on saved features of the frozen backbone. end_to_end: images go through "
        "the backbone in every step. fine_tune: the head first, then the upper blocks of the backbone at a low rate.",
        choices=("bottleneck", "end_to_end", "fine_tune"),
    )
    epochs: int = setting_field(
        20, "Epochs", "Passes over the training images (fine-tune: of the head alone).", low=1, high=1000
    )
    optimizer: str = setting_field(
        "adam", "Optimizer", "How gradients become steps.", choices=("adam", "adamw", "sgd", "rmsprop")
    )
    learning_rate: float = setting_field(1e-3, "Learning rate", "Length of a step.", low=1e-7, high=10)
    momentum: float = setting_field(
        0.0, "Momentum", "Part of the step before that goes on into this one; sgd and rmsprop only.", low=0, high=0.999
    )
    nesterov: bool = setting_field(
        False, "Nesterov momentum", "Takes the gradient where the momentum leads to; sgd with a momentum only."
    )
    weight_decay: float = setting_field(
        0.0,
        "Weight decay",
        "Part of every weight that is taken off in each step, times the learning rate (decoupled, as in AdamW). 0: the "
        "optimizer's own: 0.004 for adamw, none for the others.",
        low=0,
        high=1,
    )
    label_smoothing: float = setting_field(
        0.0,
        "Label smoothing",
        "Share of a label that is spread evenly over all classes in the training loss; that on validation images is "
        "always of the labels themselves.",
        low=0,
        high=0.5,
    )
    schedule: str = setting_field(
        "none",
        "Learning-rate schedule",
        "How the rate falls from step to step, as Keras' CosineDecay and ExponentialDecay have it; each stage of "
        "fine-tuning begins its own anew. none: it stays, or is reduced on a plateau.",
        choices=("none", "cosine", "exponential"),
    )
    schedule_epochs: int = setting_field(
        0,
        "Epochs of the schedule",
        "Epochs over which the rate falls to the part of it named below. 0: all that are planned. After them the "
        "cosine stays there and the exponential falls on.",
        low=0,
        high=1000,
    )
    schedule_end: float = setting_field(
        0.01,
        "End of the schedule",
        "Part of the learning rate that is left after the epochs of the schedule (alpha of CosineDecay, decay_rate of "
        "ExponentialDecay).",
        low=0,
        high=1,
    )
    unfreeze_from: str = setting_field(
        "",
        "Unfreeze from",
        "First block of the backbone that is trained too; `all` for the whole backbone; empty for none (fine-tune "
        "then takes the last block, or as many as it has stages). Batch normalisation stays in inference mode.",
    )
    finetune_stages: int = setting_field(
        1,
        "Fine-tune stages",
        "In how many stages the upper blocks become trainable (gradual unfreezing); fine-tune only. 1: all at once. "
        "More: first the head with the uppermost block, then one block more in each stage, and in the last one all "
        "that remain down to the block named to unfreeze from; where none is named, there are as many blocks as "
        "stages.",
        low=1,
        high=10,
    )
    finetune_epochs: int = setting_field(
        5,
        "Fine-tune epochs",
        "Epochs after unfreezing, of each stage where there are several; fine-tune only. Early stopping ends a stage, "
        "and the next one begins with its best weights.",
        low=1,
        high=1000,
    )
    finetune_learning_rate: float = setting_field(
        1e-5,
        "Fine-tune learning rate",
        "Learning rate after unfreezing, at the beginning of each stage; fine-tune only.",
        low=1e-7,
        high=10,
    )
    finetune_optimizer: str = setting_field(
        "same",
        "Fine-tune optimizer",
        "How gradients become steps after unfreezing; fine-tune only. same: as before.",
        choices=("same", "adam", "adamw", "sgd", "rmsprop"),
    )
    block_rate_factor: float = setting_field(
        1.0,
        "Rate factor per block",
        "A block's learning rate as a part of that of the block above it (discriminative learning rates); fine-tune "
        "only. The head and the uppermost block have the fine-tune learning rate. 1: the same rate for all. ULMFiT "
        "takes 0.38 (1 / 2.6).",
        low=0.01,
        high=1,
    )
    class_weight: str = setting_field(
        "none",
        "Class weights",
        "balanced: the loss of a rare class counts more, in inverse proportion to its share.",
        choices=("none", "balanced"),
    )
    early_stopping: int = setting_field(
        5,
        "Early stopping",
        "Stops after this many epochs without a lower validation loss and keeps the best epoch's weights. 0: never; "
        "the last epoch's weights are kept.",
        low=0,
        high=1000,
    )
    reduce_on_plateau: int = setting_field(
        0,
        "Reduce on plateau",
        "Halves the learning rate after this many epochs without a lower validation loss, and again after as many "
        "more (never below 1e-7). 0: the rate stays. Choose fewer epochs than for early stopping, which ends it first "
        "otherwise.",
        low=0,
        high=1000,
    )
    literal: bool = setting_field(
        False,
        "Literal execution",
        "End to end with a frozen backbone gives the same numbers from cached features, much faster, and is run that "
        "way. On: push every image through the backbone in every step all the same.",
    )
    precision: str = setting_field(
        "float32",
        "Precision",
        "Arithmetic of the backbone. bfloat16 is less exact, and about twice as fast for networks such as VGG16 where "
        "the processor has instructions for it (the findings before the start say whether).",
        choices=("float32", "bfloat16"),
    )
    feature_precision: str = setting_field(
        "float32",
        "Precision of cached features",
        "How features are kept on disk. float16 takes half the room and changes results by about 0.003; literal "
        "execution knows nothing of it.",
        choices=("float32", "float16"),
    )
    seed: int = setting_field(
        1, "Training seed", "Decides the head's first weights, dropout and the order of the samples.", low=0,
        high=2**31 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self, "training")
        if self.mode == "bottleneck" and self.unfreeze_from:
            raise ConfigError(
                f'training.unfreeze_from is "{self.unfreeze_from}", but in bottleneck mode the backbone never trains; '
                "leave it empty, or set training.mode to end_to_end or fine_tune"
            )

    @property
    def is_frozen(self) -> bool:
        """Whether the backbone never trains, so that features computed once serve every epoch."""
        return self.mode == "bottleneck" or (self.mode == "end_to_end" and not self.unfreeze_from)

    @property
    def finetuning_optimizer(self) -> str:
        """The optimizer after unfreezing."""
        return self.optimizer if self.finetune_optimizer == "same" else self.finetune_optimizer

    @property
    def finetuning_epochs(self) -> int:
        """Most epochs of all stages of fine-tuning together; 0 where there is none."""
        return self.finetune_stages * self.finetune_epochs if self.mode == "fine_tune" else 0

    @property
    def most_epochs(self) -> int:
        """Epochs of the whole run, unless early stopping ends a part of it."""
        return self.epochs + self.finetuning_epochs


HEAD = "model.head"
"""The head as a list of layers."""

SHORT_FORM = ("model.dense_units", "model.dropout")
"""Its short form: 0 where the head is a list."""

SECTIONS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "training": TrainConfig}


@dataclass(frozen=True)
class RunConfig:
    """Everything that is needed to repeat a run.

    Attributes:
        dataset: str. Folder of the data set, or the word `sample`.
        name: str. What the person calls the run; may be empty.
    """

    dataset: str = "sample"
    name: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if len(self.name) > 100 or not self.name.isprintable():
            raise ConfigError(f"name: at most 100 printable characters, but {len(self.name)} came")
        if len(self.dataset) > LONGEST_PATH:
            raise ConfigError(f"dataset: at most {LONGEST_PATH:,} characters, but {len(self.dataset):,} came")

    def to_dict(self) -> dict[str, Any]:
        """As nested plain values, ready for JSON, with the format's version."""
        record: dict[str, Any] = {"format": FORMAT, **dataclasses.asdict(self)}
        for key, part, name in _keys():
            if notation := setting(key).metadata["notation"]:
                record[part][name] = notation.record(record[part][name])
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "RunConfig":
        """The inverse of `to_dict`.

        Raises:
            ConfigError: a newer format, an unknown key, or a value that is not allowed.
        """
        if not isinstance(record, Mapping):
            raise ConfigError(f"a configuration is an object with keys, but {type(record).__name__} came")
        version = record.get("format", FORMAT)
        if not isinstance(version, int) or version > FORMAT:
            raise ConfigError(
                f"this configuration has format {shortened(version)}; this version of Parity reads up to {FORMAT}"
            )
        known = {"format", "dataset", "name", *SECTIONS}
        if unknown := sorted(set(record) - known):
            parts = ", ".join(sorted(known))
            raise ConfigError(f"{shortened(unknown[0])}: there is no such part of a configuration; known are {parts}")
        settings = {f"{part}.{key}": value for part in SECTIONS for key, value in _mapping(record, part).items()}
        texts = {key: record.get(key, default) for key, default in (("dataset", "sample"), ("name", ""))}
        for key, value in texts.items():
            if not isinstance(value, str):
                raise ConfigError(f'{key} is text, but "{shortened(value)}" came')
        return make_config(texts["dataset"], settings, name=texts["name"])

    def settings(self) -> dict[str, Any]:
        """Flat view: `{"data.image_size": 224, ...}` in the order in which the settings are declared."""
        return {key: getattr(getattr(self, part), name) for key, part, name in _keys()}


def make_config(dataset: str, settings: Mapping[str, Any], *, preset: str = "recommended", name: str = "") -> RunConfig:
    """A configuration from a preset and single settings over it.

    Args:
        dataset: str. A folder, or `sample`.
        settings: mapping. `{"data.batch_size": 20, ...}`; values may be text, as they come from a command line.
        preset: str. One of `PRESETS`. Defaults to `"recommended"`.
        name: str. What the person calls the run. Defaults to `""`.

    Raises:
        ConfigError: names the first setting that is unknown or outside what is allowed.
    """
    if preset not in PRESETS:
        raise ConfigError(f'there is no preset "{preset}"; the presets are {", ".join(PRESETS)}')
    sections: dict[str, dict[str, Any]] = {part: {} for part in SECTIONS}
    _require_one_head(settings)
    for key, value in merged(PRESETS[preset], settings).items():
        part, setting_name = _split_key(key)
        sections[part][setting_name] = convert(key, setting(key), value)
    parts = {part: SECTIONS[part](**values) for part, values in sections.items()}
    return RunConfig(dataset=dataset, name=name, **parts)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others over them; where those make the head a list, its short form below gives way."""
    values = {**under, **over}
    if over.get(HEAD):
        values = {key: value for key, value in values.items() if key not in SHORT_FORM or key in over}
    return values


def setting(key: str) -> dataclasses.Field[Any]:
    """The dataclass field behind a key such as `data.batch_size`: default, label, help, choices, low, high."""
    part, name = _split_key(key)
    return {f.name: f for f in dataclasses.fields(SECTIONS[part])}[name]


def keys() -> list[str]:
    """All keys, in the order in which they are declared."""
    return [key for key, _, _ in _keys()]


def read_config(text: str) -> RunConfig:
    """A configuration from the text of a config.json.

    Raises:
        ConfigError: the text is no JSON or no configuration.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is no configuration: {error}") from error
    return RunConfig.from_dict(record)


_QUESTION = {
    "data.image_size": 150,
    "data.batch_size": 20,
    "data.augmentation": "question",
    "data.preprocessing": "rescale",
    "model.pooling": "flatten",
    "model.dense_units": 128,
    "model.dropout": 0.7,
    "training.epochs": 10,
    "training.optimizer": "adam",
    "training.learning_rate": 7e-4,
    "training.early_stopping": 0,
}

PRESETS: dict[str, dict[str, Any]] = {
    "recommended": {},
    # Its script saves the features of one augmented draw and takes `n // batch_size` steps; `fit` on arrays shuffles.
    "question-bottleneck": {
        **_QUESTION,
        "training.mode": "bottleneck",
        "data.augmentation_draws": 1,
        "data.drop_remainder": True,
    },
    # Its generator has shuffle=False: batches come class by class.
    "question-end-to-end": {**_QUESTION, "training.mode": "end_to_end", "data.shuffle": "none"},
}


def _require_one_head(settings: Mapping[str, Any]) -> None:
    """Refuses a head that is given in both of its forms."""
    for key in SHORT_FORM:
        if settings.get(HEAD) and key in settings and convert(key, setting(key), settings[key]):
            raise ConfigError(
                f"{key} is {shortened(settings[key])}, but {HEAD} is given too, and it says all of the head; leave "
                f"{key} out, or {HEAD}"
            )


def _keys() -> Iterator[tuple[str, str, str]]:
    for part, section in SECTIONS.items():
        for f in dataclasses.fields(section):
            yield f"{part}.{f.name}", part, f.name


def _mapping(record: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    values = record.get(part, {})
    if not isinstance(values, Mapping):
        raise ConfigError(f'{part}: settings with their values are expected, but "{shortened(values)}" came')
    return values


def _split_key(key: str) -> tuple[str, str]:
    if key in (known := keys()):
        part, _, name = key.partition(".")
        return part, name
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"settings are {', '.join(known)}"
    raise ConfigError(f'there is no setting "{shortened(key)}"; {hint}')


def _check(section: Any, part: str) -> None:
    for spec in dataclasses.fields(section):
        key = f"{part}.{spec.name}"
        value = convert(key, spec, getattr(section, spec.name))
        check(key, spec, value)
        object.__setattr__(section, spec.name, value)  # frozen, and still being made
