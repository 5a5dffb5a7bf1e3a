"""The registry of the hub's fields: its page, the field maps that use it, and the example of docs/adding-a-field.md."""

import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps

from connectors.adapters.registry import adapters
from hub.field_registry import fields_of, kinds
from hub.kinds import DataType, Kind
from tests.conventions import field_reference

ROOT = Path(__file__).parents[2]
MODELS = {
    Kind.CATEGORY: "catalog.Category",
    Kind.BRAND: "catalog.Brand",
    Kind.PRODUCT: "catalog.Product",
    Kind.VARIANT: "catalog.Variant",
    "price": "catalog.Price",
    "stock": "catalog.Stock",
    "image": "catalog.Image",
    Kind.CUSTOMER: "orders.Customer",
    Kind.ORDER: "orders.Order",
    Kind.ORDER_LINE: "orders.OrderLine",
}
MAPPED_KINDS = {"products": (Kind.PRODUCT, Kind.VARIANT, "stock"), "customers": (Kind.CUSTOMER,)}


def test_the_page_lists_the_registry_as_it_is() -> None:
    assert field_reference.PAGE.read_text() == field_reference.text(), (
        "run: .venv/bin/python -m tests.conventions.field_reference"
    )


def test_every_stored_field_has_a_column() -> None:
    assert MODELS.keys() <= set(kinds())
    for kind, label in MODELS.items():
        columns = {field.name for field in apps.get_model(label)._meta.get_fields()}
        stored = {field.name for field in fields_of(kind).values() if not field.relation}
        assert stored <= columns, kind


@pytest.mark.parametrize("platform", sorted(adapters()))
def test_field_maps_name_fields_that_can_be_mapped(platform: str) -> None:
    for data_type, info in adapters()[platform].FieldMap.model_fields.items():
        for name in getattr(info.annotation, "model_fields", ()) if data_type in MAPPED_KINDS else ():
            mappable = {
                name
                for kind in MAPPED_KINDS[DataType(data_type)]
                for name, field in fields_of(kind).items()
                if field.mappable
            }
            assert name in mappable | {"brand"}, (data_type, name)


# The example of docs/adding-a-field.md


def files_with(word: str) -> set[str]:
    """The files of the product that contain a word. Tests, docs, benchmarks and the sandbox are not the product.
    Squashed migrations repeat others."""
    packages = (
        "catalog",
        "connectors",
        "dashboard",
        "hub",
        "orders",
        "staging_copy",
        "synccenter",
        "synclog",
        "templates",
    )
    found = subprocess.run(
        ["git", "-c", "safe.directory=*", "grep", "--files-with-matches", "--untracked", "--word-regexp", word]
        + ["--", *packages, ":!*/migrations/0001_squashed_*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.split())


def places(heading: str) -> set[str]:
    """The files in the first column of the table below a heading of the page."""
    page = (ROOT / "docs" / "adding-a-field.md").read_text()
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def test_the_example_lists_all_places_of_a_field() -> None:
    in_the_hub, in_platforms = places("Places in the hub"), places("One line per platform")
    assert files_with("mpn") == in_the_hub | in_platforms
    assert len(in_the_hub) <= 6
    assert all(path.startswith("connectors/platforms/") for path in in_platforms)
    for path in in_platforms:
        lines = [line for line in (ROOT / path).read_text().splitlines() if re.search(r"\bmpn\b", line)]
        assert len(lines) == 1, path
