"""A real Tryton server with a small company in its database.

The first start installs the server from PyPI and prepares the database: about 45 s of processor time. The packages
(110 MB) and a dump (1 MB) are kept in a folder; later starts restore the dump in about 3 s. The server takes 90 MB.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import requests

from sandbox.real.postgres import Postgres

FOLDER = Path(__file__).resolve().parent
REQUIREMENTS = FOLDER / "tryton-requirements.txt"
SETUP = FOLDER / "tryton_company.py"
MODULES = ("sale_amendment", "stock_package_shipping")
# The key of the user application that `SETUP` creates.
KEY = "key-of-the-sandbox-application"
# Of the user `admin`, for Tryton's own clients.
PASSWORD = "sandbox-erp-login"
START_TIMEOUT = 120.0


@contextmanager
def running(cache: Path, postgres: Postgres, *, name: str = "real_tryton") -> Iterator[str]:
    """Start a server, and yield the URL of its database; `KEY` opens it. It ends, and its database goes, at the end.

    `cache` keeps what was installed and prepared. RuntimeError with the server's log if it does not start.
    """
    home, python, dump = prepare(cache, postgres)
    postgres.create(name)
    try:
        postgres.run("pg_restore", f"--dbname={name}", "--no-owner", "--jobs=2", str(dump))
        with _server(home, python, postgres, name) as url:
            yield url
    finally:
        postgres.drop(name)


def prepare(cache: Path, postgres: Postgres) -> tuple[Path, Path, Path]:
    """What `running` needs, made if it is not there yet: the folder of the server, its Python and the dump."""
    parts = REQUIREMENTS.read_bytes() + SETUP.read_bytes() + PASSWORD.encode()
    home = cache / f"tryton-{blake2b(parts, digest_size=6).hexdigest()}"
    python = _install(home)
    return home, python, _prepare(home, python, postgres)


def _install(home: Path) -> Path:
    """The Python of the server's virtual environment."""
    python = home / "venv" / "bin" / "python"
    if not (home / "installed").exists():
        # Where it will be used: the programs of a virtual environment hold its path.
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS]
        subprocess.run(pip, check=True)
        (home / "installed").touch()
    return python


def _prepare(home: Path, python: Path, postgres: Postgres) -> Path:
    """The dump of a database with the modules, the company, and what it sells."""
    dump = home / "company.dump"
    if not dump.exists():
        name = "real_tryton_template"
        postgres.create(name)
        try:
            _admin(home, python, postgres, name, "--all", "--email", "admin@example.com")
            _admin(home, python, postgres, name, "--update", *MODULES, "--activate-dependencies")
            _call(postgres, home, [python, SETUP, _configuration(home), name, KEY])
            postgres.run("pg_dump", "--format=custom", f"--file={dump}.part", name)
        finally:
            postgres.drop(name)
        Path(f"{dump}.part").rename(dump)
    return dump


def _configuration(home: Path, port: int = 0) -> Path:
    """The server takes the address of PostgreSQL from the environment."""
    path = home / f"trytond-{port}.conf"
    path.write_text(f"[database]\nuri = postgresql:///\npath = {home}/files\n[web]\nlisten = 127.0.0.1:{port}\n")
    return path


def _admin(home: Path, python: Path, postgres: Postgres, name: str, *arguments: str) -> None:
    password = home / "password"
    password.write_text(f"{PASSWORD}\n")
    program: list[str | Path] = [python.with_name("trytond-admin"), "--config", _configuration(home)]
    program += ["--database", name, *arguments]
    _call(postgres, home, program, TRYTONPASSFILE=str(password))


def _call(postgres: Postgres, home: Path, command: list[str | Path], **environment: str) -> None:
    environment = {**os.environ, **postgres.environment, **environment}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr[-3000:]}")


@contextmanager
def _server(home: Path, python: Path, postgres: Postgres, name: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    configuration, log = _configuration(home, port), home / f"trytond-{port}.log"
    command: list[str | Path] = [python.with_name("trytond"), "--config", configuration, "--database", name]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=home, env=os.environ | postgres.environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}/{name}"
        _wait_until_it_answers(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        configuration.unlink()
        log.unlink()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            answer = requests.get(f"{url}/rest/model/company.company", timeout=START_TIMEOUT)
            if answer.status_code == 401:
                return
        time.sleep(0.1)  # until it listens: there is no other sign
    raise RuntimeError(f"Tryton did not start: {log.read_text()[-3000:]}")
