"""Debian's IMAP server on this machine, run without privileges for one session of tests."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from flows.tickets.mailing.tokens import Tokens, token_endpoint

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")

PLAIN_PASSWORD = "s3cret-of-the-mailbox"
_INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
timeout_msecs = 5000
"""
_SETTINGS = """
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{here}/certificate.pem
ssl_key = <{here}/key.pem
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{here}/mail/%n
mail_fsync = never
maildir_stat_dirs = no
mailbox_list_index = no
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {here}/oauth2
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {here}/passwords
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={here}/mail/%n
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """The running server; every login is a mailbox of its own."""

    here: Path
    plain: int
    tls: int
    owner: tuple[int, int]
    tokens: Tokens

    @property
    def certificates(self) -> str:
        return str(self.here / "ca.pem")

    def box(self, login: str) -> Path:
        """The Maildir of a login, made where it is missing."""
        path = self.here / "mail" / login
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True, exist_ok=True)
        for each in (path, *(path / part for part in ("new", "cur", "tmp"))):
            os.chown(each, *self.owner)
        return path

    def deliver(self, login: str, *messages: bytes, at: float | None = None) -> None:
        box = self.box(login)
        for content in messages:
            name = f"{time.time_ns()}.test.host"
            (box / "tmp" / name).write_bytes(content)
            os.chown(box / "tmp" / name, *self.owner)
            if at is not None:
                os.utime(box / "tmp" / name, (at, at))
            (box / "tmp" / name).rename(box / "new" / name)

    def held(self, login: str, folder: str = "") -> int:
        """How many messages a folder has; the inbox for ""."""
        place = self.box(login) / (f".{folder}" if folder else "")
        return sum(1 for part in ("new", "cur") for _ in (place / part).glob("*"))

    def entry(self, login: str, **changes: Any) -> dict[str, Any]:
        """The mailbox as mailbox.yaml has it."""
        return {
            "name": "answerphone",
            "host": "localhost",
            "port": self.tls,
            "certificates": self.certificates,
            "login": login,
            "secret": "mailbox_answerphone",
            "timeout": "5s",
        } | changes


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """The server, and the authority whose tokens it takes."""
    with token_endpoint() as tokens:
        with _dovecot(tokens) as found:
            yield found


@contextmanager
def _dovecot(tokens: Tokens) -> Iterator[Dovecot]:
    here = Path(tempfile.mkdtemp(prefix="supportops-dovecot-", dir="/tmp"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    owner = (user.pw_uid, user.pw_gid)
    ports = _free(), _free()
    _certify(here)
    (here / "passwords").write_text("other:{PLAIN}another\n")
    (here / "mail").mkdir()
    settings = _SETTINGS.format(
        here=here,
        user=user.pw_name,
        group=grp.getgrgid(user.pw_gid).gr_name,
        uid=user.pw_uid,
        gid=user.pw_gid,
        password=PLAIN_PASSWORD,
        plain=ports[0],
        tls=ports[1],
    )
    (here / "dovecot.conf").write_text(settings)
    (here / "oauth2").write_text(_INTROSPECTION.format(url=f"{tokens.url}/introspect"))
    for path in (here, *here.rglob("*")):
        os.chown(path, *owner)
    assert PROGRAM is not None
    command = [PROGRAM, "-F", "-c", str(here / "dovecot.conf")]
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    popen = subprocess.Popen(command, cwd=here, start_new_session=True, **identity)
    with popen as running:
        try:
            _wait(running, ports[1], here / "log")
            yield Dovecot(here, *ports, owner, tokens)
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(10)
            shutil.rmtree(here, ignore_errors=True)


def _certify(here: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(here / "ca.pem")
    issued.private_key_pem.write_to_path(here / "key.pem")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    (here / "certificate.pem").write_bytes(chain)


def _free() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if running.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"Dovecot does not start: {log.read_text() if log.exists() else ''}")
