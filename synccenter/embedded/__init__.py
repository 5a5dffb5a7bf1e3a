"""A private PostgreSQL and Redis for development, shared by all processes of one checkout.

Their binaries come from the extra `embedded` in pyproject.toml, which is not installed in production.

Their data is in `var/services` (`SYNCCENTER_VAR` sets `var`). The servers start with their first user and stop after
the last.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from synccenter.embedded.locks import Lock
from synccenter.embedded.servers import bundled_postgres, postgres_binaries

__all__ = [
    "ServicesNotStarted",
    "Services",
    "bundled_postgres",
    "ensure",
    "ensure_for",
    "postgres_binaries",
    "running",
    "stop",
]

_ROOT = Path(__file__).resolve().parents[2]
# Management commands that do not use a database.
_NEED_NO_DATABASE = {
    *("check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages"),
    *("new_encryption_key", "startapp", "version"),
}
_uses: dict[Path, tuple["Services", Lock]] = {}


class ServicesNotStarted(RuntimeError):
    """The private servers could not be started. The message ends with their output."""


@dataclass(frozen=True)
class Services:
    """Where the private servers answer: `postgresql://user@/name?host=folder` and `redis://:password@host:port/0`."""

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def ensure_for(argv: Sequence[str]) -> None:
    """Puts the addresses of private servers into `os.environ`, if `argv` is a command that needs them.

    To be called before Django starts. Only in development, and only for addresses that are absent: production
    says where its servers are.
    """
    given = "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ
    if given or os.environ.get("ENVIRONMENT") != "development":
        return
    if len(argv) < 2 or argv[1] in _NEED_NO_DATABASE or {"-h", "--help", "--version"} & set(argv):
        return
    for name, value in ensure().environment().items():
        os.environ.setdefault(name, value)


def ensure(var: Path | None = None, *, throwaway: bool = False, fsync: bool = True) -> Services:
    """Starts the servers of `var`, or joins running ones. They run at least until `stop` or the end of this process.

    `throwaway` deletes the whole folder `var` when the servers stop. `fsync=False` is faster, but loses data in a power
    cut. Raises ServicesNotStarted.
    """
    home = _home(var)
    if home not in _uses:
        home.mkdir(parents=True, exist_ok=True)
        starting = Lock(home / "starting.lock")
        starting.take()
        users = Lock(home / "users.lock")
        users.share()
        try:
            _uses[home] = (_join(home) or _start(home, throwaway, fsync), users)
        except BaseException:
            users.release()
            raise
        finally:
            starting.release()
    return _uses[home][0]


def stop(var: Path | None = None) -> None:
    """Ends this process's use of the servers of `var`. They stop if no other process uses them."""
    use = _uses.pop(_home(var), None)
    if use is not None:
        use[1].release()


@contextmanager
def running(var: Path | None = None, *, throwaway: bool = False, fsync: bool = True) -> Iterator[Services]:
    """The servers of `var` for the duration of the block; see `ensure`."""
    services = ensure(var, throwaway=throwaway, fsync=fsync)
    try:
        yield services
    finally:
        stop(var)


def _home(var: Path | None) -> Path:
    return (var or Path(os.environ.get("SYNCCENTER_VAR") or _ROOT / "var")).resolve() / "services"


def _join(home: Path) -> Services | None:
    supervisor = Lock(home / "keeper.lock")
    try:
        if supervisor.try_take():
            return None
    finally:
        supervisor.release()
    return Services(**json.loads((home / "services.json").read_text()))


def _start(home: Path, throwaway: bool, fsync: bool) -> Services:
    argv = [sys.executable, "-m", "synccenter.embedded.supervisor", str(home)]
    if throwaway:
        argv.append("--throwaway")
    if not fsync:
        argv.append("--no-fsync")
    log = home / "keeper.log"
    with log.open("w") as output:
        # In a new session, so that Ctrl-C in the terminal does not stop the servers.
        supervisor = subprocess.run(
            argv,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            check=False,
        )
    if not supervisor.stdout:
        tail = log.read_text()[-2000:]
        raise ServicesNotStarted(f"The private PostgreSQL and Redis did not start. Last lines of {log}:\n{tail}")
    return Services(**json.loads(supervisor.stdout))
