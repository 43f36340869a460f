"""What is said of runs that did not end by themselves: their figures are those of a training that was cut short."""

from core.store.runs import Run

_WORDS = {
    "stopped": "{side} was stopped after {epochs}",
    "failed": "{side} failed after {epochs}",
    "interrupted": "{side} was interrupted after {epochs}",
    "damaged": "The status of {side} is damaged, so it is not known whether it ended; {epochs} are recorded",
}
_AT_WORK = "{side} has not ended yet; {epochs} are recorded"


def endings(a: Run, b: Run) -> list[str]:
    """One sentence for each of two runs that was stopped, has failed or is damaged, or has not ended.

    Raises:
        RunError: the configuration of a run cannot be read.
    """
    return [said for side, run in (("A", a), ("B", b)) if (said := _ending(side, run))]


def _ending(side: str, run: Run) -> str:
    status, done = run.read_status().status, len(run.epochs())
    if status == "finished":
        return ""
    planned = None if run.recorded() else run.config().training.most_epochs
    epochs = f"{done} of {planned} epochs" if planned else f"{done} epochs"
    said = _WORDS.get(status, _AT_WORK).format(side=side, epochs=epochs)
    if planned is not None and done >= planned:
        return f"{said}."
    return f"{said}: its training was cut short, and that alone may make the difference."
