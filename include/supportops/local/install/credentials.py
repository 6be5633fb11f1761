"""Makes secrets, and keeps those of the local installation from one start to the next."""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def word(length: int) -> str:
    """Letters and digits only: needs no escaping in a URL, a shell or an .env file."""
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(length))


def fernet_key() -> str:
    """32 random bytes as URL-safe base64, the form that Airflow ciphers Connections with."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What the components of one installation share, and the password of its user `admin`.

    `alert_links` signs the links by which receivers take alerts.
    """

    jwt_secret: str
    api_secret_key: str
    fernet_key: str
    admin_password: str
    alert_links: str


def fresh() -> Credentials:
    return Credentials(word(64), word(64), fernet_key(), word(16), word(64))


def credentials(path: Path) -> Credentials:
    """Those kept at `path`, made there (mode 0600) the first time.

    They stay as they are: a changed key makes stored Connections unreadable. One that an older
    version did not make is added. Raises ValueError when the file is there and is not what was
    written.
    """
    if not path.exists():
        write_new(path, json.dumps(asdict(fresh()), indent=2) + "\n")
    try:
        kept = json.loads(path.read_text())
        if kept.keys() == set(Credentials.__slots__) - {"alert_links"}:
            kept["alert_links"] = word(64)
            replace(path, json.dumps(kept, indent=2) + "\n")
        return Credentials(**{name: str(kept[name]) for name in Credentials.__slots__})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} is damaged; remove it to have new secrets made") from None


def write_new(path: Path, content: str | bytes) -> None:
    """Writes `content` readable by its owner alone. Raises FileExistsError, never overwrites."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def replace(path: Path, text: str) -> None:
    """Puts `text` (owner alone) in the place of what is at `path`, in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    write_new(beside, text)
    beside.replace(path)


def as_json(content: Mapping[str, str]) -> str:
    return json.dumps(dict(content), indent=2) + "\n"


def passwords(path: Path, names: Iterable[str], admin: str) -> dict[str, str]:
    """The password of each of `names`: those of the file at `path`, new ones for new users.

    That of the first one is `admin`. The file is SimpleAuth's: written anew, for its owner alone.
    """
    try:
        kept = dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        kept = {}
    first, *others = names
    found = {first: admin} | {name: str(kept.get(name) or word(16)) for name in others}
    replace(path, as_json(found))
    return found
