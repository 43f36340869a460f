"""The shipped nginx configuration and systemd unit at work: a real nginx in front of the app as the unit starts it."""

import base64
import contextlib
import getpass
import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Response, WebSocket, expect

from tests.browser.app_server import ROOT, Server
from tests.browser.conftest import settle
from tests.visit import visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTING = ROOT / "docs" / "hosting"
NGINX = os.environ.get("PARITY_NGINX") or shutil.which(
    "nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
)

NAME = "parity.lab.example"
"""The name in the shipped configuration; the browser here asks for 127.0.0.1 instead, which is right as well."""
TRAINER, PASSWORD = "tom@lab.example", "correct horse"
AUTHORIZED = {"Authorization": "Basic " + base64.b64encode(f"{TRAINER}:{PASSWORD}".encode()).decode()}


def unit_command() -> list[str]:
    """What the unit starts, without its address and port."""
    text = (HOSTING / "parity.service").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"^ExecStart=(.+)$", text, re.M)
    assert found
    words = shlex.split(found[1])
    assert words[1:3] == ["run", "app.py"]
    assert words[words.index("--server.address") + 1] == "127.0.0.1"
    return words[3:]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def adapted(app: str, port: int, folder: Path) -> str:
    """The shipped configuration with the test's ports and paths, and without what needs a certificate."""
    text = (HOSTING / "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", text, flags=re.S)
    text = re.sub(r"\n +ssl_.*", "", text).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("http://127.0.0.1:8501", app).replace("/etc/nginx/parity.htpasswd", str(folder / "htpasswd"))
    assert "8501" not in text
    assert "/etc/" not in text
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Whoever runs the tests can read their folders; the user that Debian's nginx would choose cannot.
    user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
    return (
        f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log warn;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{temporary}{text}\n}}\n"
    )


@pytest.fixture(scope="module")
def app(home_of_file: Path) -> Iterator[Server]:
    if NGINX is None:
        pytest.skip("nginx is not installed; `. tests/browser/nginx.sh` provides it, PARITY_NGINX names one")
    running = Server(
        home_of_file, options=unit_command(), PARITY_MODE="team", PARITY_TRAINERS=TRAINER,
        PARITY_ADMINS="ada@lab.example", PARITY_HOSTS=NAME,
    )  # fmt: skip
    yield running
    running.close()


@pytest.fixture(scope="module")
def address(app: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where nginx answers."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "htpasswd").write_text(f"{TRAINER}:{{PLAIN}}{PASSWORD}\n", encoding="ascii")
    (folder / "nginx.conf").write_text(adapted(app.url, port, folder), encoding="utf-8")
    process = subprocess.Popen(
        [str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    )
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 10
    while status(url) is None:
        assert time.monotonic() < deadline, (folder / "error.log").read_text(encoding="utf-8")
        time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


def status(url: str) -> int | None:
    """What is answered to somebody without a name; None where nobody answers."""
    try:
        return int(urllib.request.urlopen(url, timeout=5).status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Page]:
    """Somebody who is logged in, and says in a header of their own that they are an administrator."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000},
        http_credentials={"username": TRAINER, "password": PASSWORD},
        extra_http_headers={"X-Forwarded-Email": "ada@lab.example"},
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ["/", "/train", "/_stcore/health", "/_stcore/metrics", "/media/x.png"])
def test_nobody_gets_in_without_a_name(address: str, path: str) -> None:
    assert status(address + path) == 401


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config", "/media/x.png", "/nobody-knows"])
def test_every_answer_tells_the_browser_what_it_must_not_do(address: str, path: str) -> None:
    for headers in (AUTHORIZED, {}):  # as well where nginx itself refuses
        answer = answer_to(address, "GET", path, headers)
        assert {name: answer.headers.get_all(name) for name in PROTECTION} == PROTECTION, (path, answer.status)


PROTECTION = {
    "Content-Security-Policy": ["frame-ancestors 'self'"],
    "X-Content-Type-Options": ["nosniff"],
    "Referrer-Policy": ["same-origin"],
    "Strict-Transport-Security": ["max-age=31536000"],
}


def test_the_app_answers_to_its_own_name_and_to_no_other(address: str) -> None:
    shown = visit(address, host=NAME, headers=AUTHORIZED)
    assert shown.of("exception") == []
    assert "Run the demo" in shown.of("button")
    assert visit(address, host="evil.example", headers=AUTHORIZED).refused == 403


def test_the_page_is_drawn_for_whom_nginx_names_and_for_nobody_else(visitor: Page, address: str) -> None:
    sockets = sockets_of(visitor)
    visitor.goto(address)
    settle(visitor)
    expect(visitor.get_by_role("button", name="Run the demo")).to_be_visible()
    assert [socket.url for socket in sockets] == [f"{address.replace('http', 'ws')}/_stcore/stream"]
    assert not sockets[0].is_closed()
    # The header that the visitor sent would have made an administrator of them.
    expect(visitor.get_by_test_id("stSidebar").get_by_text("trainer")).to_be_visible()


def test_a_folder_of_images_comes_through(visitor: Page, address: str, tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for n in range(20):
            shade = 6 * n + 120 * (name == "dogs")
            Image.new("RGB", (16, 16), (shade, shade, shade)).save(tmp_path / "pictures" / name / f"{n}.png")
    answers = uploads_of(visitor)
    visitor.goto(f"{address}/dataset")
    settle(visitor)
    visitor.get_by_text("Upload a folder").click()
    settle(visitor)
    visitor.locator("[data-testid='stFileUploaderDropzoneInput']").set_input_files(tmp_path / "pictures")
    expect(visitor.get_by_role("heading", name="pictures", exact=True)).to_be_visible()
    expect(visitor.locator("[data-testid='stMetric']", has_text="Images")).to_contain_text("40")
    assert [answer.status for answer in answers] == [204] * 40


def test_what_is_larger_than_the_limit_is_refused_by_nginx(address: str) -> None:
    megabytes = int(unit_command()[unit_command().index("--server.maxUploadSize") + 1])
    upload = "/_stcore/upload_file/nobody/nothing"
    assert announce(address, upload, (megabytes + 1) * 2**20 + 1) == 413
    assert announce(address, "/media/x", 2**20 + 1) == 413
    # What passes nginx is the app's to judge; of nobody's session it takes nothing.
    assert put(address, upload, b"small") in (400, 403)


def announce(address: str, path: str, length: int) -> int:
    """The answer to somebody who is about to send so many bytes; none of them is sent."""
    with contextlib.closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
        connection.putrequest("PUT", path)
        for name, value in (*AUTHORIZED.items(), ("Content-Length", str(length))):
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status


def put(address: str, path: str, body: bytes) -> int:
    """The answer to an upload."""
    return answer_to(address, "PUT", path, AUTHORIZED, body).status


def answer_to(
    address: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> http.client.HTTPResponse:
    """The answer to one request."""
    with contextlib.closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, path, body, headers)
        return connection.getresponse()


def sockets_of(page: Page) -> list[WebSocket]:
    """The sockets that the page opens from now on."""
    sockets: list[WebSocket] = []

    def keep(socket: WebSocket) -> None:
        sockets.append(socket)

    page.on("websocket", keep)
    return sockets


def uploads_of(page: Page) -> list[Response]:
    """The answers to what the page uploads from now on."""
    answers: list[Response] = []

    def keep(response: Response) -> None:
        if "/_stcore/upload_file/" in response.url and response.request.method == "PUT":
            answers.append(response)

    page.on("response", keep)
    return answers
