"""uv goes where pip is configured to go: real installs through indexes on loopback."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from packages import lock, uv_wheel, wheel
from supportops.local.install.install import SetupError, install
from supportops.local.install.installation import Installation
from supportops.local.install.pip_settings import pip_settings, uv_environment, uv_options

LOGIN = "someone:s3cret%21"
AUTHORIZATION = "Basic " + b64encode(b"someone:s3cret!").decode()


@contextmanager
def index(
    *wheels: Path, authority: trustme.CA | None = None, login: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Serves `wheels` as a package index; yields its port and the requests it has answered.

    Addresses of another host are answered too, so that it can be taken for a proxy.
    """
    asked: list[str] = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if login and self.headers["Authorization"] != AUTHORIZATION:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            asked.append(self.path)
            name = urlsplit(self.path).path.strip("/").rpartition("/")[2]
            found = [path for path in wheels if name in (path.name, path.name.split("-")[0])]
            links = "".join(f'<a href="/files/{path.name}">{path.name}</a>' for path in found)
            file = name.endswith(".whl")
            body = b"".join(path.read_bytes() for path in found) if file else links.encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A checkout whose locks name no place: only pip's configuration knows one."""
    root = tmp_path / "checkout"
    root.mkdir()
    lock(root / "requirements-uv.txt", uv_wheel(tmp_path / "uv"), options=[])
    lock(root / "requirements.txt", wheel(tmp_path / "wheels", "greeter"), options=[])
    return Installation(root, root / ".local")


@pytest.fixture
def wheels(tmp_path: Path, here: Installation) -> list[Path]:
    return [*(tmp_path / "uv").glob("*.whl"), *(tmp_path / "wheels").glob("*.whl")]


def installs(here: Installation, configuration: str) -> bool:
    """With a pip.conf of these lines, and nothing else that could lead anywhere."""
    home = here.root.parent
    (home / "pip.conf").write_text(f"[global]\nretries = 1\n{configuration}\n")
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": str(home / "pip.conf"),
        "UV_CACHE_DIR": str(home / "cache"),
    }
    return install(here, dev=False, asked=False, environment=environment)


def imports(here: Installation, module: str) -> bool:
    run = subprocess.run([here.python, "-I", "-c", f"import {module}"], capture_output=True)
    return run.returncode == 0


def test_an_index_with_a_login_and_a_certificate_of_its_own(
    here: Installation, wheels: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    certificate = here.root.parent / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))

    with index(*wheels, authority=authority, login=True) as (port, asked):
        address = f"https://{LOGIN}@localhost:{port}/simple"
        assert installs(here, f"index-url = {address}\ncert = {certificate}")

    assert imports(here, "greeter")
    assert {"/simple/uv/", "/simple/greeter/"} <= set(asked)
    told = capfd.readouterr().err + here.install_log.read_text()
    assert "s3cret" not in told


def test_an_unknown_certificate_is_refused_in_one_line_without_the_login(
    here: Installation, wheels: list[Path]
) -> None:
    with index(*wheels, authority=trustme.CA()) as (port, asked):
        with pytest.raises(SetupError, match="certificate verify failed") as refusal:
            installs(here, f"index-url = https://{LOGIN}@localhost:{port}/simple")

    assert not asked
    assert "\n" not in str(refusal.value)
    assert "s3cret" not in str(refusal.value) + here.install_log.read_text()


def test_a_proxy(here: Installation, wheels: list[Path]) -> None:
    with index(*wheels) as (port, asked):
        assert installs(
            here,
            f"index-url = http://packages.invalid/simple\ntrusted-host = packages.invalid\n"
            f"proxy = http://127.0.0.1:{port}",
        )

    assert imports(here, "greeter")
    assert "http://packages.invalid/simple/greeter/" in asked


def test_of_several_indexes_the_one_that_has_the_pinned_version(
    here: Installation, wheels: list[Path], tmp_path: Path
) -> None:
    older = wheel(tmp_path / "older", "greeter", "0.9")
    with index(older) as (first, _), index(*wheels) as (second, _), index(older) as (third, _):
        assert installs(
            here,
            f"index-url = http://127.0.0.1:{first}/simple\nextra-index-url =\n"
            f"  http://127.0.0.1:{second}/simple\n  http://127.0.0.1:{third}/simple",
        )

    assert imports(here, "greeter")


def test_folders_of_packages_of_which_one_is_not_there(
    here: Installation, wheels: list[Path]
) -> None:
    folders = "\n  ".join(["/nowhere/at-all", *(str(path.parent) for path in wheels)])

    assert installs(here, f"no-index = true\nfind-links =\n  {folders}")
    assert imports(here, "greeter")


def test_without_network_there_is_one_line(here: Installation) -> None:
    with pytest.raises(SetupError, match=r"the package index cannot be reached: .*refused") as no:
        installs(here, f"index-url = http://{LOGIN}@127.0.0.1:9/simple")

    assert "s3cret" not in str(no.value) + here.install_log.read_text()


def test_what_pip_reads_last_is_in_force(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\ntimeout = 1\nproxy = http://global\nindex-url = http://global\n"
        "[install]\nproxy = http://install\nindex-url = http://install\n"
        "[download]\nindex-url = http://download\n"
    )
    environment = {
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PIP_INDEX_URL": "http://variable",
    }

    settings = pip_settings(Path(sys.executable), environment)

    assert settings["timeout"] == "1"
    assert settings["proxy"] == "http://install"
    assert settings["index-url"] == "http://variable"


def test_each_setting_in_uvs_own_terms(tmp_path: Path) -> None:
    settings = {
        "index-url": "https://a/simple",
        "extra-index-url": "https://b/simple\nhttps://c/simple",
        "find-links": f"{tmp_path} https://d/files /nowhere/at-all",
        "trusted-host": "a b:8080",
        "client-cert": "~/me.pem",
        "cert": str(tmp_path),
        "proxy": "http://proxy:3128",
        "timeout": "60",
    }

    handed = uv_environment(settings, {"UV_DEFAULT_INDEX": "https://z", "KEPT": "yes"})

    assert handed == {
        "KEPT": "yes",
        "UV_DEFAULT_INDEX": "https://a/simple",
        "UV_INDEX": "https://b/simple https://c/simple",
        "UV_FIND_LINKS": f"{tmp_path},https://d/files",
        "UV_INSECURE_HOST": "a b:8080",
        "SSL_CLIENT_CERT": str(Path("~/me.pem").expanduser()),
        "SSL_CERT_DIR": str(tmp_path),
        "HTTP_PROXY": "http://proxy:3128",
        "HTTPS_PROXY": "http://proxy:3128",
        "ALL_PROXY": "http://proxy:3128",
        "UV_HTTP_TIMEOUT": "60",
    }


def test_certificates_of_the_environment_count_where_pip_has_none() -> None:
    inherited = {"REQUESTS_CA_BUNDLE": "/etc/company.pem"}

    assert uv_environment({}, inherited)["SSL_CERT_FILE"] == "/etc/company.pem"
    assert uv_environment({"cert": "/etc/pip.pem"}, inherited)["SSL_CERT_FILE"] == "/etc/pip.pem"


def test_settings_that_uv_takes_as_options_alone() -> None:
    settings = {"no-index": "yes", "only-binary": ":all:", "no-binary": "pycurl,pycares"}

    assert uv_options(settings) == [
        "--only-binary=:all:",
        "--no-binary=pycurl",
        "--no-binary=pycares",
        "--no-index",
    ]
    assert uv_options({"no-index": "false"}) == []
