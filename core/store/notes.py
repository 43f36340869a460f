"""What a person writes about a run: its note and tags, in note.json of its folder, and a new name."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from core import files
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.store import records, run_titles
from core.store.json_values import Damaged, parsed
from core.store.runs import Run

LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 2000, 30, 12

NOTE_FILE = "note.json"


@dataclass(frozen=True)
class Note:
    """What is written about a run.

    Attributes:
        text: str. In the person's own words; may be empty.
        tags: tuple of str. Short words, each once, whatever its capitals.
    """

    text: str = ""
    tags: tuple[str, ...] = ()


def read_note(run: Run) -> Note:
    """What is written about a run; empty where nobody has written anything."""
    record = records.read(run.path / NOTE_FILE, records.NOTE)
    if record is None:
        return Note()
    tags = [tag for tag in record.tags if 0 < len(tag) <= LONGEST_TAG and tag.isprintable()]
    return Note(record.text[:LONGEST_NOTE], tuple(tags[:MOST_TAGS]))


def write_note(run: Run, text: str, tags: Iterable[str]) -> Note:
    """Replaces what is written about a run.

    Args:
        run: Run.
        text: str. At most `LONGEST_NOTE` characters.
        tags: iterable of str. At most `MOST_TAGS` of `LONGEST_TAG` printable characters, without commas; blanks around
            them and repetitions are dropped.

    Returns:
        What is written now.

    Raises:
        RunError: it is too long, a newer version has made the run, or its folder cannot be written.
    """
    note = Note(text.strip(), _clean(tags))
    if len(note.text) > LONGEST_NOTE:
        raise RunError(f"the note has {len(note.text):,} characters; it may have {LONGEST_NOTE:,} at most")
    run.refuse_newer()
    try:
        files.write_json(run.path / NOTE_FILE, asdict(note))
    except OSError as error:
        raise RunError(f"the note of run {run.id} cannot be written: {error.strerror}") from error
    return note


def rename_run(run: Run, name: str) -> str:
    """Gives a run another name; all else in its config.json stays as it was written.

    Args:
        run: Run.
        name: str. As `RunConfig.name`; blanks are put together. Empty: it is called by what it is.

    Returns:
        Its name now.

    Raises:
        RunError: the name is not allowed, its settings cannot be read, a newer version has made it, or its folder
            cannot be written.
    """
    name = " ".join(name.split())
    run.refuse_newer()
    run.config()
    try:
        RunConfig(name=name)
        record = parsed(records.text_of(run.path / "config.json"))
        files.write_json(run.path / "config.json", {**record, "name": name})
    except (ConfigError, Damaged) as error:
        raise RunError(f"run {run.id} keeps its name: {error}") from error
    except OSError as error:
        raise RunError(f"run {run.id} cannot be renamed: {error.strerror}") from error
    run_titles.forget(run.path.parent)
    return name


def matches(note: Note, title: str, *, text: str = "", tags: Iterable[str] = ()) -> bool:
    """Whether a run is among those that are looked for.

    Args:
        note: Note. What is written about it.
        title: str. What it is called.
        text: str. Words that must all be found in its title, note or tags, whatever their capitals.
        tags: iterable of str. Tags that it must all have.
    """
    own = {tag.casefold() for tag in note.tags}
    heap = " ".join([title, note.text, *note.tags]).casefold()
    return {tag.strip().casefold() for tag in tags} <= own and all(word in heap for word in text.casefold().split())


def _clean(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: without blanks around them, each once; refuses what is no short word."""
    kept: dict[str, str] = {}
    for tag in (" ".join(tag.split()) for tag in tags):
        if not tag:
            continue
        if len(tag) > LONGEST_TAG or "," in tag or not tag.isprintable():
            raise RunError(f'the tag "{tag[:40]}" is not allowed; it may have {LONGEST_TAG} characters and no comma')
        kept.setdefault(tag.casefold(), tag)
    if len(kept) > MOST_TAGS:
        raise RunError(f"a run may have {MOST_TAGS} tags, but {len(kept)} were given; remove some")
    return tuple(kept.values())
