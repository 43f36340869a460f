"""Where a question of two scripts is, on the Home page: its steps, then verdict, lines, proof, diff and report."""

from functools import partial
from typing import Any

import streamlit as st

from core.access.roles import Action
from core.errors import UserError
from core.report.why_report import (
    figure_rows,
    measure_title,
    place_of,
    repaired_sentence,
    verdict_words,
    why_html,
)
from core.store.status import RESUMABLE
from core.why.answer import answer_of
from core.why.store import Why, WhyStore
from core.workers import launch
from pages.shared.shell import jobs
from pages.shared.shell.access import may_change, person
from pages.shared.shell.notice import act
from pages.shared.state import BISECT, RUN_A, RUN_B, WHY
from pages.shared.why import ask
from pages.shared.widgets.text import plain, sentence

_EVERY_SECONDS = 2.0


def show_why() -> None:
    """The whole part of the Home page."""
    with st.container(border=True):
        st.subheader(":material/compare_arrows: Two scripts, two results", anchor=False)
        st.markdown(
            "Two Keras scripts that should give the same result but do not: upload both and choose the images. "
            "Parity trains as each script does, searches for the cause, and reports the line, the evidence and the "
            "smallest fix."
        )
        why = _asked()
        if why is not None:
            _show(why)
        with st.expander("Compare two scripts" if why is None else "Compare other scripts", expanded=False):
            ask.show_form()
            st.caption("Your script has custom layers or a custom training loop?")
            ask.recorder_download()


def _asked() -> Why | None:
    """The question in the address, else the person's last one."""
    named = str(st.query_params.get(WHY, ""))
    if named and (why := WhyStore().by_id(named)):
        return why
    if named:
        st.warning("The question in the address does not exist (any more).", icon=":material/link_off:")
    return next((one for one in WhyStore().list() if one.owner() == person().name), None)


def _show(why: Why) -> None:
    active = launch.poll(why).is_active
    st.fragment(_steps, run_every=_EVERY_SECONDS if active else None)(why, active)


def _steps(why: Why, was_active: bool) -> None:
    status = launch.poll(why)
    if status.is_active != was_active:
        st.rerun()
    try:
        answer = answer_of(why)
    except UserError as error:
        st.error(plain(sentence(str(error))))
        return
    is_answered = not status.is_active and bool(answer["verdict"])
    told = (
        "" if is_answered and status.message == answer["sentence"] else f" · {plain(status.message or status.status)}"
    )
    st.markdown(f"**{plain(why.title())}**{told}")
    _controls(why, active=status.is_active, resumable=status.status in RESUMABLE)
    if is_answered:
        _answer(why, answer)


def _answer(why: Why, answer: dict[str, Any]) -> None:
    factors = ", ".join(answer["factors"])
    st.markdown(f"#### {plain(verdict_words(answer))}{': ' if factors else ''}{plain(factors)}")
    st.markdown(plain(str(answer["sentence"])))
    _figures(answer)
    for one in answer["lines"]:
        st.markdown(f"**{plain(one['file'])}, {place_of(one)}** · {plain(one['does'])}")
        st.code(one["text"], language="python")
    if answer["diff"]:
        st.markdown("**Smallest fix**")
        st.code(answer["diff"], language="diff")
    if answer["repaired"]:
        st.markdown(plain(repaired_sentence(answer)))
    _links(why, answer)


def _figures(answer: dict[str, Any]) -> None:
    """What decided, over seeds, with what one training of each says beside it."""
    if not (title := measure_title(answer)):
        return
    rows = [[plain(cell) for cell in row] for row in figure_rows(answer)]
    head = ["Script", title, "Accuracy of a single run"]
    lines = [head, ["---"] * len(head), *rows]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _links(why: Why, answer: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        query = {RUN_A: answer["runs"][0], RUN_B: answer["runs"][1], BISECT: answer["bisect"] or ""}
        st.page_link("pages/diagnose.py", label="All trials and the evidence", icon=":material/troubleshoot:",
                     query_params=query)  # fmt: skip
        st.download_button("Report", why_html(why), f"why-{why.id}.html", "text/html", icon=":material/description:",
                           on_click="ignore", key="why_report")  # fmt: skip
        if answer["repaired"] and answer["repaired"]["text"]:
            st.download_button("Repaired script", answer["repaired"]["text"], _repaired_name(answer["repaired"]), None,
                               icon=":material/build:", on_click="ignore", key="why_repaired")  # fmt: skip


def _repaired_name(repaired: dict[str, Any]) -> str:
    return "repaired.ipynb" if str(repaired["file"]).lower().endswith(".ipynb") else "repaired.py"


def _controls(why: Why, *, active: bool, resumable: bool) -> None:
    """Stop for a running question, and a way on for one that has ended early; for whoever may."""
    if not may_change(Action.DIAGNOSE, why.owner()):
        return
    pressed = False
    if active:
        stopping = why.stop_requested()
        pressed = st.button(
            "Stopping …" if stopping else "Stop", icon=":material/stop_circle:", disabled=stopping,
            on_click=act, args=(partial(jobs.stop, why),), key="why_stop", help="Finished training is kept.",
        )  # fmt: skip
    elif resumable:
        pressed = st.button(
            "Resume", icon=":material/play_circle:", on_click=act, args=(partial(jobs.go_on, why),), key="why_resume",
            help="Continues where it stopped; finished runs are not trained again.",
        )  # fmt: skip
    if pressed:
        st.rerun()
