"""Forms that import a model or a zipped run; absent for whoever may not."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.access.roles import Action
from core.checks.in_words import form_words
from core.data.rendering import FITS
from core.errors import UserError
from core.export.bundle_import import import_bundle
from core.models.class_names import QUOTING, split_classes
from core.models.trial import PIXELS
from core.sentences import counted
from core.store.evaluated import read_gaps
from core.store.runs import Run
from core.workers.evaluate_client import evaluate_on
from core.workers.try_model_client import import_model, is_imported
from pages.shared.shell.access import guarded, may, person
from pages.shared.shell.quota import admit_files
from pages.shared.state import (
    EVALUATE,
    MODEL_CLASSES,
    MODEL_FILE,
    MODEL_FIT,
    MODEL_NAME,
    MODEL_PIXELS,
    RUN,
    RUN_ZIP,
    chosen_dataset,
    clear_uploader,
    part_key,
    uploader_key,
)
from pages.shared.widgets.text import plain, sentence

_MOST_MEGABYTES = 500

_BY_IMAGES = "by images"
"""The choice to try every scale on the dataset of the session."""

_PIXELS = {
    "": "Automatic: 0 to 255, with a warning if no layer scales them",
    "0..255": "0 to 255 (unscaled)",
    "0..1": "0 to 1",
    "-1..1": "-1 to 1 (MobileNet, Teachable Machine)",
    _BY_IMAGES: "Found with the labelled images of the open dataset",
    "torch": "Normalised by ImageNet mean and standard deviation (torch)",
    "caffe": "BGR minus ImageNet mean (caffe: VGG16, ResNet50)",
}

_FITS = {
    "": "As stated in the file; cropped for Teachable Machine, otherwise stretched",
    "stretch": "Stretched (aspect ratio not kept)",
    "letterbox": "Letterbox, edge colour",
    "letterbox_black": "Letterbox, black",
    "crop": "Centre crop",
}


def show_model_import() -> None:
    """A folded form: the file, the names of its classes, what to call it."""
    if not may(Action.IMPORT):
        return
    with st.expander("Import model", icon=":material/upload_file:"):
        st.caption(
            "A .keras or .h5 file of Keras 2.3 or later, or Teachable Machine's zip, that takes RGB or grey images and "
            "gives probabilities. It is inspected before it is loaded, then tested in a sandboxed process; takes 10 "
            "seconds."
        )
        file = st.file_uploader(
            "The model",
            type=["keras", "h5", "zip"],
            key=uploader_key(MODEL_FILE),
            max_upload_size=_MOST_MEGABYTES,
            help="It is inspected before it is loaded, then tested in a sandboxed process.",
        )
        classes = st.text_input(
            "Its classes, separated by commas", key=MODEL_CLASSES, placeholder="cats, dogs",
            help=f"In the order of the model's outputs, usually alphabetical; {plain(QUOTING)}. Not needed for a "
                 "zip with labels.txt.",
        )  # fmt: skip
        pixels = st.selectbox(
            "Pixel scale in training", ["", *PIXELS, _BY_IMAGES], key=MODEL_PIXELS,
            format_func=_PIXELS.__getitem__,
            help="Needed if no layer of the model scales pixels. A wrong scale gives wrong predictions without an "
                 "error.",
        )  # fmt: skip
        fit = st.selectbox(
            "Resizing in training", ["", *FITS], key=MODEL_FIT, format_func=_FITS.__getitem__,
            help="Matters for images that are not square.",
        )  # fmt: skip
        name = st.text_input("Name", key=MODEL_NAME, max_chars=100, help="Shown in lists of runs.")
        if st.button("Import", icon=":material/check:", disabled=file is None) and file is not None:
            _bring(file, classes, name, pixels, fit)


def show_run_import() -> None:
    """A folded form for a zip that "The whole run" has made."""
    if not may(Action.IMPORT):
        return
    with st.expander("Import run", icon=":material/unarchive:"):
        st.caption(
            "A zip made by **Export** in this or another Parity. Its records and model are checked before they are "
            "stored; it contains no images."
        )
        file = st.file_uploader(
            "The zip of a run",
            type="zip",
            key=uploader_key(RUN_ZIP),
            max_upload_size=_MOST_MEGABYTES,
            help="Its records are checked; its model is inspected before it is loaded.",
        )
        if st.button("Import this run", icon=":material/check:", disabled=file is None) and file is not None:
            _bring_run(file)


def _bring_run(file: Any) -> None:
    try:
        with st.spinner("Checking its records, then testing its model in a separate process …"):
            run = _import_run(file)
    except UserError as error:
        st.error(plain(sentence(str(error))), icon=":material/gpp_bad:")
        return
    clear_uploader()
    st.query_params[RUN] = run.id
    st.switch_page("pages/live.py", query_params={RUN: run.id})


@guarded(Action.IMPORT)
def _import_run(file: Any) -> Run:
    admit_files([file.size])
    file.seek(0)
    return import_bundle(file, owner=person().name)


def _bring(file: Any, classes: str, name: str, pixels: str, fit: str) -> None:
    try:
        with st.spinner("Inspecting, then testing it in a separate process …"):
            run = _import(file, classes, name, pixels, fit)
    except UserError as error:
        st.error(plain(sentence(form_words(str(error)))), icon=":material/gpp_bad:")
        return
    clear_uploader()
    st.query_params[RUN] = run.id
    st.rerun()


@guarded(Action.IMPORT)
def _import(file: Any, classes: str, name: str, pixels: str, fit: str) -> Run:
    admit_files([file.size])
    file.seek(0)
    title = name or file.name.rpartition(".")[0]
    scale = {"labelled": chosen_dataset()} if pixels == _BY_IMAGES else {"pixels": pixels}
    return import_model(file, split_classes(classes), title, owner=person().name, fit=fit, **scale)


def show_labelled(run: Run) -> None:
    """For an imported model: a button that asks it about the images of the dataset that is open."""
    if not may(Action.IMPORT) or not is_imported(run):
        return
    name = Path(chosen_dataset()).name
    if st.button(
        f"Evaluate on {plain(name)}", icon=":material/fact_check:", key=part_key(EVALUATE, run.id),
        help="Runs the model on all labelled images of the open dataset, which must have the same classes. Its page "
             "then shows accuracy, calibration and threshold.",
    ):  # fmt: skip
        try:
            with st.spinner("Predicting all images …"):
                count = _evaluate(run)
        except UserError as error:
            st.error(plain(sentence(str(error))), icon=":material/error:")
            return
        st.success(f"Evaluated on {counted(count, 'image')}.", icon=":material/check:")
        for known in read_gaps(run).sentences():
            st.warning(plain(sentence(known)), icon=":material/rule:")


@guarded(Action.IMPORT)
def _evaluate(run: Run) -> int:
    return evaluate_on(run, chosen_dataset())
