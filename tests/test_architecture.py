"""docs/ARCHITECTURE.md is a map: every folder is named in it, and whatever it names is there."""

import re
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([^`\n]+)`", MAP)
TOPS = ("core/", "pages/", "tests/", "docs/", ".streamlit/")
"""What the path of a folder or file of the repository begins with; other paths are of PARITY_HOME."""


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return MAP.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_folder_of_the_program_is_in_the_tree() -> None:
    holders = {path.parent for top in ("core", "pages") for path in (ROOT / top).rglob("*.py")}
    folders = {f"{folder.relative_to(ROOT).as_posix()}/" for folder in holders}
    rows = set(re.findall(r"^\| `([^`]+/)` \|", section("The tree"), re.MULTILINE))
    assert folders - rows == set()


def test_whatever_the_map_names_is_there() -> None:
    paths = [name for name in NAMED if name.startswith(TOPS) or re.fullmatch(r"[a-z_]+\.py", name)]
    assert len(paths) > 80
    gone = [name for name in paths if "<" not in name and not any(ROOT.glob(name.rstrip("/")))]
    assert gone == []
    assert [name for name in paths if name.endswith("/") and "<" not in name and not (ROOT / name).is_dir()] == []


def test_every_file_of_a_run_on_disk_is_explained() -> None:
    text = section("What lies in PARITY_HOME")
    with zipfile.ZipFile(ROOT / "tests" / "old_home" / "home.zip") as archive:
        parts = [name.split("/") for name in archive.namelist() if name.startswith("home/")]
    known = {part[1] for part in parts} | {part[3] for part in parts if len(part) > 3}
    for folder in (ROOT / "core" / "sample_runs").glob("runs/*"):
        known |= {path.name.removesuffix(".gz") for path in folder.iterdir()}
    assert {"runs", "model.keras", "resume", "reviews"} <= known
    assert [name for name in sorted(known) if f"`{name}" not in text] == []


def test_the_map_is_found_from_where_people_begin() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "(docs/ARCHITECTURE.md)" in (ROOT / name).read_text(encoding="utf-8"), name


def test_every_path_in_the_documents_is_there() -> None:
    """Of the repository, or, for a test, of its folder tests."""
    gone = []
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"`((?:core|pages|tests|docs)/[\w./*-]+|(?:\w+/)*test_\w+\.py)`", text)
        found = {path for path in named for top in (ROOT, ROOT / "tests") if any(top.glob(path.rstrip("/")))}
        gone += [f"{document.name}: {path}" for path in named if path not in found]
    assert gone == []
