"""Export panel: choose a format, export in a process of its own, download."""

from pathlib import Path

import streamlit as st

from core.access.modes import LOCAL, mode
from core.access.roles import Action
from core.errors import UserError
from core.export.formats import FORMATS, SMALL, Format
from core.export.prepared import prepare_export, prepared, prepared_facts
from core.export.small import measured_rows, warning
from core.progress import StepProgress
from core.store.runs import Run
from pages.shared.run.facts import data_facts
from pages.shared.shell.access import guarded, may
from pages.shared.state import EXPORT, part_key
from pages.shared.widgets.text import plain, sentence

_KINDS = {"savedmodel": "a zip with the folder", "script": "a zip with the script and the model it starts from"}


def show_export(run: Run) -> None:
    """A folded panel; absent while the run is active, and without what the person may not make."""
    if run.read_status().is_active:
        return
    with st.expander("Export", icon=":material/ios_share:"):
        offered = [kind for kind in FORMATS.values() if _is_offered(run, kind)]
        if not offered:
            st.caption("Nothing to export yet: the run has neither a model nor metrics.")
            return
        name = st.radio(
            "Format",
            [kind.name for kind in offered],
            format_func=_title,
            captions=[kind.purpose for kind in offered],
            key=part_key(EXPORT, run.id),
            help="The file is created on request.",
        )
        _file(run, FORMATS[name])


def _title(name: str) -> str:
    return FORMATS[name].title


def _is_offered(run: Run, kind: Format) -> bool:
    has_what_it_needs = run.has_model() if kind.of_model else run.evaluation() is not None
    return has_what_it_needs and (not kind.converts or may(Action.EXPORT))


def _file(run: Run, kind: Format) -> None:
    """The button that makes the file, or the one that downloads it."""
    if ready := prepared(run, kind):
        _say_loss(run, kind)
        st.download_button(
            f"Download, {_size(ready)}",
            data=ready.read_bytes,
            file_name=_file_name(run, kind, ready),
            mime="application/zip" if ready.suffix == ".zip" else kind.mime,
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            key=part_key(EXPORT, run.id, kind.name, "file"),
            help=_KINDS.get(kind.name, "one file").capitalize() + ".",
        )
        return
    words = "Takes 10 to 30 seconds: a separate process loads TensorFlow, converts and checks it."
    if kind.name in SMALL:
        words = (
            "Takes about a minute: it is converted, then evaluated on the validation images; the loss of "
            "accuracy is shown first."
        )
    pressed = st.button(
        f"Prepare: {kind.title}",
        icon=":material/construction:",
        key=part_key(EXPORT, run.id, kind.name),
        help=words if kind.converts else None,
    )
    if pressed and _prepare_with_progress(run, kind):
        st.rerun()


def _say_loss(run: Run, kind: Format) -> None:
    """What a smaller model does on the validation images, above the button that downloads it."""
    facts = prepared_facts(run, kind).get("small") if kind.name in SMALL else None
    if not facts:
        return
    st.dataframe(measured_rows(facts), hide_index=True, alt="The run's model and the smaller one, measured")
    st.caption(
        f"On {facts['images']} validation images; a probability changes by {facts['worst_change']:.3f} at most. "
        "Milliseconds per image on this machine."
    )
    if loss := warning(facts):
        st.warning(plain(loss), icon=":material/trending_down:")


def _prepare_with_progress(run: Run, kind: Format) -> Path | None:
    """The file, made while a bar tells how far it is; None where it could not be made, which is said."""
    bar = st.progress(0.0, text="Starting …")
    try:
        make = _convert if kind.converts else _collect
        return make(run, kind, lambda words, share: bar.progress(share, text=words))
    except UserError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
        return None
    finally:
        bar.empty()


@guarded(Action.EXPORT)
def _convert(run: Run, kind: Format, progress: StepProgress) -> Path:
    """What needs TensorFlow. Only the person at the machine itself gets the folder of the images in a script."""
    facts = data_facts(run)
    images = None if mode() == LOCAL or facts is None else Path(facts.root).name
    return prepare_export(run, kind, progress, images)


@guarded(Action.LOOK)
def _collect(run: Run, kind: Format, progress: StepProgress) -> Path:
    """What only copies what whoever may look can see."""
    return prepare_export(run, kind, progress)


def _file_name(run: Run, kind: Format, ready: Path) -> str:
    return f"{run.id}-README.md" if kind.name == "card" else ready.name


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 10**5 else f"{size / 1e3:.0f} kB"
