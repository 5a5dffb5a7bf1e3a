"""Writes docs/fields.md from the registry of fields: `.venv/bin/python -m tests.conventions.field_reference`."""

import os
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"

INTRODUCTION = """\
# Fields of the hub

What SyncCenter stores about each kind of item, whatever the platform. **Name** is the field's name in field mappings
and records, **in feeds** its name in the [outgoing feeds](feeds.md) and in the
[protocol for custom systems](platforms/rest.md), if it is in them. A connection's field mapping may say which field of
its platform holds a field that **can be mapped**. Amounts are in the major unit of the currency.

Each field is declared once, and `.venv/bin/python -m tests.conventions.field_reference` writes this page.
[adding-a-field.md](adding-a-field.md) shows how to add one.
"""


def text() -> str:
    from connectors.sdk import records  # noqa: F401  (registers all fields)
    from hub import field_registry

    return INTRODUCTION + "".join(
        f"\n## {kind.replace('_', ' ').capitalize()}\n\n{''.join(_table(kind))}" for kind in field_registry.kinds()
    )


def _table(kind: str) -> Iterator[str]:
    from hub.field_registry import fields_of

    yield "| name | label | type | in feeds | can be mapped | since |\n|---|---|---|---|---|---|\n"
    for field in fields_of(kind).values():
        kind_of_value = f"{field.type}, {field.unit}" if field.unit else str(field.type)
        feed_name = f"`{field.feed_name}`" if field.feed_name else ""
        mapped = "yes" if field.mappable else ""
        yield f"| `{field.name}` | {field.label} | {kind_of_value} | {feed_name} | {mapped} | {field.since} |\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    os.environ.setdefault("ENVIRONMENT", "development")
    django.setup()
    PAGE.write_text(text())
