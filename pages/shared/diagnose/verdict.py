"""The verdict of a search, first on the page: the cause in words, what switching it does, and the way to the fix."""

from typing import TYPE_CHECKING

import streamlit as st

from core.access.roles import Action
from core.bisect.ends import DATASET
from core.bisect.headline import headline
from core.bisect.verdict import VERDICTS
from core.config import RunConfig
from core.data.dataset import SAMPLE
from core.errors import UserError
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose.answer import show_answers
from pages.shared.run.upkeep import open_clone
from pages.shared.run.view import read_config
from pages.shared.shell.access import may
from pages.shared.shell.dataset_address import OF_RUN, may_open, name_of
from pages.shared.shell.settings_address import text_of
from pages.shared.widgets.text import on_badge, plain, sentence

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult
    from core.store.runs import Run

BATCHES = "Batch composition"
"""The tab of the Dataset page that shows what the batches hold."""

LOOKS_OF = {
    "single": (":material/target:", "green"),
    "joint": (":material/join_inner:", "green"),
    "interaction": (":material/hub:", "orange"),
    "no-difference": (":material/balance:", "blue"),
    "inconclusive": (":material/help:", "orange"),
}
"""Icon and colour of every verdict."""

_MEANINGS = {
    "single": "Switching it alone changes the result from that of one run to that of the other.",
    "joint": "No single setting explains the gap; together they do.",
    "interaction": "The effect of one setting depends on another (interaction).",
    "no-difference": "Apart from the seed (chance), no relevant difference remains.",
    "inconclusive": "The trials are inconclusive: neither a difference nor its absence is shown.",
}


def verdict_card(verdict: str, result: "BisectResult") -> None:
    """The answer in the person's words, the button that applies it, and the evidence below."""
    words, (icon, colour) = VERDICTS.get(verdict, verdict), LOOKS_OF.get(verdict, (":material/help:", "gray"))
    said = headline(result)
    with st.container(border=True, key="verdict"):
        st.badge(on_badge(words), icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(f"### {plain(said.title)}")
        if said.lines:
            st.markdown(" ".join(map(plain, said.told())))
        with st.container(horizontal=True):
            _fix_button(result)
            _batches_button(result)
        st.caption(" ".join(plain(text) for text in (_MEANINGS.get(verdict, ""), str(result.get("sentence") or ""))))
        show_answers(result)


def _fix_button(result: "BisectResult") -> None:
    """Leads to the form with the worse run's settings and the cause as in the better one; for whoever may train."""
    good, keys = result["good"], [key for key in result["factors"] if key != DATASET]
    if not good or not keys or len(keys) < len(result["factors"]) or not may(Action.TRAIN):
        return
    sides = dict(zip("ab", (diagnose_actions.find_run(run_id) for run_id in result["runs"]), strict=True))
    better, worse = sides[good], sides["b" if good == "a" else "a"]
    if better is None or worse is None:
        return  # deleted since
    label = f"Train {'B' if good == 'a' else 'A'} with the fix"
    if st.button(label, type="primary", icon=":material/build:", help="Opens the form; does not start yet.", key="fix"):
        _open_fixed(worse, better, keys)


def _batches_button(result: "BisectResult") -> None:
    """Leads to what the batches of the worse run hold, where the cause is one of its data."""
    good, keys = result["good"], result["factors"]
    worse = diagnose_actions.find_run(result["runs"]["ab".index("b" if good == "a" else "a")]) if good else None
    if worse is None or not any(key.startswith("data.") for key in keys):
        return
    config = read_config(worse)
    if config is None or not may_open(config.dataset):
        return
    name = "B" if good == "a" else "A"
    help = "The Dataset page, with the dataset and the data settings of that run."
    if st.button(f"See the batches of {name}", icon=":material/grid_view:", help=help, key="batches"):
        st.switch_page("pages/dataset.py", query_params=batches_address(worse.id, config))


def batches_address(run_id: str, config: RunConfig) -> dict[str, str]:
    """The address of the Dataset page that shows the batches of a run.

    Args:
        run_id: str.
        config: RunConfig. The run's.
    """
    settings = {key: text_of(value) for key, value in config.settings().items() if key.startswith("data.")}
    dataset = SAMPLE if config.dataset == SAMPLE else name_of(config.dataset) or f"{OF_RUN}:{run_id}"
    return {"dataset": dataset, "tab": BATCHES, **settings}


def _open_fixed(worse: "Run", better: "Run", keys: list[str]) -> None:
    try:
        settings = better.config().settings()
    except UserError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
        return
    open_clone(worse, {key: settings[key] for key in keys if key in settings})
