"""What is not allowed in the form, by field: each is told where it was typed."""

from core.config import keys, setting
from core.errors import ConfigError
from core.setting import check, convert
from pages.shared.train import form as train_form
from pages.shared.widgets import fields


def problems(preset: str, *, split_on_disk: bool) -> dict[str, str]:
    """A sentence for each setting that is not allowed; of what only all settings together tell, the first.

    Args:
        preset: str. The preset.
        split_on_disk: bool. Whether the folder says which images are held out.

    Returns:
        Key of a setting (empty for what concerns none) -> sentence, ready for Markdown.
    """
    found = {}
    for key, value in train_form.settings(preset, split_on_disk=split_on_disk).items():
        spec = setting(key)
        try:
            check(key, spec, convert(key, spec, "" if value is None else value))
        except ConfigError as error:
            found[key] = fields.sentence_of(error)
    if found:
        return found
    try:
        train_form.read_config("sample", preset, "", split_on_disk=split_on_disk)
    except ConfigError as error:
        return {key_of(error): fields.sentence_of(error)}
    return {}


def labels_of(found: dict[str, str]) -> list[str]:
    """What to put right, as the form calls it."""
    return [fields.label_of(key) if key else "the settings" for key in found]


def key_of(error: ConfigError) -> str:
    """The setting that an error is about, by the sentence's first word; empty for none."""
    key = str(error).split(" ", 1)[0].rstrip(":,")
    return key if key in keys() else ""
