"""A script's record as a run's configuration: what is missing, what no run can do, and the nearest run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.config import RunConfig, keys, make_config, setting
from core.setting import convert

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Missing:
    """Something that the script does not say.

    Attributes:
        key: Of the setting, or `dataset`.
        why: A sentence for a person.
    """

    key: str
    why: str

    @property
    def option(self) -> str:
        """The option of `import-script` that says it."""
        return "--data DIR" if self.key == "dataset" else f"--set {self.key}=VALUE"


@dataclass(frozen=True)
class Answers:
    """What a person says to what a script leaves open.

    Attributes:
        dataset: Folder of the images; empty for the script's own.
        settings: By key; they win over the script's.
        nearest: Whether the nearest run is wanted, where the script does what no run can do.
    """

    dataset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    nearest: bool = False


def missing(record: Record, answers: Answers) -> list[Missing]:
    """What still has to be said before a run can be made of a script."""
    found = [Missing(one["key"], one["why"]) for one in record["open"] if _is_asked(one, record, answers)]
    if not answers.dataset and not record["dataset"] and not any(one.key == "dataset" for one in found):
        found.append(Missing("dataset", "the script names no folder of images"))
    return found


def _is_asked(one: Record, record: Record, answers: Answers) -> bool:
    if one["kind"] != "asked" or not one["blocks"] or one["key"] in answers.settings:
        return False
    return one["key"] == "loss" or one["key"] in keys() or (one["key"] == "dataset" and not answers.dataset)


def beyond(record: Record, answers: Answers) -> list[Record]:
    """What the script does and no run can do, without what the answers set in its place."""
    return [one for one in record["open"] if one["kind"] == "beyond" and one["key"] not in answers.settings]


def has_nearest(record: Record, answers: Answers) -> bool:
    """Whether there is a run that comes near."""
    return all("nearest" in one for one in beyond(record, answers))


def differences(record: Record, answers: Answers) -> list[str]:
    """In which ways the nearest run is another than the script's: a line each."""
    return [f"{one['why']}{_instead(one)}" for one in beyond(record, answers)]


def _instead(one: Record) -> str:
    if "nearest" not in one:
        return ""
    return (
        f"; nearest: {one['key']} = {_shown(one['nearest'])}"
        if one["key"] in keys()
        else f"; nearest: {one['nearest']}"
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(" ".join(str(part) for part in layer.values()) for layer in value)
    return str(value)


def nearest_values(record: Record, answers: Answers) -> dict[str, Any]:
    """The settings of the nearest run that differ from what the script says, by key."""
    found = {one["key"]: one["nearest"] for one in beyond(record, answers) if one["key"] in keys() and "nearest" in one}
    return {key: canonical(key, value) for key, value in found.items()}


def canonical(key: str, value: Any) -> Any:
    """A setting's value as a form or a configuration has it."""
    return convert(key, setting(key), value)


def run_config(record: Record, answers: Answers, name: str = "") -> RunConfig:
    """The run that the script becomes, once nothing is missing; with the nearest values where the script goes beyond.

    Raises:
        ConfigError: a setting's value is not allowed.
    """
    near = nearest_values(record, answers)
    read = {key: one["value"] for part in ("not_stated", "settings") for key, one in record[part].items()}
    values = {**{key: value for key, value in read.items() if key in keys()}, **near, **answers.settings}
    return make_config(answers.dataset or record["dataset"] or "", values, name=name)
