"""The house: imports point one way, pages stay light, the core never hears of Streamlit."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the ground up. A name ending in `.` is a package with all that lies in it: a new file in a folder needs no line.
# A module may import from lower rows and from its own package; two names in a row know nothing of each other.
LAYERS = (
    ("core.errors",),
    ("core.environment",),
    ("core.progress", "core.setting", "core.sizes", "core.sentences", "core.paths", "core.files", "core.stats."),
    ("core.notation.", "core.recorder."),
    ("core.sections.",),
    ("core.config",),
    ("core.data.",),
    ("core.models.", "core.store."),
    ("core.access.", "core.insight.", "core.checks.", "core.estimate."),
    ("core.hosts", "core.course.", "core.script."),
    ("core.compare.",),
    ("core.workers.",),
    ("core.jobs.",),
    ("core.bisect.", "core.sweep.", "core.lr_search.", "core.label_review.", "core.cross_validation."),
    ("core.feature_check.",),
    ("core.why.", "core.search."),
    ("core.start.",),
    ("core.housekeeping.", "core.export."),
    ("core.report.", "core.runs_table."),
    ("core.engine.",),
    ("core.cli.",),
    ("core.worker", "core.__main__"),
    ("pages.shared.state",),
    ("pages.shared.widgets.",),
    ("pages.shared.shell.",),
    ("pages.shared.run.",),
    (
        "pages.shared.home.",
        "pages.shared.runs.",
        "pages.shared.dataset.",
        "pages.shared.train.",
        "pages.shared.diagnose.",
        "pages.shared.predict.",
    ),
    ("pages.shared.puzzle.", "pages.shared.why."),
    ("pages.dataset", "pages.train", "pages.live", "pages.runs", "pages.diagnose", "pages.predict"),
    ("app",),
)
FLAT = {"core": 12, "pages/shared": 6}
"""The most modules with content that may lie in these folders themselves; all others lie in a folder of their kind."""

# What brings TensorFlow with it, or is a process of its own: never for a page, whose process serves every viewer.
HEAVY = (
    *("tensorflow", "keras", "core.data.pipeline", "core.models.build", "core.models.lite0"),
    *("core.models.head_layers", "core.models.imagenet", "core.models.frozen_part", "core.models.outputs"),
    "core.models.whole_batches",
    "core.recorder.parity_recorder",
    *("core.engine", "core.worker", "core.__main__", "core.export.plain_script", "core.export.plain_training"),
    *("core.export.plain_fit", "core.export.plain_batches", "core.export.plain_head", "core.export.plain_settings"),
)

FILES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])
PAGES = [ROOT / "app.py", *sorted(ROOT.glob("pages/*.py"))]


def module_of(path: Path) -> str:
    """`core/data/scan.py` is `core.data.scan`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {module_of(path): path for path in FILES if path.name != "__init__.py"}


# What takes longer to load than all of our own modules, and what only tables and charts need.
FOR_TABLES_AND_CHARTS = ("pandas", "plotly", "altair")


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, anywhere in it; of our own ones the module, not the name taken from it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module_of(path)} imports by a relative path"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & MODULES.keys()) or {str(node.module)}
    return frozenset(found)


def layer(module: str) -> tuple[int, str]:
    """The row of a module and the name it stands under there."""
    for row, names in enumerate(LAYERS):
        for name in names:
            if module == name or (name.endswith(".") and module.startswith(name)):
                return row, name
    raise AssertionError(f"{module} has no place in LAYERS")


def is_in(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def may_import(importer: str, imported: str) -> bool:
    (above, own), (below, other) = layer(importer), layer(imported)
    return below < above or (own == other and own.endswith("."))


def test_imports_point_downward() -> None:
    upward = []
    for module, path in MODULES.items():
        ours = {name for name in imports(path) if name.split(".")[0] in ("core", "pages", "app")}
        assert ours <= MODULES.keys(), f"{module} imports what is not there: {ours - MODULES.keys()}"
        upward += [f"{module} imports {name}" for name in sorted(ours) if not may_import(module, name)]
    assert upward == []


def test_the_table_of_layers_forbids_what_it_should() -> None:
    assert may_import("core.engine.train.training", "core.data.pipeline")
    assert may_import("core.data.scan", "core.data.layout")
    assert may_import("pages.shared.predict.view", "pages.shared.run.view")
    assert not may_import("core.data.order", "core.models.catalogue")
    assert not may_import("core.config", "core.store.runs")
    assert not may_import("core.paths", "core.files")
    assert not may_import("core.worker", "pages.shared.state")
    assert not may_import("pages.shared.state", "pages.train")
    for reader in ("core.script.reader", "core.checks.preflight"):
        for forbidden in ("core.workers.launch", "core.jobs.queue"):
            assert not may_import(reader, forbidden)
    assert not may_import("core.checks.preflight", "core.access.modes")
    assert not may_import("pages.shared.widgets.text", "pages.shared.train.form")
    assert not may_import("pages.shared.train.form", "pages.shared.dataset.tabs")
    with pytest.raises(AssertionError, match=r"^core\.novel has no place in LAYERS$"):
        layer("core.novel")
    with pytest.raises(AssertionError, match=r"^pages\.shared\.novel\.view has no place in LAYERS$"):
        layer("pages.shared.novel.view")


@pytest.mark.parametrize("folder", FLAT)
def test_few_modules_lie_flat(folder: str) -> None:
    flat = [path.name for path in (ROOT / folder).glob("*.py") if path.read_bytes()]
    assert len(flat) <= FLAT[folder], f"{folder} holds {flat}"


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {module: imports(path) & MODULES.keys() for module, path in MODULES.items()}
    assert set(TopologicalSorter(graph).static_order()) == MODULES.keys()


def test_the_core_never_hears_of_the_pages_or_of_streamlit() -> None:
    strays = {
        module: sorted(name for name in imports(path) if is_in(name, ("streamlit", "pages", "app")))
        for module, path in MODULES.items()
        if is_in(module, ("core",))
    }
    assert {module: names for module, names in strays.items() if names} == {}


def assert_never_reached(start: str, forbidden: tuple[str, ...]) -> None:
    """Neither through a third module nor inside a function."""
    seen, todo = set(), [start]
    while todo:
        module = todo.pop()
        assert not is_in(module, forbidden), f"{start} reaches {module}"
        if module in MODULES and module not in seen:
            seen.add(module)
            todo += imports(MODULES[module])


def test_no_page_reaches_a_heavy_module_by_any_way() -> None:
    for start in (module for module in MODULES if not is_in(module, ("core",))):
        assert_never_reached(start, HEAVY)


def test_the_first_page_loads_nothing_for_tables_and_charts_that_it_does_not_show() -> None:
    """Streamlit loads pandas itself for the first table."""
    assert_never_reached("app", FOR_TABLES_AND_CHARTS)


def test_init_files_are_empty() -> None:
    assert [module_of(path) for path in FILES if path.name == "__init__.py" and path.read_bytes()] == []


PROGRAM = """
import os, sys
import altair, pandas, plotly.graph_objects  # once for all pages; none of them brings TensorFlow, or it would show
from streamlit import config
from streamlit.testing.v1 import AppTest

def show(home, page):
    from core.data import sample
    sample.SAMPLE_COUNTS = {"train": 3, "val": 2}  # drawn as ever, but no 960 images
    at = AppTest.from_file(home, default_timeout=120)
    if page != home:
        at.switch_page(page)
    at.run()
    assert not at.exception, at.exception
    assert at.title, "the page shows nothing"
    print(page, sorted({"tensorflow", "keras"} & sys.modules.keys()), flush=True)

config.set_option("server.address", "127.0.0.1")
home, *pages = sys.argv[1:]
for page in pages:  # each in a process of its own, where none of our modules is loaded yet
    if hasattr(os, "fork") and os.fork():
        os.wait()
        continue
    show(home, page)
    if hasattr(os, "fork"):
        os._exit(0)
"""


@pytest.mark.slow
def test_each_page_is_shown_without_tensorflow() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "app.py"), *map(str, PAGES)],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.stdout.splitlines() == [f"{page} []" for page in PAGES], result.stderr
