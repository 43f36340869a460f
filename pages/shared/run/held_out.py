"""Cached readings of a run's held-out predictions: calibration, out-of-distribution limit."""

from pathlib import Path

import streamlit as st

from core.insight import reference
from core.insight.calibration import Calibration, calibrate
from core.insight.reference import OutOfDistributionLimit
from core.insight.stored import Stored, stored_predictions
from core.store.runs import Run
from pages.shared.run.facts import Stamp, file_stamp


def stored(run: Run, part: str) -> Stored | None:
    """The kept predictions of `val` or `test`; None where there are none."""
    stamp = file_stamp(run.path / "predictions.csv")
    return _stored(str(run.path), stamp, part) if stamp else None


def calibration(run: Run) -> Calibration | None:
    """The temperature fitted on the validation images; None without predictions."""
    stamp = file_stamp(run.path / "predictions.csv")
    return _calibration(str(run.path), stamp) if stamp else None


def ood_limit(run: Run) -> OutOfDistributionLimit | None:
    """From where on an image is foreign to the run; None where it keeps no features of its training images."""
    stamp = file_stamp(reference.reference_path(run))
    return _ood_limit(str(run.path), stamp) if stamp else None


@st.cache_resource(max_entries=64, show_spinner=False)
def _stored(folder: str, stamp: Stamp, part: str) -> Stored | None:
    """Shared by all viewers: nobody changes it."""
    return stored_predictions(Run(Path(folder)), part)


@st.cache_resource(max_entries=64, show_spinner=False)
def _calibration(folder: str, stamp: Stamp) -> Calibration | None:
    kept = stored_predictions(Run(Path(folder)), "val")
    return calibrate(kept.labels, kept.probabilities) if kept else None


@st.cache_resource(max_entries=64, show_spinner=False)
def _ood_limit(folder: str, stamp: Stamp) -> OutOfDistributionLimit | None:
    return reference.read_ood_limit(Run(Path(folder)))
