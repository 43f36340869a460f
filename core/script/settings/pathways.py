"""Where the images of a script come from: the folder, or the table with their labels."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath

from core.script.flow.machine import word
from core.script.flow.objects import Array, Batches
from core.script.flow.training_calls import images_of
from core.script.parts import PARTS
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story
from core.script.tables import of_frame, table_columns

_WANTED = "Parity reads image files, in one folder per class"


def fill_dataset(story: Story, found: Collected) -> None:
    """Writes the folder of the dataset; asks for it where the script does not say, or has a table of labels."""
    machine = story.course.machine
    if (missing := undefined_feed(story, found)) is not None:
        found.ask("dataset", missing.why, missing.line)
        return
    framed = [one for one in machine.sources if one.origin is not None and one.origin.kind == "flow_from_dataframe"]
    if framed:
        why, line = of_frame(found.script, framed[0])
        found.ask("dataset", why, line)
        return
    stated = [
        (one, given) for one in machine.sources if (given := argument(found.script, one.origin, "directory")).stated
    ]
    if not stated:
        _without_batches(story, found)
        return
    for _, given in stated:
        if not (word(given.value) or "").strip():
            empty = (
                f"{found.script.where(given.line)}: the folder {given.text} is empty text; name the folder of images"
            )
            found.ask("dataset", given.why if word(given.value) is None else empty, given.line)
            return
    _folder(found, [given for _, given in stated])


def undefined_feed(story: Story, found: Collected) -> Given | None:
    """What is trained on, where that is a name to which the script gives no value."""
    fit = story.last
    if fit is None or isinstance(fit.x, (Array, Batches)):
        return None
    given = argument(found.script, fit, "x", "generator")
    return given if "not defined in the script" in given.why else None


def _folder(found: Collected, given: list[Given], *, of_classes: bool = False) -> None:
    """Writes the folder around all that are given; those whose files are listed may be one for each class."""
    paths = {_path(word(one.value) or "") for one in given}
    lines = tuple(dict.fromkeys(line for one in given for line in one.lines))
    found.dataset_lines = lines
    if len(paths) == 1:
        path = paths.pop()
        found.dataset = str(path.parent if path.name.lower() in PARTS else path)
        return
    parents, names = {path.parent for path in paths}, {path.name.lower() for path in paths}
    if of_classes and not names & set(PARTS):  # one for each class: the folder of each part stands above
        names = {path.name.lower() for path in parents}
        parents = {path.parent for path in parents} if names <= set(PARTS) else parents
        names = set()
    if len(parents) == 1 and names <= set(PARTS):
        found.dataset = str(parents.pop())
        return
    told = ", ".join(sorted(str(path) for path in paths)[:4])
    first = min(lines, default=0)
    found.ask(
        "dataset",
        f"{found.script.where(first)}: {told}; Parity expects train and val (or validation) in one folder",
        first,
    )


def _path(text: str) -> PurePath:
    return PureWindowsPath(text) if "\\" in text else PurePosixPath(text)


def _without_batches(story: Story, found: Collected) -> None:
    """Images that the script reads one by one, or that come from elsewhere."""
    script = found.script
    if (table := table_columns(script)) is not None:
        found.ask("dataset", *table)
        return
    listed = [one for one in story.course.machine.folders if word(one.value)]
    feed = images_of(story.feed) if story.feed is not None else None
    is_read = isinstance(feed, Array) and feed.source.kind in ("image", "files", "")
    if listed and is_read:
        _folder(found, [Given(one.value, one.line) for one in listed], of_classes=True)
        return
    if story.feed is None:
        found.ask("dataset", "the script names no folder of images")
        return
    text, line = _elsewhere(story, feed)
    text = text if text not in VAGUE else name_of_feed(story, found) or "elsewhere"
    where = f"{script.where(line)}: " if line else ""
    found.ask("dataset", f"{where}the script names no folder of images, they come from {text}; {_WANTED}", line)


VAGUE = ("", "elsewhere", "a part", "a list", "an element", "elements", "x", "a function", "images")
"""What values are called of which no name is known."""


def name_of_feed(story: Story, found: Collected) -> str:
    """What the script calls the images that it trains on; empty where that is no name."""
    fit = story.last
    return argument(found.script, fit, "x", "generator").text if fit is not None else ""


def _elsewhere(story: Story, feed: object) -> tuple[str, int]:
    if isinstance(feed, Array) and feed.source.text:
        return feed.source.text, feed.source.line
    fit = story.last
    if isinstance(feed, Array) and feed.strange is not None and feed.strange[1]:
        return feed.strange[0], feed.strange[1]
    text, line = getattr(feed, "text", "") or getattr(feed, "name", ""), getattr(feed, "line", 0)
    if isinstance(story.feed, Batches):
        text, line = text or story.feed.text, line or story.feed.line
    return text or "elsewhere", line or (fit.line if fit is not None else 0)
