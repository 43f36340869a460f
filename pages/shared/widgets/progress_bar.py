"""A progress bar that a piece of work in this process moves while it lasts."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.progress import Progress


def with_bar(text: str, work: Callable[[Progress], Any]) -> Any:
    """What `work` returns; the bar is gone when it ends, however it does.

    Args:
        text: What is being done.
        work: Takes a callback of (done, total).
    """
    bar = st.progress(0, text=f"{text} …")
    try:
        return work(follow(bar, text))
    finally:
        bar.empty()


def follow(bar: Any, text: str, amount: Callable[[int, int], str] = "{:,} of {:,}".format) -> Progress:
    """A callback of (done, total) that moves a progress bar, at most a hundred times.

    Args:
        bar: From `st.progress`.
        text: What is being done.
        amount: How far it has come, in words. Defaults to the two numbers.
    """
    shown = -1

    def move(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // total if total else 100
        if percent != shown:
            shown = percent
            bar.progress(min(percent, 100), text=f"{text}: {amount(done, total)}")

    return move
