"""Requirement IDs appear only in code and docs, never in user-visible texts."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.management import get_commands, load_command_class

from connectors.adapters.registry import adapters
from synccenter.api import api

DEFINED = set(re.findall(r"^\| ([A-Z]\d+) \|", (settings.BASE_DIR / "docs" / "requirements.md").read_text(), re.M))
OURS = (
    "accounts",
    "common",
    "hub",
    "catalog",
    "orders",
    "synclog",
    "connectors",
    "staging_copy",
    "privacy",
    "notifications",
    "dashboard",
    "synccenter",
)


def user_visible_texts() -> Iterator[tuple[str, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            yield f"{model.__name__}.{field.name}", str(getattr(field, "help_text", ""))
    for model, page in admin.site._registry.items():
        for action in page.actions or ():
            yield f"action of {model.__name__}", str(getattr(action, "short_description", ""))
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        yield str(path), re.sub(r"{#.*?#}", "", path.read_text())
    for name, app in get_commands().items():
        if app in OURS:
            command = load_command_class(app, name)
            yield name, command.create_parser("manage.py", name).format_help()
    for name, adapter in adapters().items():
        for form in (adapter.Settings, adapter.Credentials, adapter.FieldMap):
            yield f"{form.__name__} of {name}", str(form.model_json_schema().get("properties"))
    yield "OpenAPI", str(api.get_openapi_schema())


def test_no_id_of_a_requirement_is_shown() -> None:
    assert {"B8", "D20", "L16"} <= DEFINED
    found = {
        where: ids for where, text in user_visible_texts() if (ids := DEFINED & set(re.findall(r"\b[A-Z]\d+\b", text)))
    }
    assert found == {}
