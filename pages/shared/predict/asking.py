"""Cached predictions for a page: each question is asked once, however often the page is drawn."""

from collections.abc import Sequence

import streamlit as st

from core.access.modes import PUBLIC, mode
from core.access.roles import Action
from core.errors import DataError, UserError
from core.insight.answer import Prediction
from core.insight.views import ALONE, Views
from core.progress import Progress
from core.sentences import counted
from core.store.runs import Run
from core.workers.predict_client import NamedImage, predict
from pages.shared.predict.shown import Shown
from pages.shared.run.at_work import active_runs
from pages.shared.run.facts import file_stamp
from pages.shared.shell.access import guarded
from pages.shared.shell.quota import admit_questions
from pages.shared.state import ANSWERS
from pages.shared.widgets.text import plain, sentence


def ask_once(
    run: Run, images: Sequence[Shown], slot: str = ANSWERS, *, heat: bool = False, views: Views = ALONE
) -> list[Prediction] | None:
    """The answers of a run; None when it could not answer, which is then said.

    Args:
        run: Run. It has a model.
        images: Those to be asked about.
        slot: Session key under which the answers are remembered. Defaults to that of the first run.
        heat: Whether to compute the class activation map, too. Defaults to no.
        views: Over which probabilities are averaged. Defaults to the image alone.
    """
    stamps = tuple(file_stamp(run.path / name) for name in ("model.keras", "reference.npz"))
    about = (run.id, stamps, heat, views, tuple(image.key for image in images))
    known, answers = st.session_state.get(slot, (None, None))
    if known == about:
        return list(answers)
    bar = st.progress(0.0, text="Preparing the images.")
    try:
        with st.spinner("Predicting. The first prediction takes longer because it loads the model."):
            answers = _ask(
                run,
                [(image.name, image.source) for image in images],
                lambda done, total: bar.progress(done / total, text=f"{done} of {counted(total, 'image')}"),
                heat,
                views,
            )
    except UserError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
        return None
    finally:
        bar.empty()
    st.session_state[slot] = (about, answers)
    return answers


@guarded(Action.PREDICT)
def _ask(run: Run, images: Sequence[NamedImage], progress: Progress, heat: bool, views: Views) -> list[Prediction]:
    if mode() == PUBLIC and active_runs():
        raise DataError("a run is training, and this machine does not have enough memory for both; try again later")
    admit_questions(len(images) * views.count)
    return predict(run, images, progress, heat=heat, views=views)
