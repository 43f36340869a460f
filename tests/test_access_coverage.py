"""Fail-closed: whatever a page could change is guarded, and what is not known here is refused."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = [*PAGES, *sorted((ROOT / "pages" / "shared").glob("*.py"))]

# Functions of the core that pages import or reach through a module or an object, and that change something, start a
# process or open what only some may open. Everything else that pages take from the core must be in READS.
CHANGES = {
    "launch.start", "launch.stop", "launch.end_now", "launch.resume", "bisects.resume_bisect",
    "BisectStore().create", "RunStore().create", "ingest_files", "ingest_zip", "probe",
    "predict", "cache.empty", "launch.get_ready", "shutil.rmtree", "shutil.copytree", "import_model", "import_bundle",
    "prepare_export", "export_run", "fetch_collection",
    "shipped.install",
    "write_note", "RateStore().create", "SweepStore().create",
    "sweeps.resume_sweep", "trash.delete", "trash.restore", "trash.empty_old",
    "change_labels", "undo_labels", "remove_split", "resplit", "restart_review",
    "ReviewStore().create",
}  # fmt: skip
# Modules of the core out of which pages take functions that only look, compute, or write what the program keeps for
# itself (its caches, the story of the puzzle behind a guard, and the status of a run whose worker has died).
READS = {
    "core.access", "core.admission", "core.arms", "core.config", "core.errors", "core.files", "core.jobs",
    "core.launch", "core.metrics", "core.paths", "core.prediction", "core.probing", "core.registry", "core.runs",
    "core.setting",
    "core.data.augment", "core.data.collections", "core.data.dataset", "core.data.feature_cache", "core.data.images",
    "core.data.ingest", "core.data.order", "core.data.sample",
    "core.data.scan", "core.data.split", "core.data.zip_plan", "core.diagnosis", "core.diagnosis.bisects",
    "core.diagnosis.check", "core.diagnosis.compare", "core.diagnosis.data", "core.diagnosis.during",
    "core.diagnosis.finding",
    "core.data.corrections", "core.data.split_file", "core.diagnosis.quality", "core.diagnosis.resplit",
    "core.diagnosis.reviews",
    "core.insight", "core.insight.answer", "core.insight.calibration", "core.insight.overlay",
    "core.insight.reference", "core.insight.side_by_side", "core.insight.stored",
    "core.export.bundle_import", "core.export.formats", "core.export.prepared",
    "core.diagnosis.report", "core.diagnosis.report_pictures", "core.diagnosis.sides", "core.models",
    "core.models.catalogue", "core.models.fetch", "core.models.unfreezing",
    "core.model_import", "core.notes", "core.script",
    "core.rate_search", "core.script.importing", "core.script.text", "core.shipped", "core.sweep_plan", "core.sweeps",
    "core.trash",
}  # fmt: skip


def called(node: ast.Call) -> str:
    """`launch.stop(run)` is `launch.stop`, `RunStore().create(c)` is `RunStore().create`."""
    return ast.unparse(node.func)


def changing_calls(path: Path) -> list[tuple[str, list[ast.FunctionDef], int]]:
    """Every call of CHANGES in a file, with the functions it stands in, from the outside."""
    found = []

    def walk(node: ast.AST, inside: list[ast.FunctionDef]) -> None:
        if isinstance(node, ast.FunctionDef):
            inside = [*inside, node]
        if isinstance(node, ast.Call) and called(node) in CHANGES:
            found.append((called(node), inside, node.lineno))
        for child in ast.iter_child_nodes(node):
            walk(child, inside)

    walk(ast.parse(path.read_text(encoding="utf-8")), [])
    return found


def is_guarded(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("guarded(Action.") for decorator in function.decorator_list)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_changes_something_stands_in_a_guarded_function(path: Path) -> None:
    for name, inside, line in changing_calls(path):
        assert any(map(is_guarded, inside)), f"{path.name}:{line} calls {name} and checks nobody's right to it"


def test_the_calls_that_are_looked_for_are_there() -> None:
    """Names that nobody calls would make the test above empty."""
    calls = {name for path in SOURCES for name, *_ in changing_calls(path)}
    expected = {"launch.start", "launch.stop", "launch.end_now", "launch.resume", "RunStore().create",
                "BisectStore().create", "bisects.resume_bisect",
                "ingest_files", "ingest_zip", "probe", "predict", "write_note", "RateStore().create",
                "SweepStore().create", "sweeps.resume_sweep",
                "trash.delete", "trash.restore", "import_model", "import_bundle", "prepare_export",
                "fetch_collection"}  # fmt: skip
    assert expected <= calls


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_pages_take_nothing_from_the_core_that_nobody_has_looked_at(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "core":
            modules = {f"core.{alias.name}" for alias in node.names} if node.module == "core" else {str(node.module)}
            assert modules <= READS, f"{path.name} imports {modules - READS}: say in this test what it can change"
            for alias in node.names:  # what changes something keeps its name, or the test above would not see it
                assert alias.asname is None, f"{path.name} renames {alias.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_asks_first_who_is_there(page: Path) -> None:
    statements = [
        node for node in ast.parse(page.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]  # fmt: skip
    assert called(statements[0].value) == "frame"  # type: ignore[arg-type]
    others = [n for n in ast.parse(page.read_text(encoding="utf-8")).body if not isinstance(n, ast.Expr)]
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.If)
    assert all(isinstance(node, allowed) for node in others)
    first_if = next((node.lineno for node in others if isinstance(node, ast.If)), 10**6)
    assert statements[0].lineno < first_if


def test_a_guard_can_be_seen_from_outside() -> None:
    actions = importlib.import_module("pages.shared.actions")
    assert actions.start_once.action == "start a training"


FORBIDDEN_MODULES = {"pickle", "multiprocessing", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "os.fork", "os.system"}


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "core").rglob("*.py"))], ids=lambda path: path.stem)
def test_what_has_been_the_way_in_elsewhere_is_not_used(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert FORBIDDEN_MODULES.isdisjoint(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.module not in FORBIDDEN_MODULES
        if isinstance(node, ast.Attribute):
            assert node.attr != "extractall"
        if isinstance(node, ast.Call):
            assert called(node) not in FORBIDDEN_CALLS
            for keyword in node.keywords:
                assert keyword.arg not in ("unsafe_allow_html", "allow_pickle", "safe_mode", "shell") or (
                    ast.unparse(keyword) in ("allow_pickle=False", "safe_mode=True")
                )
