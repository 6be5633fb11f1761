"""The configurations of nginx in deploy/nginx, in a real nginx with a certificate."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_home import ROOT
from inboxes import free_port
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.web.public import status_pages
from supportops.web.public.app import HEADERS, make_public_app
from supportops.web.public.serving import public_server

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="Debian's nginx-light is not installed")
TOKEN = "zq7token"


@contextmanager
def nothing() -> Iterator[Context]:
    raise LookupError
    yield


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Where a public endpoint listens that has no store."""
    app = make_public_app(
        nothing, LastConfiguration(), None, lambda: datetime(2026, 11, 18, tzinfo=UTC)
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = public_server(app, "127.0.0.1", 0, 50)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        running.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", "privkey.pem",
         "-out", "fullchain.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


class Nginx:
    """One configuration of deploy/nginx, with its paths and addresses put into a test's folder."""

    def __init__(self, name: str, folder: Path, certificate: Path, to: str = "") -> None:
        self.folder, self.port = folder, free_port()
        (folder / "log").mkdir()
        (folder / "pages").mkdir()
        text = (ROOT / "deploy" / "nginx" / name).read_text()
        text = re.sub(r"/etc/ssl/[^/]+", str(certificate), text)
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        text = text.replace("/var/log/nginx", f"{folder}/log").replace("127.0.0.1:8090", to)
        text = text.replace("/srv/status-pages", f"{folder}/pages")
        (folder / "site.conf").write_text(text)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/log/main.log; {user}"
            f"events {{}} http {{ include /etc/nginx/mime.types; {temporary}"
            f"access_log {folder}/log/all.log; include {folder}/site.conf; }}"
        )
        self.command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]

    @contextmanager
    def running(self) -> Iterator[None]:
        tried = subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        assert "warn" not in tried.stderr
        process = subprocess.Popen(self.command)
        try:
            for _ in range(500):
                try:
                    socket.create_connection(("127.0.0.1", self.port)).close()
                    break
                except OSError:
                    time.sleep(0.01)
            yield
        finally:
            process.terminate()
            process.wait()

    def curl(self, path: str, *options: str) -> tuple[str, str]:
        """The status, and headers with the body."""
        address = f"https://127.0.0.1:{self.port}{path}"
        command = ["curl", "-sSik", "-m", "10", "-w", "\n%{http_code}", *options, address]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found, _, status = done.stdout.rpartition("\n")
        return status, found

    def logs(self) -> str:
        return "".join(each.read_text() for each in (self.folder / "log").iterdir())


def test_the_public_endpoint_is_passed_on_and_limited_and_no_address_is_logged(
    upstream: str, certificate: Path, tmp_path: Path
) -> None:
    nginx = Nginx("public.conf", tmp_path, certificate, upstream)
    with nginx.running():
        status, found = nginx.curl(f"/{TOKEN}")
        assert status == "404"
        assert all(f"{name}: {value}" in found for name, value in HEADERS.items())
        # The store has no configuration yet.
        status, found = nginx.curl(f"/push/{TOKEN}", "-X", "POST")
        assert (status, "retry-after: 30" in found.lower()) == ("503", True)
        # As large as each address takes it: a draft's form, and a webhook.
        (tmp_path / "form").write_bytes(b"text=" + b"a" * 60_000)
        assert nginx.curl(f"/{TOKEN}", "--data-binary", f"@{tmp_path}/form")[0] == "404"
        (tmp_path / "hook").write_bytes(b"a" * 250_000)
        hook = nginx.curl("/webhooks/zendesk", "--data-binary", f"@{tmp_path}/hook")
        assert hook[0] in ("404", "503")  # there is no store here
        (tmp_path / "more").write_bytes(b"a" * 300_000)
        assert nginx.curl(f"/{TOKEN}", "--data-binary", f"@{tmp_path}/more")[0] == "413"
        many = [f"-o/dev/null https://127.0.0.1:{nginx.port}/{TOKEN}{n}" for n in range(40)]
        often = subprocess.run(
            ["curl", "-sk", "-w", "%{http_code} ", *" ".join(many).split()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert set(often.stdout.split()) == {"404", "429"}
    assert TOKEN not in nginx.logs()


def test_what_nginx_says_of_an_endpoint_that_is_down_holds_no_address(
    certificate: Path, tmp_path: Path
) -> None:
    nginx = Nginx("public.conf", tmp_path, certificate, f"127.0.0.1:{free_port()}")
    with nginx.running():
        assert nginx.curl(f"/push/{TOKEN}", "-X", "POST")[0] == "502"
    assert TOKEN not in nginx.logs()


def test_status_pages_are_served_with_the_headers_of_our_own_server(
    certificate: Path, tmp_path: Path
) -> None:
    nginx = Nginx("status-pages.conf", tmp_path, certificate)
    folder = tmp_path / "pages" / "c" / TOKEN
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<p>All is well.")
    (folder / ".index.html.new").write_text("half")
    with nginx.running():
        status, found = nginx.curl(f"/c/{TOKEN}/")
        assert (status, "All is well." in found) == ("200", True)
        for name, value in status_pages.HEADERS.items():
            assert f"{name}: {value}".lower() in found.lower()
        assert nginx.curl(f"/c/{TOKEN}/.index.html.new")[0] == "404"
        for path in ("/c/", f"/c/{TOKEN}x/", "/c/..%2f..%2fsite.conf"):
            assert nginx.curl(path, "--path-as-is")[0] in ("400", "403", "404"), path
    assert TOKEN not in nginx.logs()
