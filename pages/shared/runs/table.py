"""The table of runs: a row each, bisects and sweeps as rows that open, and the runs that are chosen in it."""

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import pandas as pd
import streamlit as st

from core.jobs.job import BudgetedJob
from core.runs_table.columns import MOMENT, SECONDS, SHARE, SIZE, WORDS, columns
from core.runs_table.query import Query, Sort
from core.runs_table.rows import Row, differing, flat
from core.sentences import counted
from core.start import kinds
from core.store.runs import Run
from pages.shared import state
from pages.shared.run.view import LOOKS
from pages.shared.runs import address
from pages.shared.state import part_key
from pages.shared.widgets.fields import word_of
from pages.shared.widgets.share_column import in_percent, share_bar
from pages.shared.widgets.text import NOTHING, duration, file_size

OPEN, SHOW, HIDE = ":material/monitoring: Open", ":material/expand_more: Trials", ":material/expand_less: Trials"

_WITHOUT_RUNS = {"cross-validation": state.CROSS_VALIDATION, "search": state.SEARCH}
"""Jobs that train no runs, and so have no trials to show, with their name in the address of the Train page."""

_SORTED_BY = {"findings": "errors", "curve": "val_loss"}
_HEADS = {"errors": "findings"}
"""Columns of the table that stand for a figure that it does not show, and the other way round."""

_ROW, _MOST_HEIGHT = 35, 760
"""Pixels of a row, and of the table before it scrolls in itself."""


def visible_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that are on the screen: those of the list, and below each that is open its trials."""
    opened = set(address.get_list(state.LOOK_OPEN))
    return [one for row in rows for one in (row, *(row.trials if row.id in opened else ()))]


def chosen_runs(visible: Sequence[Row]) -> list[Row]:
    """The runs that are chosen, in the order of the table; a chosen bisect or sweep stands for its trials."""
    asked = set(address.get_list(state.LOOK_CHOSEN))
    found = {run.id: run for row in visible if row.id in asked for run in flat([row])}
    return list(found.values())


def chosen_groups(visible: Sequence[Row]) -> list[Row]:
    """The bisects and sweeps that are chosen themselves."""
    asked = set(address.get_list(state.LOOK_CHOSEN))
    return [row for row in visible if row.id in asked and not row.is_run]


def choose(ids: Sequence[str]) -> None:
    """Chooses runs from elsewhere than the table, which shows it when it is drawn next."""
    address.put_list(state.LOOK_CHOSEN, ids)
    st.session_state[state.CHOICE_ROUND] = int(st.session_state.get(state.CHOICE_ROUND, 0)) + 1


def show_table(visible: Sequence[Row], query: Query) -> None:
    """The table itself; a press on a row's button leads to the run, or opens a bisect or sweep."""
    shown = shown_columns(visible)
    frame = table_frame(visible, shown)
    ids = [row.id for row in visible]
    drawn = f"{zlib.crc32(' '.join([*ids, str(query.sort)]).encode()):x}"
    key = part_key("runs", drawn, str(st.session_state.get(state.CHOICE_ROUND, 0)))
    asked = set(address.get_list(state.LOOK_CHOSEN))
    head = _HEADS.get(query.sort.key, query.sort.key)

    def follow() -> None:
        selection = st.session_state[key]["selection"]
        picked = [ids[k] for k in selection["rows"] if k < len(ids)]
        if selection["columns"] != [head] and (selection["columns"] or set(picked) == asked & set(ids)):
            _sort_by(selection["columns"], query.sort)
        else:
            address.put_list(state.LOOK_CHOSEN, picked)

    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=_config(shown, frame, query.sort),
        height=min(_MOST_HEIGHT, _ROW * (len(frame) + 1) + 3),
        on_select=follow,
        selection_mode=["multi-row", "single-column"],
        placeholder=NOTHING,
        selection_default={
            "selection": {
                "rows": [k for k, row_id in enumerate(ids) if row_id in asked],
                "columns": [head] if head in frame else [],
            }
        },
        alt=_words(visible, query),
    )
    if click := st.session_state.get(state.OPEN_RUN):
        _follow_button(visible[click["row"]])


def _sort_by(picked: Sequence[str], sort: Sort) -> None:
    """A press on a column's head sorts by it, another one turns the order round.

    With columns to choose Streamlit's table does not sort by itself, of which no address and no reload would know.
    """
    if not picked:
        address.put_text(state.LOOK_SORT, str(Sort(sort.key, not sort.falls)))
        return
    column = columns().get(_SORTED_BY.get(picked[0], picked[0]))
    if column:
        address.put_text(state.LOOK_SORT, str(Sort(column.key, column.falls)))
    else:
        st.session_state[state.CHOICE_ROUND] = int(st.session_state.get(state.CHOICE_ROUND, 0)) + 1


def shown_columns(visible: Sequence[Row]) -> list[str]:
    """The chosen columns; settings in which the runs on the screen differ come before those that are alike."""
    chosen = address.read_columns()
    differ = set(differing(flat(visible)))
    return sorted(chosen, key=lambda key: (key not in differ and key in columns() and "." in key, chosen.index(key)))


def table_frame(visible: Sequence[Row], shown: Sequence[str]) -> pd.DataFrame:
    """What the table shows, as Streamlit's columns take it."""
    names = labels(visible)
    frame = pd.DataFrame(
        {
            "name": [f"└ {names[row.id]}" if row.group else names[row.id] for row in visible],
            "open": [_button(row) for row in visible],
            "status": [_state(row) for row in visible],
            "findings": [_badges(row) for row in visible],
            "curve": [list(row.curve) for row in visible],
        }
    )
    for key in shown:
        if key not in frame:
            frame[key] = [_shown(key, row.get(key)) for row in visible]
        if columns()[key].kind == MOMENT:
            frame[key] = pd.to_datetime(frame[key], unit="s", utc=True)
    first = ["name", *[key for key in shown if columns()[key].kind == SHARE][:1]]  # in sight on a phone, too
    return frame[[*first, *(key for key in frame if key not in first)]]


def labels(rows: Sequence[Row]) -> dict[str, str]:
    """What to call each row: its name, with the end of its id where others are called the same."""
    names = {row.id: " ".join(str(row.get("name")).split()) for row in rows}
    often = Counter(names.values())
    return {row_id: f"{name} · {row_id[-6:]}" if often[name] > 1 else name for row_id, name in names.items()}


def run_of(row: Row) -> Run:
    """The run that a row stands for."""
    return Run(row.path)


def job_of(row: Row) -> BudgetedJob:
    """The bisect or sweep that a row stands for."""
    job: Any = kinds.open_job(row.path)
    return cast(BudgetedJob, job)


def _follow_button(row: Row) -> None:
    """Opens a run, or the page of a job without runs of its own; shows or hides the trials of a sweep or bisect."""
    if row.is_run:
        st.switch_page("pages/live.py", query_params={state.RUN: row.id})
    if row.kind in _WITHOUT_RUNS:
        st.switch_page("pages/train.py", query_params={_WITHOUT_RUNS[row.kind]: row.id})
    opened = address.get_list(state.LOOK_OPEN)
    if row.id in opened:
        opened.remove(row.id)
    else:
        opened.append(row.id)
    address.put_list(state.LOOK_OPEN, opened)
    st.rerun()


def _button(row: Row) -> str:
    if row.is_run or row.kind in _WITHOUT_RUNS:
        return OPEN
    return HIDE if row.id in address.get_list(state.LOOK_OPEN) else SHOW


def _state(row: Row) -> str:
    status = str(row.get("status"))
    word = LOOKS[status][0] if status in LOOKS else status
    if row.is_run and row.is_read and row.changed is None and status != "damaged":
        return f"{word}, settings damaged"
    return word if row.is_run or row.kind in _WITHOUT_RUNS else f"{word}, {counted(len(row.trials), 'trial')}"


def _badges(row: Row) -> list[str]:
    """Findings, the worst first."""
    found = ((row.get("errors"), "error"), (row.get("warnings"), "warning"))
    return [f"{count} {word}{'' if count == 1 else 's'}" for count, word in found if count]


def _shown(key: str, value: Any) -> Any:
    """A value as its column takes it."""
    kind = columns()[key].kind
    if kind == WORDS:
        return list(value or ())
    if value is None:
        return None
    if _is_bar(key):
        return in_percent(value)
    if kind in (SECONDS, SIZE):
        return duration(value) if kind == SECONDS else file_size(value) if value >= 10**7 else f"{value / 1e6:.1f} MB"
    if "." in key:
        return word_of(key, value)
    return " ".join(value.split()) if isinstance(value, str) and key != "dataset" else value


def _is_bar(key: str) -> bool:
    """Whether a column shows percentages; an AUC is none."""
    return columns()[key].kind == SHARE and key != "val_auc"


def _config(shown: Sequence[str], frame: pd.DataFrame, sort: Sort) -> dict[str, Any]:
    column = st.column_config
    badges = sorted({badge for badges in frame["findings"] for badge in badges})
    found: dict[str, Any] = {
        "name": column.TextColumn("Run", width=210, pinned=True),
        "open": column.ButtonColumn("Open", width=88, type="tertiary", key=state.OPEN_RUN),
        "status": column.TextColumn("State", width=170),
        "findings": column.MultiselectColumn(
            "Findings",
            width=165,
            options=badges or ["1 error"],
            color=["red" if "error" in badge else "orange" for badge in badges] or ["red"],
            help="Errors and warnings of the checks.",
        ),
        "curve": column.LineChartColumn("Validation loss", width=100, y_min=0, help="One value per epoch."),
    }
    found |= {key: _column(key) for key in shown if key not in found}
    head = _HEADS.get(sort.key, sort.key)
    if head in found:
        found[head]["label"] = f"{found[head]['label']} {'↓' if sort.falls else '↑'}"
    return found


def _column(key: str) -> Any:
    about, column = columns()[key], st.column_config
    words = about.help or (f"Setting {key}" if "." in key else None)
    if _is_bar(key):
        return share_bar(about.label, 130 if key == "best_val_accuracy" else 95, words)
    if about.kind == WORDS:
        return column.ListColumn(about.label, width=250 if key == "caveats" else 110)
    if about.kind == MOMENT:
        return column.DatetimeColumn(about.label, width=120, format="distance")
    if "." not in key and about.is_number and about.kind not in (SECONDS, SIZE):
        whole = key in ("epochs", "errors", "warnings", "trials")
        return column.NumberColumn(about.label, width=80, format="%d" if whole else "%.3f", help=words)
    return column.TextColumn(about.label, width=200 if key == "note" else 110, help=words)


def _words(visible: Sequence[Row], query: Query) -> str:
    way = "falling" if query.sort.falls else "rising"
    return f"Table of {len(visible)} runs, bisects and sweeps by {columns()[query.sort.key].label}, {way}."
