"""Starts, resumes and stops the demo, from a page. Nothing is drawn in here."""

from core.start.puzzle import PuzzleSpec
from core.start.story import Story, read_story
from core.store.runs import Run
from pages.shared.shell import jobs


def start() -> Run:
    """Starts the demo and gives its first run; of a demo under way it gives the run to watch.

    Raises:
        UserError: the person may not, the weights or a run folder cannot be used, or too many jobs wait.
    """
    job = jobs.begin("puzzle", PuzzleSpec())
    story = read_story(job)
    return story.run_to_watch if story else job.runs()[0]


def go_on(story: Story) -> None:
    """Resumes a demo that has ended before there was a verdict; one of an older version gets a job of its own.

    Raises:
        UserError: the person may not, it is running, or too many jobs wait.
    """
    if story.job:
        jobs.go_on(story.job)
    else:
        first, second = (step.run for step in story.steps)
        jobs.begin("puzzle", PuzzleSpec(begun=(first, second)))


def stop(story: Story) -> None:
    """Asks the running demo to stop; what was trained is kept.

    Raises:
        UserError: it is somebody else's, or not running.
    """
    if story.job:
        jobs.stop(story.job)
