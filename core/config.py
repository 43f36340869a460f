"""All settings of a run as one configuration, read, checked and written, and the presets.

Each setting is declared in `core/sections/`: its default, what it means, what it may be. The defaults are the preset
`recommended`. A configuration is checked when it is made and cannot change afterwards, so whoever holds a `RunConfig`
holds a valid one (but for what only the data or the catalogue can tell: whether the folder exists, whether there is
such a backbone).
"""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from core.errors import ConfigError
from core.notation.head import KEY as HEAD
from core.notation.head import SHORT_FORM, heads_in_one_form
from core.sections.data import DataConfig
from core.sections.model import ModelConfig
from core.sections.runtimes import fastest_runtime
from core.sections.training import TrainConfig
from core.setting import convert, is_printable, shortened

__all__ = [
    "FORMAT", "HEAD", "LONGEST_PATH", "PRESETS", "SECTIONS", "SHORT_FORM", "DataConfig", "ModelConfig", "RunConfig",
    "TrainConfig", "beside_recommended", "keys", "make_config", "merged", "read_config", "setting",
]  # fmt: skip

FORMAT = 1
"""Version of config.json. A reader refuses a higher one: it was made by a newer version of the program."""

LONGEST_PATH = 4096
"""Most characters of a dataset's folder, as Linux has it; other systems allow fewer."""

SECTIONS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "training": TrainConfig}

_FIELDS: dict[str, dataclasses.Field[Any]] = {
    f"{part}.{spec.name}": spec for part, kind in SECTIONS.items() for spec in fields(kind)
}
"""Every setting by its key, as declared: a form asks for one several hundred times."""

_PLACES = [(f"{part}.{spec.name}", part, spec.name) for part, kind in SECTIONS.items() for spec in fields(kind)]
"""Every key with its section and its name there."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that is needed to repeat a run.

    Attributes:
        dataset: str. Folder of the dataset, or the word `sample`.
        name: str. What the person calls the run; may be empty.
    """

    dataset: str = "sample"
    name: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if len(self.name) > 100 or not is_printable(self.name):
            raise ConfigError(f"name: at most 100 printable characters, but {len(self.name)} were given")
        if len(self.dataset) > LONGEST_PATH:
            raise ConfigError(f"dataset: at most {LONGEST_PATH:,} characters, but {len(self.dataset):,} came")

    def to_dict(self) -> dict[str, Any]:
        """As nested plain values, ready for JSON, with the format's version."""
        record: dict[str, Any] = {"format": FORMAT, **dataclasses.asdict(self)}
        for key, part, name in _PLACES:
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
            raise ConfigError(f"a configuration is an object with keys, but this is {type(record).__name__}")
        version = record.get("format", FORMAT)
        if not isinstance(version, int) or version > FORMAT:
            raise ConfigError(
                f"this configuration has format {shortened(version)}; this version of Parity reads up to {FORMAT}"
            )
        known = {"format", "dataset", "name", *SECTIONS}
        if unknown := sorted(set(record) - known):
            parts = ", ".join(sorted(known))
            raise ConfigError(
                f"{shortened(unknown[0])}: there is no such section of a configuration; the sections are {parts}"
            )
        settings = {f"{part}.{key}": value for part in SECTIONS for key, value in _mapping(record, part).items()}
        settings = {**_unsaid(record), **settings}
        texts = {key: record.get(key, default) for key, default in (("dataset", "sample"), ("name", ""))}
        for key, value in texts.items():
            if not isinstance(value, str):
                raise ConfigError(f'{key} must be text, but "{shortened(value)}" was given')
        return make_config(texts["dataset"], settings, name=texts["name"])

    def settings(self) -> dict[str, Any]:
        """Flat view: `{"data.image_size": 224, ...}` in the order in which the settings are declared."""
        return {key: getattr(getattr(self, part), name) for key, part, name in _PLACES}

    def changed_settings(self) -> dict[str, Any]:
        """The settings that are not the defaults."""
        defaults = default_settings()
        return {key: value for key, value in self.settings().items() if value != defaults[key]}


@cache
def default_settings() -> Mapping[str, Any]:
    """Every setting as it is when nobody has chosen."""
    return RunConfig().settings()


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


def beside_recommended(config: RunConfig) -> list[tuple[str, Any, Any]]:
    """Each setting of a run that has an effect: key, value, recommended value.

    Where the head is a list, the recommended one is a list too, and the settings that it replaces are left out.
    """
    values, advised = heads_in_one_form([config.settings(), RunConfig().settings()])
    left_out = SHORT_FORM if values[HEAD] else ()
    return [(key, value, advised[key]) for key, value in values.items() if key not in left_out]


def setting(key: str) -> dataclasses.Field[Any]:
    """The dataclass field behind a key such as `data.batch_size`: default, label, help, choices, low, high."""
    _split_key(key)
    return _FIELDS[key]


def keys() -> list[str]:
    """All keys, in the order in which they are declared."""
    return list(_FIELDS)


def read_config(text: str) -> RunConfig:
    """A configuration from the text of a config.json.

    Raises:
        ConfigError: the text is no JSON or no configuration.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is not a configuration: {error}") from error
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
    # Where OpenVINO is not installed TensorFlow computes: what a run then means stands in its own settings.
    "fast": {
        "training.runtime": fastest_runtime(),
        "data.image_size": 128,
        "training.epochs": 10,
        "training.learning_rate": 3e-3,  # in ten epochs 0.001 does not come far: docs/defaults.md
        "training.early_stopping": 3,
    },
    "best": {
        "training.mode": "fine_tune",
        "training.finetune_stages": 2,
        "training.finetune_epochs": 10,
        "training.finetune_learning_rate": 1e-4,
        "data.augmentation": "light",
        "data.augmentation_draws": 4,
    },
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


def _unsaid(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's own record from before there was a setting means by not naming it, where that is not the default."""
    return {"training.val_loss": "log_loss", "training.epochs": 20} if "format" in record else {}


def _require_one_head(settings: Mapping[str, Any]) -> None:
    """Refuses a head that is given in both of its forms."""
    for key in SHORT_FORM:
        if settings.get(HEAD) and key in settings and convert(key, setting(key), settings[key]):
            raise ConfigError(
                f"{key} is {shortened(settings[key])}, but {HEAD} is given too and replaces it; leave "
                f"{key} out, or {HEAD}"
            )


def _mapping(record: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    values = record.get(part, {})
    if not isinstance(values, Mapping):
        raise ConfigError(f'{part}: settings with their values are expected, but "{shortened(values)}" was given')
    return values


def _split_key(key: str) -> tuple[str, str]:
    if key in _FIELDS:
        part, _, name = key.partition(".")
        return part, name
    close = difflib.get_close_matches(key, _FIELDS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"settings are {', '.join(_FIELDS)}"
    raise ConfigError(f'there is no setting "{shortened(key)}"; {hint}')
