"""The head as a list of layers on the Train page: add, remove, order; what is not allowed is said at its row."""

import itertools
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.config import HEAD as SETTING
from core.config import setting
from core.errors import ConfigError
from core.notation.head import ACTIVATIONS, HEAD, NO_LAYERS, read_head, short_form
from core.notation.steps import Argument, Kind, StepError, read_step
from core.setting import convert
from pages.shared import state
from pages.shared.widgets import fields
from pages.shared.widgets.text import plain

OFFERED = ("dense", "dropout", "batch_norm", "activation")
"""Kinds of layers that can be added; pooling and output are always there, once each."""

_KINDS = {kind.name: kind for kind in HEAD.kinds}
_OUTPUT = "output"
_LABELS = {"l2": "L2 penalty"}
_WIDTH = 120
_NEW: dict[str, dict[str, Any]] = {"dense": {"units": 128, "activation": "relu", "l2": 0.0}, "dropout": {"rate": 0.5}}
"""What a new layer begins with where its kind has arguments that must be given."""


@dataclass
class Row:
    """A layer as its widgets have it, allowed or not.

    Attributes:
        number: Of the row in this session; it stays when rows move.
        kind: Name of the layer's kind.
        values: Argument to what is typed there.
    """

    number: int
    kind: str
    values: dict[str, Any]

    @property
    def text(self) -> str:
        """In the notation of a head."""
        words = [self.kind]
        for argument in _KINDS[self.kind].arguments:
            value = self.values.get(argument.name, argument.default)
            if argument.by_place:
                words.append(str(value))
            elif value != argument.default:
                words.append(f"{argument.name}={value}")
        return " ".join(words)

    def key(self, argument: str) -> str:
        """Session key of the widget of an argument."""
        return state.part_key("head", str(self.number), argument)


def show_head_choice(*, changed: bool = False) -> None:
    """The switch between the simple head and the list."""
    st.session_state[state.HEAD_LISTED] = bool(st.session_state.get(_field()))
    st.toggle(
        "Head as a list of layers" + (" :primary[●]" if changed else ""),
        key=state.HEAD_LISTED,
        on_change=_switch,
        help=fields.help_of(SETTING),
    )


def show_head_editor() -> None:
    """The list itself, where the head is one: a row for each layer, the output last."""
    if not st.session_state.get(_field()):
        return
    rows = _rows()
    layers, output = rows[:-1], rows[-1]
    with st.container(border=True):
        st.markdown("**Layers of the head**")
        st.caption("From the features to the output, top to bottom.")
        for position, row in enumerate(layers):
            _show_row(position, row, last=position == len(layers) - 1)
        _show_row(len(layers), output, last=True)
        with st.container(horizontal=True):
            full = len(rows) >= HEAD.most
            for name in OFFERED:
                label = f"Add {_KINDS[name].title}"
                st.button(label, icon=":material/add:", on_click=_add, args=(name,), disabled=full, key=f"add:{name}")
        if full:
            st.caption(f"A head has at most {HEAD.most} layers including the output.")


def _show_row(position: int, row: Row, *, last: bool) -> None:
    """One layer with its arguments, its buttons and what is wrong with it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key=row.key("row")):
        st.markdown(f"{position + 1}\\. **{_KINDS[row.kind].title}**", width=165)
        for argument in _KINDS[row.kind].arguments:
            _show_argument(row, argument)
        if row.kind != _OUTPUT:
            st.space("stretch")
            _show_buttons(position, row, last=last)
    try:
        read_step(SETTING, position, row.text, HEAD)
    except StepError as error:
        st.error(plain(f"Layer {position + 1}: {error.why}."), icon=":material/error:")


def _show_buttons(position: int, row: Row, *, last: bool) -> None:
    """In a box of their own, so that they stay together where a row breaks."""
    with st.container(horizontal=True, gap="xsmall", width="content"):
        for label, icon, by, idle in (
            ("Up", "arrow_upward", -1, position == 0),
            ("Down", "arrow_downward", 1, last),
        ):
            st.button(label, icon=f":material/{icon}:", type="tertiary", on_click=_move, args=(row.number, by),
                      disabled=idle, key=row.key(label), help=f"Moves layer {position + 1}.")  # fmt: skip
        st.button("Remove", icon=":material/close:", type="tertiary", on_click=_remove, args=(row.number,),
                  key=row.key("remove"), help=f"Removes layer {position + 1}.")  # fmt: skip


def _show_argument(row: Row, argument: Argument) -> None:
    """Numbers have no hard limits in the browser, as in the rest of the form."""
    key = row.key(argument.name)
    st.session_state.setdefault(key, row.values.get(argument.name, argument.default))
    label = _LABELS.get(argument.name, argument.name.capitalize())
    common: dict[str, Any] = {"key": key, "on_change": _take, "width": _WIDTH, "persist_state": "session"}
    if argument.choices:
        st.selectbox(label, ACTIVATIONS, **common)
    elif isinstance(argument.default, int):
        st.number_input(label, step=1, **common)
    else:
        st.number_input(label, step=0.1 if argument.name == "rate" else 0.001, format="%g", **common)


def _field() -> str:
    return state.field_key(SETTING)


def _rows() -> list[Row]:
    """The rows; rebuilt where the setting was changed by anything but this editor."""
    text = str(st.session_state.get(_field(), ""))
    known: tuple[str, list[Row]] | None = st.session_state.get(state.HEAD_ROWS)
    if known is None or known[0] != text:
        known = (text, _from_text(text))
        st.session_state[state.HEAD_ROWS] = known
    return known[1]


def _from_text(text: str) -> list[Row]:
    try:
        head, _ = read_head(text)
    except ConfigError as error:
        st.warning(plain(f"{error}; the list was reset."))
        head, _ = read_head(NO_LAYERS)
    layers = [(layer.kind, dict(layer.values)) for layer in head.layers]
    return [_new(kind, values) for kind, values in (*layers, (_OUTPUT, {"l2": head.output_l2}))]


def _new(kind: str, values: dict[str, Any]) -> Row:
    counter = st.session_state.setdefault(state.HEAD_COUNTER, itertools.count(1))
    return Row(next(counter), kind, values)


def _switch() -> None:
    """On: the list begins with what the simple settings stand for."""
    if not st.session_state[state.HEAD_LISTED]:
        st.session_state[_field()] = ""
        return
    values = []
    for key in ("model.dense_units", "model.dropout"):
        value = st.session_state.get(state.field_key(key))
        try:
            values.append(convert(key, setting(key), value))
        except ConfigError:
            values.append(0)
    st.session_state[_field()] = short_form(*values).text()


def _take() -> None:
    """What the widgets say becomes the setting."""
    rows = _rows()
    for row in rows:
        for argument in _KINDS[row.kind].arguments:
            row.values[argument.name] = st.session_state.get(row.key(argument.name), row.values.get(argument.name))
    _keep(rows)


def _keep(rows: list[Row]) -> None:
    parts = [row.text for row in rows if row.text != _OUTPUT]
    text = ", ".join(parts) or NO_LAYERS
    st.session_state[_field()], st.session_state[state.HEAD_ROWS] = text, (text, rows)


def _add(kind: str) -> None:
    rows = _rows()
    _keep([*rows[:-1], _new(kind, _begin(_KINDS[kind])), rows[-1]])


def _begin(kind: Kind) -> dict[str, Any]:
    return dict(_NEW.get(kind.name, {argument.name: argument.default for argument in kind.arguments}))


def _remove(number: int) -> None:
    _keep([row for row in _rows() if row.number != number])


def _move(number: int, by: int) -> None:
    rows = _rows()
    at = next(k for k, row in enumerate(rows) if row.number == number)
    rows[at], rows[at + by] = rows[at + by], rows[at]
    _keep(rows)
