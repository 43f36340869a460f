"""What can be downloaded of a run: model, history, predictions, report."""

import streamlit as st

from core.report.run_report import run_report
from core.store.csv_tables import csv_bytes
from core.store.runs import Run
from pages.shared.run.facts import epochs
from pages.shared.run.sample_of_run import draw_sample_of
from pages.shared.state import WITH_IMAGES, part_key
from pages.shared.widgets.charts import history_frame
from pages.shared.widgets.download import download


def downloads(run: Run) -> None:
    """The model, the history, the predictions and the report as files, in one row."""
    model, predictions = run.path / "model.keras", run.path / "predictions.csv"
    history = epochs(run)
    with st.container(horizontal=True):
        if model.is_file():
            label = f"Model, {model.stat().st_size / 2**20:.0f} MB"
            name, icon = f"{run.id}-{model.name}", ":material/deployed_code:"
            download(label, name, model.read_bytes, part_key("download", run.id, model.name), icon=icon)
        if history:
            name, key = f"{run.id}-history.csv", part_key("download", run.id, "history")

            def table() -> bytes:
                return csv_bytes(history_frame(history).to_csv(index=False))

            download("History, CSV", name, table, key, icon=":material/show_chart:")
        if predictions.is_file():
            name, key = f"{run.id}-{predictions.name}", part_key("download", run.id, predictions.name)
            download("Predictions, CSV", name, predictions.read_bytes, key)
        download_report(run)


def download_report(run: Run) -> None:
    """The report of a run."""
    about = "Curves, figures, findings, settings and card in one file that any browser opens."
    key = part_key("download", run.id, "report")
    with_images = bool(st.session_state.get(part_key(WITH_IMAGES, run.id)))
    if with_images:
        draw_sample_of(run)

    def report() -> bytes:
        return run_report(run, with_images=with_images).encode()

    download("Report, HTML", f"{run.id}.html", report, key, about=about)
    st.checkbox(
        "With images",
        key=part_key(WITH_IMAGES, run.id),
        help="Includes small images of the worst mistakes. Turn off if you may not share them.",
    )
