"""Fail-closed: whatever a page could change is guarded, and what is not known here is refused."""

import ast
import importlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = [*PAGES, *sorted((ROOT / "pages" / "shared").rglob("*.py"))]

# Functions of the core that pages import or reach through a module or an object, and that change something, start a
# process or open what only some may open. Everything else that pages take from the core must be in READS.
CHANGES = {
    "cache.empty",
    "core.bisect.store.BisectStore().create",
    "core.checks.resplit.resplit",
    "core.cross_validation.store.CrossValidationStore().create",
    "core.data.collections.fetch_collection",
    "core.data.corrections.change_labels",
    "core.data.corrections.undo_labels",
    "core.data.ingest.ingest_files",
    "core.data.ingest.ingest_zips",
    "core.data.set_names.rename_set",
    "core.data.split_file.remove_split",
    "core.data.split_file.restore_split",
    "core.export.bundle_import.import_bundle",
    "core.export.export_client.export_run",
    "core.export.prepared.prepare_export",
    "core.housekeeping.trash.delete",
    "core.housekeeping.trash.empty_old",
    "core.housekeeping.trash.restore",
    "core.housekeeping.trash.restore_job",
    "core.jobs.job.rename_job",
    "core.feature_check.store.FeatureCheckStore().create",
    "core.label_review.store.ReviewStore().create",
    "core.lr_search.store.LrSearchStore().create",
    "core.search.store.SearchStore().create",
    "core.start.start.resume",
    "core.start.start.start",
    "core.start.start.start_step",
    "core.start.start.stop",
    "core.store.examples.install",
    "core.store.notes.rename_run",
    "core.store.notes.write_note",
    "core.store.runs.RunStore().create",
    "core.sweep.store.SweepStore().create",
    "core.workers.launch.end_now",
    "core.workers.launch.get_ready",
    "core.workers.launch.resume",
    "core.workers.launch.start",
    "core.workers.launch.stop",
    "core.workers.evaluate_client.evaluate_on",
    "core.workers.predict_client.predict",
    "core.workers.probe_client.probe",
    "core.workers.try_model_client.import_model",
    "shutil.copytree",
    "shutil.rmtree",
}
# Modules of the core out of which pages take functions that only look, compute, or write what the program keeps for
# itself (its caches, and the status of a run whose worker has died).
READS = {
    "core.access.limits", "core.access.modes", "core.access.persons", "core.access.roles",
    "core.bisect.arm_rows", "core.bisect.orient", "core.bisect.store", "core.checks.data",
    "core.checks.effects", "core.notation.augmentation", "core.notation.head", "core.notation.steps",
    "core.checks.cards", "core.checks.evidence_tables", "core.checks.finding", "core.checks.in_words",
    "core.checks.preflight", "core.checks.quality", "core.checks.resplit",
    "core.bisect.verdict", "core.store.bisect_record",
    "core.compare.compare", "core.compare.many", "core.compare.paired", "core.config",
    "core.bisect.ends", "core.bisect.headline", "core.course.caveats", "core.runs_table.details",
    "core.data.augment", "core.data.collections",
    "core.data.corrections", "core.data.dataset", "core.data.dataset_index", "core.data.feature_cache",
    "core.data.file_names", "core.data.images", "core.data.preprocessing",
    "core.data.ingest", "core.data.layout", "core.data.layout_choice", "core.data.leftovers",
    "core.data.listing", "core.data.order", "core.data.rendering", "core.data.sample", "core.data.scan",
    "core.data.set_names", "core.data.split",
    "core.data.split_file", "core.data.table_choice", "core.data.table_guess", "core.data.table_labels",
    "core.data.table_files", "core.data.table_finder", "core.data.table_groups", "core.data.table_images",
    "core.data.table_parts",
    "core.data.tables", "core.data.zip_plan", "core.errors", "core.export.bundle_import", "core.export.formats",
    "core.export.prepared", "core.files", "core.hosts", "core.housekeeping.clock",
    "core.housekeeping.retention", "core.housekeeping.trash", "core.housekeeping.trial_ids",
    "core.insight.answer", "core.insight.calibration", "core.insight.overlay", "core.insight.reference",
    "core.insight.side_by_side", "core.insight.stored", "core.insight.views",
    "core.jobs.job", "core.jobs.spec", "core.jobs.time_limits",
    "core.checks.context", "core.checks.coverage", "core.data.positive", "core.feature_check.store",
    "core.jobs.validate", "core.label_review.doubt", "core.label_review.store",
    "core.lr_search.store", "core.models.backbone",
    "core.models.catalogue",
    "core.models.class_names", "core.models.fetch", "core.models.optimizers", "core.models.setting_words",
    "core.models.trial", "core.models.runtime_use", "core.models.unfreezing", "core.paths", "core.sections.runtimes",
    "core.sentences",
    "core.estimate.duration", "core.estimate.memory",
    "core.progress", "core.report.images", "core.report.plot", "core.report.report",
    "core.report.run_report", "core.runs_table.columns", "core.runs_table.job_rows",
    "core.runs_table.query", "core.runs_table.rows",
    "core.script.importing", "core.script.becoming", "core.script.text",
    "core.setting", "core.start.kinds", "core.start.puzzle", "core.start.start", "core.start.story",
    "core.search.fine_tuned", "core.stats.digits", "core.stats.metrics", "core.stats.percent",
    "core.store.csv_tables", "core.store.evaluated",
    "core.store.examples", "core.store.folder", "core.store.folder_store", "core.store.index",
    "core.store.job_records", "core.store.notes", "core.store.recent", "core.store.records", "core.store.run_images",
    "core.store.run_colours", "core.store.run_records",
    "core.store.runs", "core.sweep.plan",
    "core.cross_validation.figures", "core.cross_validation.store", "core.data.folds", "core.store.fold_records",
    "core.search.candidates", "core.search.store", "core.store.predictions",
    "core.sweep.store", "core.workers.launch", "core.workers.predict_client", "core.workers.probe_client",
    "core.workers.evaluate_client", "core.export.small", "core.workers.script_client", "core.workers.try_model_client",
    "core.recorder.recorder_file", "core.report.why_report", "core.store.status", "core.why.answer", "core.why.side",
    "core.why.store",
}  # fmt: skip


def called(node: ast.Call, names: dict[str, str]) -> str:
    """`launch.stop(run)` is `core.workers.launch.stop`, whatever the file calls that module."""
    text = dotted(node.func) or ast.unparse(node.func)
    first = re.match(r"\w*", text).group()  # type: ignore[union-attr]
    return names.get(first, first) + text[len(first) :]


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; empty for all else. What `ast.unparse` gives for it, a hundred times faster."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return before and f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


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


ASKED = {"core.start.start.resume", "core.start.start.start", "core.start.start.stop"}
"""Functions that ask themselves whether the person may: they are given the one at this page, and nobody else."""


def is_asked(node: ast.Call, names: dict[str, str]) -> bool:
    """Whether the core is told who asks: `start.stop(job, person())`."""
    given = any(isinstance(one, ast.Call) and called(one, names) == PERSON for one in node.args)
    return called(node, names) in ASKED and given


PERSON = "pages.shared.shell.access.person"


def changing_calls(path: Path) -> list[tuple[str, bool, list[ast.FunctionDef], int]]:
    """Every call of CHANGES in a file, whether the core asks itself, and the functions it stands in."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = imported_names(tree)

    def walk(node: ast.AST, inside: list[ast.FunctionDef]) -> None:
        if isinstance(node, ast.FunctionDef):
            inside = [*inside, node]
        if isinstance(node, ast.Call) and called(node, names) in CHANGES:
            found.append((called(node, names), is_asked(node, names), inside, node.lineno))
        for child in ast.iter_child_nodes(node):
            walk(child, inside)

    walk(tree, [])
    return found


def is_guarded(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("guarded(Action.") for decorator in function.decorator_list)


def test_what_changes_something_stands_in_a_guarded_function() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{line} calls {name} and checks nobody's right to it"
        for path in SOURCES
        for name, asked, inside, line in changing_calls(path)
        if not asked and not any(map(is_guarded, inside))
    ]
    assert not offenders, "\n".join(offenders)


def test_the_calls_that_are_looked_for_are_there() -> None:
    """Names that nobody calls would make the test above empty."""
    calls = {name for path in SOURCES for name, *_ in changing_calls(path)}
    expected = {
        "core.data.collections.fetch_collection",
        "core.data.ingest.ingest_files",
        "core.data.ingest.ingest_zips",
        "core.export.bundle_import.import_bundle",
        "core.export.prepared.prepare_export",
        "core.housekeeping.trash.delete",
        "core.housekeeping.trash.restore",
        "core.start.start.resume",
        "core.start.start.start",
        "core.start.start.stop",
        "core.store.notes.write_note",
        "core.workers.predict_client.predict",
        "core.workers.probe_client.probe",
        "core.workers.try_model_client.import_model",
    }
    assert expected <= calls


def test_pages_take_nothing_from_the_core_that_nobody_has_looked_at() -> None:
    offenders = [
        f"{path.relative_to(ROOT)} imports {name}: say in this test what it can change"
        for path in SOURCES
        for name in sorted(imported_modules(ast.parse(path.read_text(encoding="utf-8"))) - READS)
    ]
    assert not offenders, "\n".join(offenders)


def test_no_module_is_listed_that_is_not_there() -> None:
    modules = {name for name in READS if not (ROOT / (name.replace(".", "/") + ".py")).exists()}
    assert modules == set()


def asks_first(source: str) -> bool:
    """Whether a page calls `frame` before all else, with only definitions and branches beside its calls."""
    body = ast.parse(source).body
    calls = [node for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    others = [node for node in body if not isinstance(node, ast.Expr)]
    first_if = next((node.lineno for node in others if isinstance(node, ast.If)), 10**6)
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.If)
    return (
        bool(calls)
        and ast.unparse(calls[0]).startswith("frame(")
        and calls[0].lineno < first_if
        and all(isinstance(node, allowed) for node in others)
    )


def test_every_page_asks_first_who_is_there() -> None:
    assert [page.name for page in PAGES if not asks_first(page.read_text(encoding="utf-8"))] == []


def test_a_page_that_does_not_ask_first_is_seen() -> None:
    assert asks_first("import x\n'words'\nframe(1)\nif x: y()")
    for source in ("show()\nframe()", "if x: y()\nframe()", "frame()\nfor x in y: z()", "frames()", "import x"):
        assert not asks_first(source), source


def test_a_guard_can_be_seen_from_outside() -> None:
    actions = importlib.import_module("pages.shared.train.actions")
    assert actions.start_once.action == "start a training"


FORBIDDEN_MODULES = {"pickle", "multiprocessing", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "os.fork", "os.system"}


FORBIDDEN_WORDS = {"unsafe_allow_html", "unsafe_allow_javascript", "allow_pickle", "safe_mode", "shell"}
ALLOWED_WORDS = {"allow_pickle=False", "safe_mode=True"}
ALLOWED_IN = {"pages/shared/shell/look.py": "unsafe_allow_javascript=True"}
"""A script that is a file of this program, and holds nothing that comes from elsewhere."""


def forbidden(node: ast.AST) -> set[str]:
    """What a node uses of what has been the way in elsewhere."""
    if isinstance(node, ast.Import):
        return FORBIDDEN_MODULES & {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return FORBIDDEN_MODULES & {str(node.module)}
    if isinstance(node, ast.Attribute):
        return {"extractall"} & {node.attr}
    if isinstance(node, ast.Call):
        words = {ast.unparse(keyword) for keyword in node.keywords if keyword.arg in FORBIDDEN_WORDS}
        return FORBIDDEN_CALLS & {called(node, {})} | (words - ALLOWED_WORDS)
    return set()


def test_what_has_been_the_way_in_elsewhere_is_not_used() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} uses {name}"
        for path in [*SOURCES, *sorted((ROOT / "core").rglob("*.py"))]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in forbidden(node)
        if ALLOWED_IN.get(path.relative_to(ROOT).as_posix()) != name
    ]
    assert not offenders, "\n".join(offenders)


def test_what_has_been_the_way_in_elsewhere_is_seen() -> None:
    used = (
        "import os, pickle", "from shelve import open", "archive.extractall(x)", "eval(x)", "os.system(x)",
        "run(x, shell=True)", "load(x, allow_pickle=True)", "load(x, safe_mode=False)", "md(x, unsafe_allow_html=True)",
        "html(x, unsafe_allow_javascript=True)",
    )  # fmt: skip
    for source in used:
        assert any(forbidden(node) for node in ast.walk(ast.parse(source))), source
    for source in ("import os", "load(x, allow_pickle=False)", "load(x, safe_mode=True)", "model.eval(x)", "open(x)"):
        assert not any(forbidden(node) for node in ast.walk(ast.parse(source))), source
