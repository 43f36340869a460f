"""The steps of the augmentation on the Train page: add, remove, order, range; each previewed, and all together."""

import streamlit as st

from core.config import DataConfig, setting
from core.data.augment import augment, augment_by_step
from core.data.images import Pixels, load
from core.errors import ConfigError, UserError
from core.notation.augmentation import KINDS, MOST_STEPS, Step, read_augmentation, steps_of
from core.setting import convert
from pages.shared import state
from pages.shared.shell.chosen_dataset import View, data_config
from pages.shared.widgets.text import plain, sentence

SETTING = "data.augmentation"
_SIDE = 150
_DRAWS = 4
_WIDTH = 90


def show_augmentation_editor(view: View | None) -> None:
    """A row for each step, and what they do to a training image."""
    with st.expander("Augmentation: steps and preview", icon=":material/auto_fix_high:"):
        try:
            kind = read_augmentation(st.session_state.get(_field(), setting(SETTING).default))
        except ConfigError as error:
            st.error(plain(sentence(str(error))))
            return
        steps = steps_of(kind)
        st.caption(
            "The steps are applied to every training image in this order, with new random values; validation images "
            "are not augmented. Choose a preset above, or edit the list."
        )
        for place, step in enumerate(steps):
            _show_step(kind, place, step, last=place == len(steps) - 1)
        _show_adding(kind, full=len(steps) >= MOST_STEPS)
        if kind != "none":
            _show_preview(view, kind)


def _show_step(kind: str, place: int, step: Step, *, last: bool) -> None:
    row = KINDS[step.kind]
    with st.container(horizontal=True, vertical_alignment="bottom", key=_key(kind, place, "row")):
        st.markdown(f"{place + 1}\\. **{row.title}**", width=140, help=plain(row.unit) if row.unit else None)
        if step.kind != "flip":
            _show_range(kind, place, step)
        if row.words:
            st.multiselect(
                "Direction and edge" if step.kind != "channel_shift" else "Channels",
                row.words,
                default=step.words,
                key=_key(kind, place, "words"),
                on_change=_take,
                args=(kind, place),
                width=180,
                help="Directions, and how empty edges are filled."
                if step.kind != "channel_shift"
                else "Colour channels that are shifted.",
            )
        st.space("stretch")
        _show_buttons(kind, place, last=last)
    if problem := st.session_state.pop(_key("", place, "problem"), ""):
        st.error(plain(problem), icon=":material/error:")


def _show_range(kind: str, place: int, step: Step) -> None:
    """Both ends in a box of their own, so that they stay together where a row breaks."""
    row = KINDS[step.kind]
    with st.container(horizontal=True, width="content"):
        for name in ("low", "high"):
            st.number_input(
                "From" if name == "low" else "To",
                value=float(getattr(step, name)),
                step=1.0 if row.high > 10 else 0.05,
                format="%g",
                width=_WIDTH,
                key=_key(kind, place, name),
                on_change=_take,
                args=(kind, place),
                help=f"A random value between the two for every image: {plain(row.unit)}.",
            )


def _show_buttons(kind: str, place: int, *, last: bool) -> None:
    """In a box of their own, as the ends of the range."""
    with st.container(horizontal=True, gap="xsmall", width="content"):
        for label, icon, by, idle in (("Up", "arrow_upward", -1, place == 0), ("Down", "arrow_downward", 1, last)):
            st.button(label, icon=f":material/{icon}:", type="tertiary", on_click=_move, args=(kind, place, by),
                      disabled=idle, key=_key(kind, place, label), help=f"Moves step {place + 1}.")  # fmt: skip
        st.button("Remove", icon=":material/close:", type="tertiary", on_click=_remove, args=(kind, place),
                  key=_key(kind, place, "remove"), help=f"Removes step {place + 1}.")  # fmt: skip


def _show_adding(kind: str, *, full: bool) -> None:
    with st.container(horizontal=True):
        for name, row in KINDS.items():
            st.button(
                row.title,
                icon=":material/add:",
                on_click=_add,
                args=(kind, name),
                disabled=full,
                key=f"add-step:{name}",
            )
    if full:
        st.caption(f"A list has {MOST_STEPS} steps at most.")


def _show_preview(view: View | None, kind: str) -> None:
    """The first training image: as it is, after each step alone, and after all of them in several draws."""
    if view is None or not view.split.train:
        st.caption("The preview needs training images; the sample is generated with the first run.")
        return
    config, file = data_config(), view.split.train[0]
    try:
        pixels = load(view.path(file), config.image_size)
    except UserError as error:
        st.warning(plain(sentence(str(error))))
        return
    st.markdown("**Each step alone** (first random values)")
    shown = [("original", pixels), *augment_by_step(pixels, kind, config.seed, 0, file.sha256)]
    _show_images(shown)
    st.markdown("**All steps**, several random values")
    _show_images(_drawn(pixels, kind, config, file.sha256))


def _drawn(pixels: Pixels, kind: str, config: DataConfig, content: str) -> list[tuple[str, Pixels]]:
    return [(f"version {draw + 1}", augment(pixels, kind, config.seed, draw, content)) for draw in range(_DRAWS)]


def _show_images(images: list[tuple[str, Pixels]]) -> None:
    with st.grid(min_column_width=_SIDE):
        for caption, pixels in images:
            st.image(pixels, width="stretch", caption=caption, alt=f"The image, {caption}.")


def _field() -> str:
    return state.field_key(SETTING)


def _key(kind: str, place: int, part: str) -> str:
    """Session key of a widget: another one when the list is another, so that rows never show each other's values."""
    return state.part_key("augmentation", f"{place}:{kind}", part)


def _set(steps: list[str]) -> None:
    st.session_state[_field()] = convert(SETTING, setting(SETTING), steps)


def _texts(kind: str) -> list[str]:
    return [step.text for step in steps_of(kind)]


def _take(kind: str, place: int) -> None:
    """What was typed in a row; what is not allowed is said there, and the list stays."""
    texts, step = _texts(kind), steps_of(kind)[place]
    low, high = (st.session_state.get(_key(kind, place, name), getattr(step, name)) for name in ("low", "high"))
    words = st.session_state.get(_key(kind, place, "words"), step.words)
    span = "" if step.kind == "flip" else f"{low}..{high}"
    texts[place] = " ".join([step.kind, span, *words])
    try:
        _set(texts)
    except ConfigError as error:
        st.session_state[_key("", place, "problem")] = str(error)


def _add(kind: str, name: str) -> None:
    low, high = KINDS[name].usual
    _set([*_texts(kind), name if name == "flip" else f"{name} {low:g}..{high:g}"])


def _remove(kind: str, place: int) -> None:
    texts = _texts(kind)
    del texts[place]
    _set(texts)


def _move(kind: str, place: int, by: int) -> None:
    texts = _texts(kind)
    texts.insert(place + by, texts.pop(place))
    _set(texts)
