"""Above the table of runs: words, filter, order and columns, each in step with the address."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import UserError
from core.runs_table.columns import METRICS, MOMENT, TEXT, WORDS, columns, find_column
from core.runs_table.query import Query, Sort, parse_condition
from core.runs_table.rows import Row, differing, flat
from pages.shared import state
from pages.shared.run.view import LOOKS
from pages.shared.runs import address
from pages.shared.state import part_key
from pages.shared.widgets.text import plain, sentence

_RANGED = (*METRICS, "epochs", "seconds", "size", "errors", "warnings")
_SORTED_FIRST = ("created", "name", "status", *METRICS, "epochs", "seconds", "size", "errors", "warnings", "dataset")


def show_filters(rows: Sequence[Row], query: Query) -> None:
    """All of it in one line that wraps where the page is narrow.

    Args:
        rows: All that there are.
        query: What the address asks for.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _words(query.words)
        count = sum(map(len, (query.tags, query.datasets, query.statuses, query.conditions)))
        label = f"Filter · {count}" if count else "Filter"
        with st.popover(label, icon=":material/filter_alt:", key=_key("more")):
            _filter(rows, query)
        with st.popover("Columns", icon=":material/view_column:", key=_key("which")):
            _columns(rows)
        _order(query.sort)
        if query.is_filter:
            st.button("Show all", icon=":material/filter_alt_off:", type="tertiary", on_click=show_all)


def show_all() -> None:
    """Takes the filter out of the address."""
    for name in (state.LOOK_WORDS, state.LOOK_TAGS, state.LOOK_DATA, state.LOOK_STATUS, state.LOOK_CONDITIONS):
        st.query_params.pop(name, None)


def column_label(key: str) -> str:
    """What a column is called; a setting with its key, as some labels are alike."""
    return f"{columns()[key].label} ({key})" if "." in key else columns()[key].label


def _label(key: str) -> str:
    return columns()[key].label


def _words(words: str) -> None:
    def follow() -> None:
        address.put_text(state.LOOK_WORDS, str(st.session_state[_key("words")] or "").strip())

    st.session_state[_key("words")] = words
    st.text_input(
        "Filter by words",
        key=_key("words"),
        on_change=follow,
        placeholder="Name, note or tag",
        icon=":material/search:",
        help="Runs with all of these words in their name, note or tags.",
        width=185,
        max_chars=200,
    )


def _filter(rows: Sequence[Row], query: Query) -> None:
    runs = [*rows, *flat(rows)]
    tags = {tag for row in runs for tag in row.get("tags") or ()}
    if tags or query.tags:
        _many("Tags (all of them)", state.LOOK_TAGS, tags, query.tags)
    _many("Dataset", state.LOOK_DATA, {row.get("dataset") for row in runs}, query.datasets)
    _many("State", state.LOOK_STATUS, {row.get("status") for row in runs}, query.statuses, _state_word)
    conditions = [str(condition) for condition in query.conditions]
    _many("Conditions", state.LOOK_CONDITIONS, set(), conditions, new="val_auc>=0.9, backbone=VGG16, name~chest")
    _range()


def _many(
    label: str,
    name: str,
    options: set[str] | set[str | None],
    chosen: Sequence[str],
    word: Callable[[str], str] = str,
    new: str = "",
) -> None:
    """A choice of several, in step with the address; where `new` shows how, others may be typed."""

    def follow() -> None:
        found = [str(one) for one in st.session_state[_key(name)]]
        address.put_list(name, _understood(found) if new else found)

    known = sorted({one for one in options if one} | set(chosen), key=str.casefold)
    st.session_state[_key(name)] = list(chosen)
    st.multiselect(
        label,
        known,
        key=_key(name),
        on_change=follow,
        format_func=word,
        accept_new_options=bool(new),
        placeholder=f"Type, as in {new}" if new else "Any",
        help="Any column and any setting, with = != < <= > >= or ~ (contains); several values with | between them."
        if new
        else None,
    )


def _understood(texts: Sequence[str]) -> list[str]:
    """The conditions that are such; on the others a sentence is said."""
    found = []
    for text in texts:
        try:
            found.append(str(parse_condition(text)))
        except UserError as error:
            st.session_state[state.RUN_NOTICE] = (False, sentence(str(error)))
    return found


def _range() -> None:
    """A range of a figure, added to the conditions."""
    with st.form(_key("range"), border=False, clear_on_submit=True):
        about = "Adds a minimum and a maximum. Fractions as 0.9, times in seconds, sizes in bytes."
        metric = st.selectbox("Range of", _RANGED, format_func=_label, key=_key("metric"), help=about)
        left, right = st.columns(2)
        low = left.text_input("From", key=_key("low"), placeholder="any", help="The smallest value.")
        high = right.text_input("To", key=_key("high"), placeholder="any", help="The largest value.")
        sent = st.form_submit_button("Add", icon=":material/add:")
    if sent:
        texts = [f"{metric}{sign}{value.strip()}" for sign, value in ((">=", low), ("<=", high)) if value.strip()]
        found = _understood(texts)
        address.put_list(state.LOOK_CONDITIONS, [*address.get_list(state.LOOK_CONDITIONS), *found])
        st.rerun()


def _columns(rows: Sequence[Row]) -> None:
    def follow() -> None:
        address.put_list(state.LOOK_COLUMNS, [str(key) for key in st.session_state[_key("shown")]])

    differ = differing(flat(rows))
    options = [*differ, *(key for key in columns() if key not in differ and key not in ("name", "kind"))]
    st.session_state[_key("shown")] = address.read_columns()
    words = {key: f"{column_label(key)}{' · differs' if key in differ else ''}" for key in columns()}
    st.multiselect(
        "Columns",
        list(dict.fromkeys([*options, *address.read_columns()])),
        key=_key("shown"),
        on_change=follow,
        format_func=words.__getitem__,
        help="Columns that differ come first.",
    )
    st.button(
        "Default columns",
        icon=":material/restart_alt:",
        on_click=address.put_text,
        args=(state.LOOK_COLUMNS, ""),
        key=_key("usual"),
    )


def _order(sort: Sort) -> None:
    def follow() -> None:
        column = find_column(str(st.session_state[_key("sort")]))
        address.put_text(state.LOOK_SORT, str(Sort(column.key, column.falls)))

    known = dict.fromkeys([*_SORTED_FIRST, *columns()])
    st.session_state[_key("sort")] = sort.key
    st.selectbox(
        "Sort by",
        list(known),
        key=_key("sort"),
        format_func=column_label,
        on_change=follow,
        help="Better, larger or newer values first; unknown values last.",
        width=165,
    )
    st.button(
        _way(sort),
        icon=":material/arrow_downward:" if sort.falls else ":material/arrow_upward:",
        on_click=address.put_text,
        args=(state.LOOK_SORT, str(Sort(sort.key, not sort.falls))),
        help="Reverses the order.",
        key=_key("turn"),
    )


def _way(sort: Sort) -> str:
    kind = columns()[sort.key].kind
    words = {MOMENT: ("Newest first", "Oldest first"), TEXT: ("Z to A", "A to Z"), WORDS: ("Z to A", "A to Z")}
    falling, rising = words.get(kind, ("Largest first", "Smallest first"))
    return falling if sort.falls else rising


def _state_word(status: str) -> str:
    return LOOKS[status][0] if status in LOOKS else plain(status)


def _key(name: str) -> str:
    return part_key("look", name)
