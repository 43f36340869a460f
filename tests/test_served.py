"""The app as a real server, started by every command that the documents name: who gets a page, under which name.

Nobody's secrets are there: a login behind a proxy needs none.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app_server import Server
from tests.visit import Visit, visit

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("", "train", "live", "diagnose", "predict")
"""Without the Dataset page, which would draw the sample first, for seconds."""
EVIL = "evil.example:8501"

LOOPBACK_ONLY = ["--server.address", "127.0.0.1"]


def documented(name: str) -> list[list[str]]:
    """What follows `streamlit run app.py` wherever a document says it, but for the port and what needs no browser."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"streamlit run app\.py((?: +[^\s`&]+(?: '[^']*')?)*)", text)
    return [shlex.split(re.sub(r"--server\.(port \d+|headless true)", "", words)) for words in found]


def start_of_make(hosts: str = "") -> list[str]:
    """What `make run` starts, without its port."""
    said = subprocess.run(
        ["make", "-n", "run", f"PARITY_HOSTS={hosts}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", " ")
    words = shlex.split(said[said.index("streamlit run app.py") :])[3:]
    port = words.index("--server.port")
    return words[:port] + words[port + 2 :]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[object]:
    """A function that starts a server: `serve(options, secrets="", **environment)`."""
    running: list[Server] = []

    def start(options: list[str], secrets: str = "", **environment: Any) -> Server:
        file = tmp_path / "secrets.toml"
        if secrets:
            file.write_text(secrets, encoding="utf-8")
        home = tmp_path / "home"
        running.append(Server(home, options=[*options, "--secrets.files", str(file)], **environment))
        return running[-1]

    yield start
    for server in running:
        server.close()


def is_one_sentence(shown: Visit) -> bool:
    """Whether a page shows one alert and nothing else."""
    return [kind for kind, _ in shown.elements] == ["alert"] and shown.of("alert")[0].count(". ") == 0


def test_every_document_starts_the_app_in_one_of_the_ways_that_are_tried_below() -> None:
    for name in ("README.md", "docs/HOSTING.md", "docs/CLUSTER.md"):
        assert documented(name) == [LOOPBACK_ONLY], name
    (developers,) = documented("CONTRIBUTING.md")
    assert developers == [*LOOPBACK_ONLY, "--server.fileWatcherType", "auto", "--server.runOnSave", "true"]
    others = [path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*")) if path.suffix in (".md", ".service")]
    tried = {"README.md", "HOSTING.md", "CLUSTER.md", "CONTRIBUTING.md", "parity.service"}
    assert {path.name for path in others if "streamlit run" in path.read_text(encoding="utf-8")} == tried


def test_started_as_the_documents_say_it_is_for_this_machine_alone(serve) -> None:
    server = serve(LOOPBACK_ONLY)
    first = visit(server.url, host=EVIL)
    assert is_one_sentence(first), first.elements
    assert first.of("alert")[0].startswith(
        "Parity was requested as `evil.example` but answers only to `localhost`, `127.0.0"
    )
    assert not server.home.exists()  # nothing was done for it, not even the folder made
    for host in ("localhost:8600", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST:1"):
        assert visit(server.url, host=host).of("page_link")[0] == "Home", host
    # From the first page on the server itself refuses what comes under other names.
    for host in (EVIL, "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", "2130706433", "0.0.0.0"):
        assert visit(server.url, host=host).refused == 403, host
        assert visit(server.url, host=host, origin=None).refused == 403, host
    for origin in ("http://evil.example", "null", "http://localhost.evil.example", "file://"):
        assert visit(server.url, origin=origin).refused == 403, origin
    assert "external IP" not in server.log()  # Streamlit would ask a service of the internet for it, and wait
    for page in PAGES:
        assert visit(server.url, page).of("exception") == []


def test_started_by_make_the_server_refuses_other_names_at_once_and_knows_those_that_were_given(serve) -> None:
    server = serve(start_of_make("my-tunnel.example,*.lab.example"), PARITY_HOSTS="my-tunnel.example,*.lab.example")
    assert visit(server.url, host=EVIL).refused == 403
    for host in ("my-tunnel.example", "a.lab.example:8501", "localhost:8501", "[::1]:8501"):
        assert visit(server.url, host=host).of("page_link")[0] == "Home", host
    assert visit(server.url, host="lab.example").refused == 403


TEAM = {
    "PARITY_MODE": "team", "PARITY_HOSTS": "parity.lab.example", "PARITY_ADMINS": "ada@lab.example",
    "PARITY_TRAINERS": "tom@lab.example", "PARITY_VIEWERS": "vera@lab.example",
}  # fmt: skip


def test_started_by_the_unit_a_team_is_served_without_any_secrets(serve) -> None:
    (unit,) = documented("docs/hosting/parity.service")
    server = serve(unit, **TEAM)
    strange = visit(server.url, host=EVIL, headers={"X-Forwarded-Email": "ada@lab.example"})
    assert is_one_sentence(strange)
    assert "answers only to `localhost`, `127.0.0.1`, `::1`, `parity.lab.example`:" in strange.of("alert")[0]
    eve = "eve@evil.example"
    said = {
        eve: f"{eve} is not on this team's lists; ask the operator of this app to add the address.",
        "": "You are not logged in. Log in; if you have, the proxy does not pass on your identity.",
    }
    for person, sentence in said.items():
        for page in ("", "dataset", "predict"):
            shown = visit(server.url, page, host="parity.lab.example", headers={"X-Forwarded-Email": person})
            assert shown.elements == [("alert", sentence)], (person, page)
    for person in ("ada@lab.example", "tom@lab.example", "vera@lab.example"):
        for page in PAGES:
            shown = visit(server.url, page, host="parity.lab.example", headers={"X-Forwarded-Email": person})
            assert (shown.of("exception"), shown.of("page_link")[:2]) == ([], ["Home", "Dataset"]), (person, page)
    page_of_another_program = visit(server.url, host="parity.lab.example", origin="http://localhost:3000")
    assert "by a page of `localhost`" in page_of_another_program.of("alert")[0]


def test_started_as_on_community_cloud_any_name_of_the_platform_is_right(serve) -> None:
    secrets = re.search(r'^ +(PARITY_MODE = "public")$', (ROOT / "docs/HOSTING.md").read_text(encoding="utf-8"), re.M)
    assert secrets
    server = serve([], secrets[1])
    for page in ("train", ""):  # others show images of the sample
        shown = visit(server.url, page, host="parity.streamlit.app", origin="https://parity.streamlit.app")
        assert (shown.of("exception"), shown.of("page_link")[:2]) == ([], ["Home", "Dataset"]), page
    assert any("Public demonstration" in text for kind, text in shown.elements if kind == "markdown")
