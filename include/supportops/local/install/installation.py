"""Where the local installation keeps what: packages in `.venv`, all else under `.local`.

The demo is an installation of its own, with its state in `.local/demo`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from supportops.files import close_to_others, make_folder

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True)
class Installation:
    """One checkout at `root` with its state in `local`. All paths are absolute."""

    root: Path = ROOT
    local: Path = ROOT / ".local"

    @property
    def demo(self) -> Installation:
        """The demo of this checkout; what it does never reaches the store of this one."""
        return Installation(self.root, self.local / "demo")

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def uv(self) -> Path:
        return self.venv / "bin" / "uv"

    @property
    def stamp(self) -> Path:
        """What `.venv` was made from; there when it is whole."""
        return self.venv / "supportops-stamp.txt"

    @property
    def install_log(self) -> Path:
        return self.local / "install.log"

    @property
    def airflow_home(self) -> Path:
        return self.local / "airflow"

    @property
    def airflow_database(self) -> Path:
        return self.airflow_home / "airflow.db"

    @property
    def store(self) -> Path:
        return self.local / "supportops.db"

    @property
    def logs(self) -> Path:
        return self.local / "logs"

    @property
    def inbox(self) -> Path:
        return self.local / "inbox"

    @property
    def secrets(self) -> Path:
        return self.local / "secrets.json"

    @property
    def passwords(self) -> Path:
        return self.airflow_home / "simple_auth_manager_passwords.json.generated"

    @property
    def running(self) -> Path:
        """Who runs here now: process id and address, and the lock that admits only one."""
        return self.local / "running.json"

    @property
    def demo_config(self) -> Path:
        return self.local / "config"

    @property
    def status_pages(self) -> Path:
        """The demo's status pages, as a web server serves them."""
        return self.local / "status-pages"

    @property
    def broken(self) -> Path:
        """Which demo sites are broken, and how."""
        return self.local / "broken.json"

    @property
    def answerphone(self) -> Path:
        """The Maildir into which the demo's answerphone delivers."""
        return self.local / "answerphone"

    @property
    def demo_settings(self) -> Path:
        """The variables with which a shell works on the running demo, its receivers included."""
        return self.local / "settings.json"

    def prepare(self) -> None:
        """Makes the folders, closed to other users: logs and databases hold customers' words."""
        for folder in (self.local, self.airflow_home, self.logs):
            make_folder(folder)
            close_to_others(folder)
        for file in (self.secrets, self.passwords, self.store, self.install_log, self.running):
            close_to_others(file)

    def prepare_demo(self) -> None:
        """What `prepare` does, and the folders that only the demo has."""
        self.prepare()
        answerphone = (self.answerphone / part for part in ("", "new", "cur", "tmp"))
        for folder in (self.inbox, self.demo_config, *answerphone):
            make_folder(folder)
            close_to_others(folder)
