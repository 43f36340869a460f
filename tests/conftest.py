"""What all tests share: a home of their own, small images, and the real data where it is."""

import gc
import io
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import files
from core.config import make_config
from core.store.runs import Run, RunStore
from tests import known_reads, known_searches, loaded_process, thin_backbone

ROOT = Path(__file__).resolve().parent.parent

LONGEST = (
    "test_puzzle_story.py", "test_cluster.py", "test_end_to_end.py", "test_exporting.py", "test_equivalence.py",
    "test_paths_to_training.py", "test_own_images_walk.py", "test_two_scripts.py", "test_accessibility.py",
    "test_families.py", "test_search.py", "test_why.py", "test_faults.py", "test_training.py", "test_build.py",
    "test_preflight.py", "test_phone_and_keyboard.py", "test_main_job.py", "test_frozen_activations.py", "test_map.py",
)  # fmt: skip
"""Files that take half a minute and more, the longest first: else one process would wait for the other in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first; all else stays in its order."""
    rank = {name: k for k, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


_looked_through = [0]
"""How many modules were loaded when garbage was last collected."""


def pytest_runtest_setup() -> None:
    """What is loaded by now need not be looked through whenever garbage is collected: half a second of a processor, and
    a head among trials and a page both ask for it. And what a training builds is looked through once, not dozens of
    times while it is built: a twentieth of the processor."""
    if len(sys.modules) - _looked_through[0] >= 100:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        _looked_through[0] = len(sys.modules)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each reason for which tests were skipped."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason.removeprefix('Skipped: ')}")


def pytest_unconfigure() -> None:
    """Ends the process from which others come."""
    loaded_process.close()


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

loaded_process.install()
loaded_process.spare_the_disk()

MakeFolder = Callable[..., Path]
Train = Callable[..., Run]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs, caches and uploads of a test lie in its own folder; nothing of the developer's environment leaks in."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PARITY_HOME", str(folder))
    ours = (
        "DATA",
        "WEIGHTS",
        "MODE",
        "HOSTS",
        "PARALLEL_RUNS",
        "CACHE_GB",
        "EXECUTOR",
        "RAY_CPUS",
        "RAY_GPUS",
        "RAY_MEMORY_GB",
    )
    others = ("PARITY_RAY_PYTHON", "RAY_ADDRESS", "MLFLOW_TRACKING_URI")
    for name in (*(f"PARITY_{name}" for name in ours), *others):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PARITY_WARM_WORKER", "0")  # a test of a page must not leave a process behind
    yield folder


@pytest.fixture(autouse=True, scope="session")
def nobody_pulls_the_plug() -> Iterator[None]:
    """This process does not wait for the disk: a file is on it for certain only for whom the power may fail, which no
    test can see. A file that is not open is refused as ever. Workers, processes of their own, wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(autouse=True, scope="session")
def what_the_same_images_show_is_the_same(made: Path) -> Iterator[None]:
    """In this process and in those that come from `loaded_process`; see tests/known_searches.py and known_reads.py."""
    (folder := made / "known").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(known_searches.FOLDER, str(folder))
        known_searches.lay_in(patch.setattr, folder)
        known_reads.lay_in(patch.setattr, folder)
        yield


@pytest.fixture(scope="session")
def streamlit_is_looked_through_once() -> Iterator[None]:
    """What Streamlit finds out anew for every page under test: which installed packages bring components (a quarter of
    a second of a processor) and what the files of the pages compile to. Neither changes while tests run. And the end of
    a page is waited for: Streamlit asks a thousand times a second, a tenth of a page's time."""
    from streamlit.components.v2.component_manager import BidiComponentManager
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache
    from streamlit.testing.v1 import app_test, local_script_runner

    components, compiled = BidiComponentManager(), ScriptCache()
    components.discover_and_register_components(start_file_watching=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "discover_and_register_components", lambda **_: None)
        patch.setattr(app_test, "BidiComponentManager", lambda: components)
        for module in (app_test, local_script_runner):
            patch.setattr(module, "ScriptCache", lambda: compiled)
        asks = local_script_runner.require_widgets_deltas

        def wait(runner: Any, timeout: float = 3) -> None:
            runner._script_thread.join(timeout)
            asks(runner, 1 if runner.script_stopped() else 0)

        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture(autouse=True)
def clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a test starts no thread that goes on beside the tests after it."""
    monkeypatch.setattr("core.housekeeping.clock.start", lambda: None)


@pytest.fixture
def real_processes() -> Iterator[None]:
    """Processes of this test load TensorFlow themselves: how one starts is what it is about."""
    loaded_process.uninstall()
    yield
    loaded_process.install()


@pytest.fixture(scope="module")
def thin_workers() -> Iterator[None]:
    """Workers of this file train a thin backbone; see tests/thin_backbone.py."""
    with pytest.MonkeyPatch.context() as patch:
        if loaded_process.possible():
            patch.setenv(loaded_process.THIN, "1")
            loaded_process.get_ready()
        yield


@pytest.fixture(scope="module")
def thin(thin_workers: None) -> Iterator[None]:
    """This process and the workers of this file train a thin backbone: the network is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        if loaded_process.possible():
            thin_backbone.lay_in(patch.setattr)
        yield


@pytest.fixture
def thin_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trains a thin backbone while one test lasts; to be asked for before what trains."""
    thin_backbone.lay_in(monkeypatch.setattr)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder with `data/chest_xray` and `weights/`; the test is skipped where there is none."""
    folder = os.environ.get("PARITY_TEST_DATA")
    if not folder:
        pytest.skip("PARITY_TEST_DATA is not set: it names a folder with real X-rays and VGG16 weights")
    return Path(folder).resolve()


MakeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for what is made once for all processes that run tests side by side, and for those after them where
    PARITY_TESTS_MADE names it (`make test`)."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Path(os.environ.get("PARITY_TESTS_MADE") or base)


@pytest.fixture(scope="session")
def make_once(made: Path) -> MakeOnce:
    """A function `make_once(name, make)` that gives a folder of `made`, made once for all processes.

    `make` gets the path of a folder that does not exist yet.
    """

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        lock = files.Lock(made / f"{name}.lock")
        assert lock.acquire(timeout=600), f"another process makes {name} for ever"
        try:
            if not (made / name).exists():
                shutil.rmtree(unfinished := made / f"{name}.unfinished", ignore_errors=True)
                make(unfinished)
                unfinished.rename(made / name)
        finally:
            lock.release()
        return made / name

    return folder


@pytest.fixture(scope="session")
def drawn_sample(make_once: MakeOnce) -> Path:
    """What a home holds as its folder `sample`, drawn once."""

    def draw(folder: Path) -> None:  # in a process of its own, where nothing of a test stands in for anything
        program = "import sys, pathlib, core.data.sample as it; it.ensure_sample(pathlib.Path(sys.argv[1]))"
        subprocess.run([sys.executable, "-c", program, str(folder)], cwd=ROOT, check=True)

    return make_once("drawn", draw)


@pytest.fixture(scope="session")
def xrays_cache(make_once: MakeOnce, test_data: Path) -> Path:
    """What a home holds as its folder `cache` once the real X-rays have been scanned and compared, made once."""
    folder = test_data / "data" / "chest_xray"
    if not folder.is_dir():
        pytest.skip("PARITY_TEST_DATA has no data/chest_xray")

    def check(home: Path) -> None:
        program = "import sys; from core.__main__ import main; sys.exit(main(['check', sys.argv[1], '--json']))"
        command = [sys.executable, "-c", program, str(folder)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PARITY_HOME": str(home)}, capture_output=True, check=True)

    return make_once("xrays", check) / "cache"


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory, drawn_sample: Path) -> Path:
    """A home that tests of the sample share, with the sample in it: its features are computed once."""
    home = tmp_path_factory.mktemp("sample") / "home"
    shutil.copytree(drawn_sample, home / "sample")
    return home


@lru_cache(maxsize=12)
def _drawn_images(size: int, seed: int, splits: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, bytes]:
    """What the files of a dataset hold, by their names; many tests ask for the same set."""
    rng, drawn = np.random.default_rng(seed), {}
    for split, counts in splits:
        for k, count in enumerate(counts):
            for number in range(count):
                level = 60 + 120 * k / max(1, len(counts) - 1)
                pixels = np.clip(rng.normal(level, 40, (size, size, 3)), 0, 255).astype(np.uint8)
                file = io.BytesIO()
                Image.fromarray(pixels).save(file, "PNG")
                drawn[f"{split}/{'abcdefghijkl'[k]}/{number:03}.png"] = file.getvalue()
    return drawn


@pytest.fixture(scope="session")
def lay_images() -> MakeFolder:
    """What `image_folder` does, in any folder: `lay_images(folder, train=(30, 25), val=(8, 8), size=40)`."""

    def lay(folder: Path, *, size: int = 40, seed: int = 0, **splits: tuple[int, ...]) -> Path:
        for split, counts in splits.items():
            for label in "abcdefghijkl"[: len(counts)]:
                (folder / split / label).mkdir(parents=True)
        for file, content in _drawn_images(size, seed, tuple(splits.items())).items():
            (folder / file).write_bytes(content)
        return folder

    return lay


@pytest.fixture
def image_folder(tmp_path: Path, lay_images: MakeFolder) -> MakeFolder:
    """A function that makes a dataset: `image_folder(train=(30, 25), val=(8, 8), size=40)`.

    The classes `a`, `b`, ... are told apart by their brightness, so a head can learn them in a few epochs.
    """

    def make(name: str = "pictures", **how: Any) -> Path:
        return lay_images(tmp_path / name, **how)

    return make


@pytest.fixture(scope="session")
def train_here() -> Train:
    """Trains in this process, as a worker would in its own: `train_here(folder, {"data.image_size": 48})`."""

    def train_run(folder: Path, settings: dict[str, Any], preset: str = "recommended") -> Run:
        from core.engine.reporter import Reporter
        from core.engine.train.training import train

        run = RunStore().create(make_config(str(folder), settings, preset=preset))
        reporter = Reporter(run)
        reporter.finish(train(reporter), "")
        return run

    return train_run
