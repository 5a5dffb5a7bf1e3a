"""Within an import, each ID of a custom label has one display name; a changed name is allowed and reported (F4)."""

from typing import Any

import pytest

from catalog.models import Product
from connectors.services.runs import sync
from hub.models import Connection
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.worker import skip_delays, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["v4", "v3"])
def labelled_search(search: Connection, request: pytest.FixtureRequest) -> Connection:
    """A search engine with all products. Materials are IDs, and another attribute contains their display names."""
    search.settings = search.settings | {"api_version": request.param, "custom_labels": ["Material"]}
    search.field_map = {"label_names": {"Material": "Material name"}}
    search.save(update_fields=["settings", "field_map"])
    work_until_idle()
    skip_delays()
    return search


@pytest.fixture
def some_products(labelled_search: Connection) -> list[Product]:
    sold = Product.objects.filter(status="live", variants__sku__gt="", variants__prices__amount__gt=0)
    return list(sold.distinct().order_by("pk")[:3])


def set_material(labelled_search: Connection, *products: Product, material: Any, name: Any) -> None:
    for product in products:
        product.refresh_from_db()
        product.attributes = {"Material": material, "Material name": name}
        product.revision += 1
        product.save(update_fields=["attributes", "revision"])


def send(labelled_search: Connection) -> None:
    sync(connection=labelled_search, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()


def names(platform: SandboxProcess) -> dict[str, str]:
    return {row["id"]: row["name"] for row in platform.state("names") if row["label"] == "Material"}


def open_issue(product: Product) -> Issue | None:
    """The open issue in the search engine's sync log: the shop's log uses the shop's IDs."""
    return Issue.objects.filter(
        sync_log__connection__platform="elevate", external_id=f"product:{product.pk}", resolved_at=None
    ).first()


def test_ids_are_sent_with_their_names(
    labelled_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    first, second, _ = some_products
    set_material(labelled_search, first, second, material=["m1", "m2"], name=["Oak", "Ash"])
    send(labelled_search)
    assert names(search_platform) == {"m1": "Oak", "m2": "Ash"}
    sent = {row["key"]: row["productGroup"] for row in search_platform.state("groups")}[f"p{first.pk}"]
    assert sent["products"][f"p{first.pk}"]["defaults"]["customLabels"]["Material"] == ["m1", "m2"]
    assert not open_issue(first) and not open_issue(second)


def test_two_names_in_one_import_become_one_and_are_reported(
    labelled_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    first, second, third = some_products
    set_material(labelled_search, first, third, material="m1", name="Oak")
    set_material(labelled_search, second, material="m1", name="Eiche")
    send(labelled_search)
    assert names(search_platform) == {"m1": "Oak"}
    issue = open_issue(second)
    assert issue is not None and issue.severity == Issue.Severity.WARNING
    assert "called “Oak” by another product and “Eiche” by this product" in issue.message and "same name" in issue.fix
    assert not open_issue(first) and not open_issue(third)
    set_material(labelled_search, second, material="m1", name="Oak")
    send(labelled_search)
    assert not open_issue(second)


def test_a_new_name_applies_to_all_products_and_is_reported(
    labelled_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    first, second, _ = some_products
    set_material(labelled_search, first, second, material="m1", name="Oak")
    send(labelled_search)
    set_material(labelled_search, second, material="m1", name="Oak wood")
    send(labelled_search)
    assert names(search_platform) == {"m1": "Oak wood"}
    issue = open_issue(second)
    assert issue is not None and issue.severity == Issue.Severity.WARNING
    assert "was called “Oak”." in issue.message and "Oak wood" in issue.message
    assert not open_issue(first)


def test_a_name_counts_only_once_its_import_has_succeeded(
    labelled_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    first, second, _ = some_products
    search_platform.fault("status", method="POST", status=400, body={"reason": "The data is not valid"}, times=1)
    set_material(labelled_search, first, material="m1", name="Oak")
    send(labelled_search)
    set_material(labelled_search, first, material="m1", name="Ash")
    send(labelled_search)
    assert names(search_platform) == {"m1": "Ash"} and not open_issue(first)
