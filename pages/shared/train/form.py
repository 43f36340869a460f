"""The Train page's form: which settings are shown where, what differs from the preset, and what the run will be."""

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from core.checks.effects import without_effect
from core.config import HEAD, PRESETS, SHORT_FORM, RunConfig, keys, make_config
from core.data.order import batches_per_epoch
from core.data.positive import KEY as POSITIVE
from core.data.sample import CLASSES, SAMPLE_COUNTS
from core.models.catalogue import find, require_size
from core.models.runtime_use import require_runtime
from core.models.unfreezing import require_blocks, stages
from core.sections.runtimes import TENSORFLOW
from pages.shared.state import PRESET
from pages.shared.train import head_editor, network_filter
from pages.shared.widgets import fields
from pages.shared.widgets.fields import MODE
from pages.shared.widgets.text import plain

PRESET_TITLES = {
    "recommended": "Recommended",
    "fast": "Fast",
    "best": "Thorough",
    "question-bottleneck": "Demo A: cached features",
    "question-end-to-end": "Demo B: frozen backbone, full pass",
}

GROUPS = {
    "Data": (
        "data.image_size",
        "data.fit",
        "data.batch_size",
        "data.shuffle",
        "data.preprocessing",
        "data.augmentation",
        "data.augmentation_draws",
    ),
    "Model": ("model.backbone", "model.pooling", HEAD, *SHORT_FORM),
    "Training": (
        "training.epochs",
        "training.learning_rate",
        "training.optimizer",
        "training.early_stopping",
        "training.reduce_on_plateau",
        "training.unfreeze_from",
        "training.finetune_stages",
        "training.finetune_epochs",
        "training.finetune_learning_rate",
        "training.block_rate_factor",
    ),
}
"""What is always in sight; every other setting is under Advanced."""

_FINETUNE = (
    *("training.finetune_stages", "training.finetune_epochs", "training.finetune_learning_rate"),
    "training.block_rate_factor",
)


def advanced_keys() -> list[str]:
    """Settings that are in none of the groups in sight."""
    shown = {key for group in GROUPS.values() for key in group} | {MODE}
    return [key for key in keys() if key not in shown]


def has_meaning(key: str, values: dict[str, Any], *, split_on_disk: bool) -> bool:
    """Whether a setting can change anything, given the others and the dataset."""
    return bool(_meanings(values, split_on_disk=split_on_disk).get(key, True))


def _meanings(values: dict[str, Any], *, split_on_disk: bool) -> dict[str, bool]:
    """Whether a setting can change anything, by its key; one that is not named can."""
    mode, idle = values[MODE], without_effect(fields.training_of(values))
    return {
        **dict.fromkeys(idle, False),
        **dict.fromkeys(("training.unfreeze_from", "training.mixup"), mode != "bottleneck"),
        **dict.fromkeys(SHORT_FORM, not values[HEAD]),
        **dict.fromkeys(_FINETUNE, mode == "fine_tune"),
        "training.literal": mode == "end_to_end" and not values["training.unfreeze_from"],
        "data.augmentation_draws": values["data.augmentation"] != "none",
        "data.validation_split": not split_on_disk,
        "data.group_pattern": not split_on_disk,
    }


def settings(preset: str, *, split_on_disk: bool) -> dict[str, Any]:
    """What the form asks for; a setting without meaning has the preset's value, whatever was typed there before."""
    values, base = fields.form_values(preset), fields.preset_values(preset)
    meanings = _meanings(values, split_on_disk=split_on_disk)
    return {
        key: value if meanings.get(key, True) else _without_meaning(key, base, values) for key, value in values.items()
    }


def read_config(dataset: str, preset: str, name: str, *, split_on_disk: bool) -> RunConfig:
    """The form as a configuration.

    Raises:
        ConfigError: names the first setting that is outside what is allowed, or asks for what is not there.
    """
    asked = settings(preset, split_on_disk=split_on_disk)
    config = make_config(
        dataset, {key: "" if value is None else value for key, value in asked.items()}, preset=preset, name=name.strip()
    )
    require_blocks(config)
    require_runtime(config)
    require_size(find(config.model.backbone), config.data.image_size)
    return config


def differences(preset: str, asked: dict[str, Any]) -> list[str]:
    """Settings whose value is not the preset's."""
    hidden = SHORT_FORM if asked[HEAD] else ()
    return [key for key, value in fields.preset_values(preset).items() if asked[key] != value and key not in hidden]


def preset_control() -> str:
    """The choice of a preset; a click fills the form."""
    st.session_state.setdefault(PRESET, "recommended")
    fields.fill(st.session_state[PRESET], keep=True)
    return str(
        st.segmented_control(
            "Preset",
            list(PRESETS),
            format_func=preset_title,
            required=True,
            key=PRESET,
            on_change=lambda: fields.fill(st.session_state[PRESET]),
            persist_state="session",
            help="Fills every field below. Fast is Recommended with features computed by OpenVINO, where that is "
            "installed. The demo presets repeat a forum question: same model, two results.",
        )
    )


def show_fields(
    preset: str,
    *,
    split_on_disk: bool,
    classes: tuple[str, ...] = (),
    problems: Mapping[str, str] = MappingProxyType({}),
) -> set[str]:
    """All settings: the training mode, three groups side by side, the rest under Advanced.

    Args:
        preset: The preset.
        split_on_disk: Whether the folder says which images are held out.
        classes: Names of the classes; with two of them the positive one can be chosen. Defaults to none known.
        problems: What is not allowed, by setting; it is told at the field. Defaults to nothing.

    Returns:
        The settings whose problem was told.
    """
    values, told = fields.form_values(preset), set()
    changed = differences(preset, settings(preset, split_on_disk=split_on_disk))
    values[MODE] = fields.field(MODE, values, changed=MODE in changed)

    def draw(group: Iterator[str]) -> None:
        for key in group:
            before = values[key]
            if key == HEAD:
                head_editor.show_head_choice(changed=key in changed)
            elif key == fields.BACKBONE:
                values[key] = _show_networks(values, changed=key in changed)
            elif key == POSITIVE:
                _show_positive(values, classes, changed=key in changed)
            elif has_meaning(key, values, split_on_disk=split_on_disk):
                values[key] = fields.field(key, values, changed=key in changed)
            else:
                continue
            if key in problems and key != HEAD and values[key] == before:  # the head's editor says it at its row
                st.error(problems[key], icon=":material/error:")
                told.add(key)

    for column, (title, group) in zip(st.columns(len(GROUPS)), GROUPS.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{title}**")
            draw(iter(group))
    head_editor.show_head_editor()
    rare = advanced_keys()
    with st.expander("Advanced: seeds, precision, weights and more", icon=":material/tune:"):
        for k, column in enumerate(st.columns(3)):
            with column:
                draw(iter(rare[k::3]))
    return told


def _show_positive(values: dict[str, Any], classes: tuple[str, ...], *, changed: bool) -> None:
    """Which of two classes is the positive one; a name that is none of them is shown, as the run would refuse it."""
    if len(classes) == 2 or values[POSITIVE]:
        offered = dict.fromkeys(("", *(sorted(classes) if len(classes) == 2 else ()), values[POSITIVE]))
        values[POSITIVE] = fields.field(POSITIVE, values, changed=changed, only=tuple(offered))


def _show_networks(values: dict[str, Any], *, changed: bool) -> str:
    """The backbone, among those that pass the filter, and what it costs."""
    network_filter.show_filter()
    only = network_filter.offered(str(values[fields.BACKBONE]))
    chosen = str(fields.field(fields.BACKBONE, values, changed=changed, only=only))
    network_filter.show_cost(chosen, values["data.image_size"])
    return chosen


def show_differences(preset: str, *, split_on_disk: bool) -> None:
    """One line on what is not as the preset has it, and the way back."""
    asked, base = settings(preset, split_on_disk=split_on_disk), fields.preset_values(preset)
    changed = differences(preset, asked)
    if not changed:
        st.caption("Using preset values.")
        return
    told = "; ".join(
        f"{fields.label_of(key)}: {fields.word_of(key, asked[key])} instead of {fields.word_of(key, base[key])}"
        for key in changed
    )
    count = "1 setting differs" if len(changed) == 1 else f"{len(changed)} settings differ"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":primary[●] {count} from the preset. {plain(told)}.", width="stretch")
        st.button("Reset to preset", icon=":material/undo:", on_click=fields.fill, args=(preset,))


def preset_title(preset: str) -> str:
    """A preset as a person reads it."""
    return PRESET_TITLES.get(preset, preset)


def sample_counts() -> dict[str, int]:
    """Images by split of the sample set, before it is drawn."""
    return {split: count * len(CLASSES) for split, count in SAMPLE_COUNTS.items()}


def facts(config: RunConfig, train: int, val: int) -> dict[str, str]:
    """What a run will be, as label -> value."""
    batches = batches_per_epoch(train, config.data.batch_size, config.data.drop_remainder)
    return {
        "Training images": f"{train:,}",
        "Validation images": f"{val:,}",
        "Batches per epoch": f"{batches:,}",
        **({"Epochs at most": f"{config.training.most_epochs:,}"} if config.training.mode == "fine_tune" else {}),
    }


def cost_sentence(config: RunConfig, classes: int) -> str:
    """How many parameters are trainable, and where; of a run that is fine-tuned also how its epochs are shared out."""
    cores = os.cpu_count() or 1
    learn = f"{_parameters(config, classes)} trainable parameters; this machine has {cores} CPU cores."
    found, training = stages(config), config.training
    if not found:
        return learn
    times = f"{len(found)} stages of {training.finetune_epochs}" if len(found) > 1 else f"{training.finetune_epochs}"
    return f"{learn} Epochs: {training.epochs} of the head, then {times} of fine-tuning, in the end {found[-1].words}."


def queue_sentence(ahead: int) -> str:
    """Who else waits for this machine."""
    if not ahead:
        return "Queue is empty; starts immediately."
    return "1 run is ahead in the queue." if ahead == 1 else f"{ahead} runs are ahead in the queue."


def _parameters(config: RunConfig, classes: int) -> str:
    """Rough: the head exactly enough, an unfrozen backbone as a whole."""
    row = find(config.model.backbone)
    side = row.map_side(config.data.image_size) if config.model.pooling == "flatten" else 1
    outputs = 1 if classes == 2 else classes
    head = config.model.whole_head.weights(row.channels * side * side, outputs)
    if config.training.is_frozen:
        return f"About {_round(head)}"
    if config.training.unfreeze_from == "all":
        return f"About {_round(head + row.parameters)}"
    return f"Between {_round(head)} and {_round(head + row.parameters)}"


def _round(number: float) -> str:
    """Two significant digits and a unit: 42 k, 4.1 M."""
    for size, word in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{float(f'{number / size:.2g}'):g}{word}"
    return f"{number:.0f}"


def _without_meaning(key: str, base: dict[str, Any], values: dict[str, Any]) -> Any:
    """What a setting without meaning is set to: the preset's value; a block only where something can be unfrozen."""
    if key in SHORT_FORM and values[HEAD]:
        return type(base[key])(0)
    nothing = {"training.unfreeze_from": "", "training.runtime": TENSORFLOW}
    return nothing.get(key, base[key])
