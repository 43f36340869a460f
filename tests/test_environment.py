"""Variables of the environment: read in one place, and a value that makes no sense is said at the start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core import __main__ as command_line
from core import environment, paths
from core.access.modes import mode
from core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]

WRONG = (
    ("PARITY_MODE", "Publc", 'PARITY_MODE is "Publc"; set it to local, team or public'),
    ("PARITY_HOSTS", "https://x.example", "PARITY_HOSTS names 'https://x.example'; it takes host names such as "),
    ("PARITY_ADMINS", "ada lab", "PARITY_ADMINS names 'ada lab'; it takes e-mail addresses, or patterns such as *@lab"),
    ("PARITY_TRAINERS", "tom", "PARITY_TRAINERS names 'tom'; it takes e-mail addresses"),
    ("PARITY_VIEWERS", "a@b, vera", "PARITY_VIEWERS names 'vera'; it takes e-mail addresses"),
    ("PARITY_HOME", "~nobody-there/x", 'PARITY_HOME is "~nobody-there/x", but there is no such user; give the path'),
    ("PARITY_DATA", "~nobody-there", "PARITY_DATA is "),
    ("PARITY_WEIGHTS", "~nobody-there", "PARITY_WEIGHTS is "),
    ("KERAS_HOME", "~nobody-there", "KERAS_HOME is "),
    *(("PARITY_PARALLEL_RUNS", text, f'PARITY_PARALLEL_RUNS is "{text}"; give a whole number from 1 to 1,000')
      for text in ("many", "0", "-2", "2.5", "²", "1001", "9" * 40)),
    *(("PARITY_CACHE_GB", text, f'PARITY_CACHE_GB is "{text}"; give a number, 0 or more')
      for text in ("much", "-1", "inf", "nan", "20GB")),
    *(("PARITY_MEMORY", text, f'PARITY_MEMORY is "{text}"; give a number, 0 or more') for text in ("all", "-1", "8GB")),
    ("PARITY_WARM_WORKER", "maybe", 'PARITY_WARM_WORKER is "maybe"; set it to 1 (yes) or 0 (no)'),
    ("PARITY_EXECUTOR", "slurm", 'PARITY_EXECUTOR is "slurm"; it may be local or ray'),
    *((name, "two", f'{name} is "two"; give a number, 0 or more')
      for name in ("PARITY_RAY_CPUS", "PARITY_RAY_GPUS", "PARITY_RAY_MEMORY_GB")),
)  # fmt: skip


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, _ in environment._VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_value_that_makes_no_sense_is_said_in_one_sentence_by_every_command(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text, words in WRONG:
        bare.setenv(name, text)
        with pytest.raises(ConfigError) as caught:
            environment.environment()
        said = str(caught.value)
        assert said.startswith(words) and "\n" not in said and len(said) < 300, (name, text)
        assert command_line.main(["runs"]) == 1
        assert capsys.readouterr() == ("", f"{said}\n")
        bare.delenv(name)


def test_every_variable_but_plain_texts_is_checked() -> None:
    checked = {name for name, _, _ in WRONG}
    texts = {name for name, read in environment._VARIABLES.values() if read is environment._text}
    assert checked | texts == {name for name, _ in environment._VARIABLES.values()}


def test_without_variables_and_with_empty_ones_the_defaults_hold(bare: pytest.MonkeyPatch) -> None:
    plain = environment.environment()
    assert plain == environment.Environment()
    assert (plain.mode, plain.cache_gb, plain.parallel_runs, plain.warm_worker) == ("local", 20.0, 1, True)
    for name, _ in environment._VARIABLES.values():
        bare.setenv(name, " ")
    assert environment.environment() == plain


def test_values_have_their_types_and_a_change_is_seen_at_once(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("PARITY_HOSTS", " Tunnel.example. ,*.lab.example,[fd00::1],")
    bare.setenv("PARITY_ADMINS", " Ada@lab.example, *@admin.example")
    bare.setenv("PARITY_WARM_WORKER", "No")
    bare.setenv("PARITY_RAY_GPUS", "0.5")
    bare.setenv("PARITY_HOME", str(tmp_path))
    found = environment.environment()
    assert found.hosts == ("tunnel.example", "*.lab.example", "fd00::1")
    assert found.admins == ("ada@lab.example", "*@admin.example")
    assert (found.warm_worker, found.ray_gpus, paths.home()) == (False, 0.5, tmp_path)
    assert environment.environment() is found, "worked out once"
    bare.setenv("PARITY_MODE", "public")
    assert environment.environment().is_small and mode() == "public"


def test_a_worker_whose_environment_makes_no_sense_says_so(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    from core.config import make_config
    from core.store.runs import RunStore

    bare.setenv("PARITY_HOME", str(tmp_path))
    run = RunStore().create(make_config("sample", {}))
    bare.setenv("PARITY_CACHE_GB", "much")
    done = subprocess.run([sys.executable, "-m", "core.worker", str(run.path)], cwd=ROOT, check=False, timeout=120)
    status = run.read_status()
    assert (done.returncode, status.status, status.fault) == (1, "failed", "user")
    assert status.message == 'PARITY_CACHE_GB is "much"; give a number, 0 or more'


def test_nothing_else_reads_the_environment() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "app.py", *ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"))
        if path != ROOT / "core" / "environment.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv")
    ]
    assert offenders == []


def test_who_is_served_is_not_asked_where_numbers_are_computed() -> None:
    for path in ROOT.glob("core/engine/**/*.py"):
        text = path.read_text(encoding="utf-8")
        assert "core.access" not in text and "PUBLIC" not in text, path.name
