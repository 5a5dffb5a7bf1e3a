"""The steps of the Dockerfile and the services of the Compose file, run without a container engine (O2).

Commands, environment and health checks are read from both files. What an engine would add is not tested: the base
image, its packages, and isolation.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from staging_copy.postgres import Database
from synccenter.embedded import postgres_binaries
from synccenter.processes import Processes
from tests.tiers import TIERS

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]
VARIABLES = {
    "SECRET_KEY": "$pa ss/w@rd: " + "x" * 50,
    "POSTGRES_PASSWORD": "p@ss/w$rd",
    "REDIS_PASSWORD": "r@dis",
    "ALLOWED_HOSTS": "hub.example",
    "PUBLIC_URL": "https://hub.example",
}


@pytest.fixture(scope="module")
def instructions(root: Path) -> list[tuple[str, str]]:
    """The Dockerfile's, as (name, arguments) with continued lines joined."""
    lines = re.sub(r"^#.*\n", "", (root / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in re.sub(r"\\\n", "", lines).splitlines() if line]


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def interpreter(root: Path) -> Path:
    """Python with the packages of the image and no others, as its first stage installs them."""
    requirements = root / "requirements-runtime.txt"
    folder = TIERS["real"].cache / f"image-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        # Where it will be used: the programs of a virtual environment hold its path.
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements]
        subprocess.run(pip, check=True)
        (folder / "complete").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def app(
    root: Path, interpreter: Path, instructions: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder /app of the image, after its last step."""
    app = tmp_path_factory.mktemp("image") / "app"
    app.mkdir()
    for line in (root / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source = root / line[1:]
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, app / line[1:])
    [step] = [arguments for name, arguments in instructions if name == "RUN" and "collectstatic" in arguments]
    subprocess.run(
        ["sh", "-ec", step.replace("/app", str(app))],
        cwd=app,
        check=True,
        env={"PATH": f"{interpreter.parent}:{os.environ['PATH']}", "STATIC_ROOT": str(app.parent / "static")},
    )
    return app


@pytest.fixture(scope="module")
def services(root: Path, interpreter: Path) -> dict[str, dict[str, Any]]:
    """The services of the Compose file, with its variables replaced as Compose replaces them."""
    key = subprocess.run(
        [interpreter, "manage.py", "new_encryption_key"],
        cwd=root,
        env={"ENVIRONMENT": "development"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    values = {**VARIABLES, "ENCRYPTION_KEYS": key}

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replace(each) for name, each in value.items()}
        if isinstance(value, list):
            return [replace(each) for each in value]
        if not isinstance(value, str):
            return value
        return re.sub(
            r"\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}",
            lambda match: "$" if not match[1] else values.get(match[1]) or (match[3] if match[2] == "-" else ""),
            value,
        )

    return replace(yaml.safe_load((root / "docker-compose.yml").read_text()))["services"]


@pytest.fixture
def run(
    app: Path,
    interpreter: Path,
    instructions: list[tuple[str, str]],
    services: dict[str, dict[str, Any]],
    processes: Processes,
    tmp_path: Path,
) -> Iterator[Callable[..., None]]:
    """`run(service, *command)`: starts a service, or another command in its environment; for commands, to their end."""
    database = Database.from_url(os.environ["DATABASE_URL"]).named("of_the_image")
    with database.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{database.name}" TEMPLATE template0')
    environment = {"PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
    for name, arguments in instructions:
        if name == "ENV":
            environment |= dict(word.split("=", 1) for word in shlex.split(arguments) if not word.startswith("PATH="))
    # What differs outside a container: the addresses of other services, and folders.
    addresses = {"DATABASE_URL": database.url, "REDIS_URL": os.environ["REDIS_URL"], "REDIS_PASSWORD": ""}
    folders = {"SYNCCENTER_VAR": str(tmp_path / "data"), "STATIC_ROOT": str(app.parent / "static")}
    [default] = [arguments for name, arguments in instructions if name == "CMD"]

    def start(service: str, *command: str) -> None:
        settings = services[service]["environment"] | addresses | folders
        settings |= {"RUNTIME_DIR": str(tmp_path / service), "POSTGRES_BIN": str(postgres_binaries())}
        if command:
            subprocess.run(command, cwd=app, env=environment | settings, check=True, capture_output=True, text=True)
            return
        words = services[service].get("command") or yaml.safe_load(default)
        # Processes add to our environment; `env -i` takes only what the container would have.
        assignments = [f"{name}={value}" for name, value in (environment | settings).items()]
        processes.start(service, ["env", "-i", *assignments, *words], cwd=app)

    yield start
    processes.stop(grace=0)
    with database.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{database.name}" WITH (FORCE)')


def test_all_services_start_become_healthy_and_serve_pages(
    run: Callable[..., None],
    services: dict[str, dict[str, Any]],
    instructions: list[tuple[str, str]],
    processes: Processes,
) -> None:
    run("migrate", *services["migrate"]["command"])
    for service in ("web", "worker", "copier", "beat"):
        run(service)
    [check_of_web] = [arguments for name, arguments in instructions if name == "HEALTHCHECK"]
    checks = {name: services[name]["healthcheck"]["test"][1:] for name in ("worker", "copier", "beat")}
    checks["web"] = yaml.safe_load(check_of_web.split(" CMD ")[1])
    deadline = time.monotonic() + 150
    while checks:
        name, check = checks.popitem()
        try:
            run(name, *check)
        except subprocess.CalledProcessError as error:
            assert time.monotonic() < deadline, f"{error.stderr}\n{processes.log(name)}"
            checks = {name: check} | checks  # ask again after the others
            time.sleep(0.2)
    headers = {"Host": "hub.example", "X-Forwarded-Proto": "https"}
    page = requests.get("http://127.0.0.1:8000/", headers=headers, timeout=60)
    assert page.status_code == 200 and "Log in" in page.text
    [style] = re.findall(r'href="(/static/[^"]+\.css)"', page.text)[:1]
    assert requests.get(f"http://127.0.0.1:8000{style}", headers=headers, timeout=60).ok
    logs = "".join(processes.log(name) for name in processes.names())
    for value in VARIABLES.values():
        assert value not in logs or value in ("hub.example", "https://hub.example")
