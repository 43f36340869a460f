"""What stands in the files beside the program: versions of Python, settings of the server, tools of the tests."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fake_python(folder: Path, version: str) -> Path:
    """An interpreter that says it is of another version."""
    path = folder / f"python{version}"
    program = f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0); exec(sys.argv[2])"
    path.write_text(f"#!/bin/sh\nexec {sys.executable} -S -c '{program}' \"$@\"\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("version", ["3.10", "3.14", "3.15"])
def test_make_refuses_a_python_without_packages_and_says_which_to_take(tmp_path: Path, version: str) -> None:
    python = fake_python(tmp_path, version)
    done = subprocess.run(
        ["make", "run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "Parity needs Python 3.11, 3.12 or 3.13 (TensorFlow and h5py have no packages for newer ones yet), and "
        f"{python} is {version}; install one of them and name it: make PYTHON=python3.12 run"
    )
    assert not (tmp_path / "venv").exists()


def test_the_versions_of_python_are_the_same_everywhere() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["requires-python"] == ">=3.11,<3.14"
    for name in ("README.md", "docs/HOSTING.md", "Makefile"):
        assert "Python 3.11, 3.12 or 3.13" in read(name), name
        assert "3.11 or newer" not in read(name), name
    assert "(3, 11) <= v < (3, 14)" in read("Makefile")


def test_nothing_in_the_settings_holds_for_one_place_only_and_no_file_is_watched() -> None:
    server = tomllib.loads(read(".streamlit/config.toml"))["server"]
    assert server["fileWatcherType"] == "none"
    assert not server.keys() & {"address", "allowedHosts", "port", "trustedUserHeaders"}
    assert "--server.fileWatcherType auto" in read("CONTRIBUTING.md")
    assert not re.search("fileWatcherType", read("Makefile") + read("docs/hosting/parity.service"))


@pytest.mark.skipif(os.name != "posix", reason="a shell's script")
def test_the_nginx_of_the_tests_is_the_testers_choice_or_is_said_to_be_missing(tmp_path: Path) -> None:
    def provided(**environment: str) -> str:
        """What the script says, and what it exports, where there is neither nginx nor apt-get."""
        (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
        (tmp_path / "id").chmod(0o755)
        script = f". {ROOT}/tests/browser/nginx.sh; echo \"is '$PARITY_NGINX'\""
        return subprocess.run(
            ["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": str(tmp_path), **environment},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    assert provided(PARITY_NGINX="/opt/nginx") == "is '/opt/nginx'\n"
    if not any(Path(folder, "nginx").exists() for folder in ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")):
        assert provided().startswith("No nginx found: the tests behind it are skipped; install it, or let PARITY_NGINX")
    for tool in ("chromium", "nginx", "axe"):
        assert f". tests/browser/{tool}.sh" in read("Makefile")
