"""How far a job is, as a share; and the title of the browser's tab, which tells it from afar."""

import time

import streamlit as st

from core.store.runs import Run, Status
from pages.shared.run.facts import title
from pages.shared.run.view import status_words


def share_done(status: Status) -> float:
    """How far it is, 0 to 1: of the whole run's time where that is known, else of its epochs, else of its step."""
    left = status.run_seconds_left
    if left is not None and status.started:
        so_far = max(0.0, time.time() - status.started)
        share = so_far / (so_far + left) if so_far + left else 0.0
    elif status.epochs:
        within = status.batch / status.batches if status.batches else 0.0
        share = (max(0, status.epoch - 1) + within) / status.epochs
    else:
        share = status.done / status.total if status.total else 0.0
    return min(1.0, max(0.0, share))


def show_tab_title(run: Run, status: Status) -> None:
    """Puts the progress, or how the run ended, before its name in the title of the browser's tab."""
    st.set_page_config(page_title=tab_title(title(run), status))


def tab_title(name: str, status: Status) -> str:
    """The title of a run's tab: `42 % · name · Parity`."""
    word = f"{100 * share_done(status):.0f} %" if status.status == "running" else status_words(status)[0]
    return f"{word} · {name} · Parity"
