"""Fail-closed: whatever a page could change is guarded, and what is not known here is refused."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = [*PAGES, *sorted((ROOT / "pages" / "shared").rglob("*.py"))]

# Functions of the core that pages import or reach through a module or an object, and that change something, start a
# process or open what only some may open. Everything else that pages take from the core must be in READS.
CHANGES = {
    "cache.empty",
    "core.bisect.store.BisectStore().create",
    "core.bisect.store.resume_bisect",
    "core.checks.resplit.resplit",
    "core.data.collections.fetch_collection",
    "core.data.corrections.change_labels",
    "core.data.corrections.undo_labels",
    "core.data.ingest.ingest_files",
    "core.data.ingest.ingest_zips",
    "core.data.split_file.remove_split",
    "core.export.bundle_import.import_bundle",
    "core.export.export_client.export_run",
    "core.export.prepared.prepare_export",
    "core.housekeeping.trash.delete",
    "core.housekeeping.trash.empty_old",
    "core.housekeeping.trash.restore",
    "core.label_review.store.ReviewStore().create",
    "core.label_review.store.restart_review",
    "core.lr_search.store.LrSearchStore().create",
    "core.store.examples.install",
    "core.store.notes.write_note",
    "core.store.runs.RunStore().create",
    "core.sweep.store.SweepStore().create",
    "core.sweep.store.resume_sweep",
    "core.workers.launch.end_now",
    "core.workers.launch.get_ready",
    "core.workers.launch.resume",
    "core.workers.launch.start",
    "core.workers.launch.stop",
    "core.workers.predict_client.predict",
    "core.workers.probe_client.probe",
    "core.workers.try_model_client.import_model",
    "shutil.copytree",
    "shutil.rmtree",
}
# Modules of the core out of which pages take functions that only look, compute, or write what the program keeps for
# itself (its caches, the story of the puzzle behind a guard, and the status of a run whose worker has died).
READS = {
    "core.access", "core.bisect.arm_rows", "core.bisect.orient", "core.bisect.store", "core.checks.data",
    "core.checks.finding", "core.checks.preflight", "core.checks.quality", "core.checks.resplit",
    "core.compare.compare", "core.config", "core.course.during", "core.data.augment", "core.data.collections",
    "core.data.corrections", "core.data.dataset", "core.data.feature_cache", "core.data.images",
    "core.data.ingest", "core.data.layout", "core.data.layout_choice", "core.data.leftovers",
    "core.data.listing", "core.data.order", "core.data.sample", "core.data.scan", "core.data.split",
    "core.data.split_file", "core.data.table_choice", "core.data.table_guess", "core.data.table_labels",
    "core.data.tables", "core.data.zip_plan", "core.errors", "core.export.bundle_import", "core.export.formats",
    "core.export.prepared", "core.files", "core.hosts", "core.housekeeping.clock",
    "core.housekeeping.retention", "core.housekeeping.trash", "core.housekeeping.trial_ids",
    "core.insight.answer", "core.insight.calibration", "core.insight.overlay", "core.insight.reference",
    "core.insight.side_by_side", "core.insight.stored", "core.jobs.job", "core.jobs.time_limits",
    "core.jobs.validate", "core.label_review.store", "core.lr_search.store", "core.models.catalogue",
    "core.models.class_names", "core.models.fetch", "core.models.trial", "core.models.unfreezing", "core.paths",
    "core.progress", "core.report.images", "core.report.report", "core.script.importing", "core.script.text",
    "core.setting", "core.stats.metrics", "core.store.csv_tables", "core.store.examples", "core.store.index",
    "core.store.notes", "core.store.recent", "core.store.records", "core.store.runs", "core.sweep.plan",
    "core.sweep.store", "core.workers.launch", "core.workers.predict_client", "core.workers.probe_client",
    "core.workers.script_client", "core.workers.try_model_client",
}  # fmt: skip


def called(node: ast.Call, names: dict[str, str]) -> str:
    """`launch.stop(run)` is `core.workers.launch.stop`, whatever the file calls that module."""
    text = ast.unparse(node.func)
    first = re.match(r"\w*", text).group()  # type: ignore[union-attr]
    return names.get(first, first) + text[len(first) :]


def imported_names(tree: ast.AST) -> dict[str, str]:
    """What each name that a file takes from elsewhere stands for."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }  # fmt: skip


def imported_modules(tree: ast.AST) -> set[str]:
    """The modules of the core that a file takes something from."""
    return {
        whole if (ROOT / (whole.replace(".", "/") + ".py")).exists() else whole.rpartition(".")[0]
        for whole in imported_names(tree).values() if whole.startswith("core.")
    }  # fmt: skip


def changing_calls(path: Path) -> list[tuple[str, list[ast.FunctionDef], int]]:
    """Every call of CHANGES in a file, with the functions it stands in, from the outside."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = imported_names(tree)

    def walk(node: ast.AST, inside: list[ast.FunctionDef]) -> None:
        if isinstance(node, ast.FunctionDef):
            inside = [*inside, node]
        if isinstance(node, ast.Call) and called(node, names) in CHANGES:
            found.append((called(node, names), inside, node.lineno))
        for child in ast.iter_child_nodes(node):
            walk(child, inside)

    walk(tree, [])
    return found


def is_guarded(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("guarded(Action.") for decorator in function.decorator_list)


def test_what_changes_something_stands_in_a_guarded_function() -> None:
    for path in SOURCES:
        for name, inside, line in changing_calls(path):
            place = f"{path.relative_to(ROOT)}:{line}"
            assert any(map(is_guarded, inside)), f"{place} calls {name} and checks nobody's right to it"


def test_the_calls_that_are_looked_for_are_there() -> None:
    """Names that nobody calls would make the test above empty."""
    calls = {name for path in SOURCES for name, *_ in changing_calls(path)}
    expected = {
        "core.bisect.store.BisectStore().create",
        "core.bisect.store.resume_bisect",
        "core.data.collections.fetch_collection",
        "core.data.ingest.ingest_files",
        "core.data.ingest.ingest_zips",
        "core.export.bundle_import.import_bundle",
        "core.export.prepared.prepare_export",
        "core.housekeeping.trash.delete",
        "core.housekeeping.trash.restore",
        "core.lr_search.store.LrSearchStore().create",
        "core.store.notes.write_note",
        "core.store.runs.RunStore().create",
        "core.sweep.store.SweepStore().create",
        "core.sweep.store.resume_sweep",
        "core.workers.launch.end_now",
        "core.workers.launch.resume",
        "core.workers.launch.start",
        "core.workers.launch.stop",
        "core.workers.predict_client.predict",
        "core.workers.probe_client.probe",
        "core.workers.try_model_client.import_model",
    }
    assert expected <= calls


def test_pages_take_nothing_from_the_core_that_nobody_has_looked_at() -> None:
    for path in SOURCES:
        unknown = imported_modules(ast.parse(path.read_text(encoding="utf-8"))) - READS
        assert not unknown, f"{path.relative_to(ROOT)} imports {unknown}: say in this test what it can change"


def test_no_module_is_listed_that_is_not_there() -> None:
    modules = {name for name in READS if not (ROOT / (name.replace(".", "/") + ".py")).exists()}
    assert modules == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_asks_first_who_is_there(page: Path) -> None:
    statements = [
        node for node in ast.parse(page.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]  # fmt: skip
    assert called(statements[0].value, {}) == "frame"  # type: ignore[arg-type]
    others = [n for n in ast.parse(page.read_text(encoding="utf-8")).body if not isinstance(n, ast.Expr)]
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.If)
    assert all(isinstance(node, allowed) for node in others)
    first_if = next((node.lineno for node in others if isinstance(node, ast.If)), 10**6)
    assert statements[0].lineno < first_if


def test_a_guard_can_be_seen_from_outside() -> None:
    actions = importlib.import_module("pages.shared.train.actions")
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
            assert called(node, {}) not in FORBIDDEN_CALLS
            for keyword in node.keywords:
                assert keyword.arg not in ("unsafe_allow_html", "allow_pickle", "safe_mode", "shell") or (
                    ast.unparse(keyword) in ("allow_pickle=False", "safe_mode=True")
                )
