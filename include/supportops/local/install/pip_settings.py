"""Hands pip's configuration on to uv, which reads none of pip's files.

pip itself says what is in force, from its files, their sections and its PIP_* variables. What can
only change versions (constraints, pre-releases) stays behind: the lock has decided those.
"""

from __future__ import annotations

import ast
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

SECTIONS = ("global.", "install.", ":env:.")  # the later prevail
VARIABLES = {
    "index-url": ["UV_DEFAULT_INDEX"],
    "extra-index-url": ["UV_INDEX"],
    "find-links": ["UV_FIND_LINKS"],
    "trusted-host": ["UV_INSECURE_HOST"],
    "client-cert": ["SSL_CLIENT_CERT"],
    "proxy": ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"],
    "default-timeout": ["UV_HTTP_TIMEOUT"],
    "timeout": ["UV_HTTP_TIMEOUT"],
    "retries": ["UV_HTTP_RETRIES"],
}


def pip_settings(python: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """What is in force for `pip install`, by the account of `python`'s pip."""
    command = [str(python), "-I", "-m", "pip", "config", "list"]
    run = subprocess.run(command, env=dict(inherited), capture_output=True, text=True, check=True)
    settings: dict[str, str] = {}
    for section in SECTIONS:
        for line in run.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                settings[name.removeprefix(section)] = str(ast.literal_eval(value))
    return settings


def uv_environment(settings: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """`inherited`, and uv's variables for all `settings`; no secret is seen in a list of processes.

    Where both have something to say, pip's configuration prevails.
    """
    environment = dict(inherited)
    for name, variables in VARIABLES.items():
        if value := translated(name, settings.get(name, "")):
            environment |= dict.fromkeys(variables, value)
    return environment | certificates(settings.get("cert", ""), inherited)


def uv_options(settings: Mapping[str, str]) -> list[str]:
    """What uv takes no variable for."""
    options = [
        f"--{name}={value}"
        for name in ("only-binary", "no-binary")
        for value in settings.get(name, "").replace(",", " ").split()
    ]
    no_index = settings.get("no-index", "").lower() in ("1", "true", "t", "yes", "y", "on")
    return [*options, "--no-index"] if no_index else options


def translated(name: str, value: str) -> str:
    """`value` as uv reads it; empty where there is nothing for uv."""
    words = [str(Path(word).expanduser()) if word[0] == "~" else word for word in value.split()]
    if name == "find-links":  # pip passes over a folder that is not there, uv gives up
        return ",".join(word for word in words if "://" in word or Path(word).exists())
    return " ".join(words)


def certificates(cert: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The certificates that pip is given, else those of the system, where it has any."""
    named = cert or inherited.get("REQUESTS_CA_BUNDLE") or inherited.get("CURL_CA_BUNDLE")
    if named:
        path = Path(named).expanduser()
        return {"SSL_CERT_DIR" if path.is_dir() else "SSL_CERT_FILE": str(path)}
    system = ssl.get_default_verify_paths()
    found = system.cafile or (system.capath and any(Path(system.capath).iterdir()))
    return {"UV_SYSTEM_CERTS": "1"} if found else {}
