"""Fields are mapped in a form that shows what the account really has (I5)."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, Membership, User
from connectors.adapters.registry import adapters
from connectors.admin.text_fields import ValuesField, mapped_text, parse_mapped
from connectors.services.connections import install_connection
from connectors.services.field_mapping import (
    AccountField,
    account_fields,
    fields_of_map,
    mapped_fields,
    with_values,
)
from connectors.services.runs import sync
from hub.models import Connection, LinkPayload, Run
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.dashboard.merchants import Merchant, person
from tests.engine.worker import work_until_idle
from tests.factories import make_seller

LogIn = Callable[[User], Client]
PAGE = "/s/acorn/connections/acorn-bigcommerce/mapping/"


@pytest.fixture
def payload(acorn: Merchant) -> None:
    LinkPayload.objects.filter(link__connection=acorn.shop).update(
        received={
            "retail_price": 59.95,
            "custom_fields": [{"name": "Restock date", "value": "2027-01-05"}],
            "images": [],
        }
    )


@pytest.mark.usefixtures("payload")
def test_the_form_offers_the_fields_of_the_account_with_examples(acorn: Merchant, logged_in: LogIn) -> None:
    assert account_fields(acorn.shop, "products") == [
        AccountField("custom_fields.Restock date", ["2027-01-05"]),
        AccountField("retail_price", ["59.95"]),
    ]
    page = logged_in(acorn.owner).get(PAGE).content.decode()
    assert "Recommended retail price" in page and "59.95" in page
    assert '<option value="custom_fields.Restock date">2027-01-05</option>' in page


@pytest.mark.usefixtures("payload")
def test_a_mapping_is_saved_without_json(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    sent = {field.key: mapped_text(field) for field in mapped_fields(Connection.objects.get(pk=acorn.shop.pk))}
    Connection.objects.filter(pk=acorn.shop.pk).update(credentials={"access_token": "t"}, base_url="https://127.0.0.1")
    changed = {"products.restock_date": "custom_fields.Restock date", "products.settings": "pack = Pack size\n\n"}
    answer = client.post(f"{PAGE}save/", sent | changed, follow=True)
    assert "Field mapping saved." in answer.content.decode()
    saved = Connection.objects.get(pk=acorn.shop.pk).field_map["products"]
    assert saved["restock_date"] == "custom_fields.Restock date" and saved["settings"] == {"pack": "Pack size"}
    assert AuditEvent.objects.filter(action="connection.change").exists()
    assert client.get(PAGE).context["rows"]


@pytest.mark.parametrize("platform", sorted(adapters()))
def test_every_field_map_is_typed_without_json_and_kept_as_it_is(platform: str) -> None:
    schema = adapters()[platform].FieldMap
    fields = fields_of_map(schema, {})
    assert {key: parse_mapped(field, mapped_text(field)) for key, field in ((each.key, each) for each in fields)} == {
        field.key: field.value for field in fields
    }
    assert with_values({}, fields, {}) == {}, "defaults stay defaults"
    full = schema().model_dump(mode="json")
    stored = fields_of_map(schema, full)
    values = {field.key: parse_mapped(field, mapped_text(field)) for field in stored}
    assert schema.model_validate(with_values(full, stored, values)) == schema()


def test_names_in_names_lists_and_values_of_fields_are_typed_in_lines() -> None:
    stored = {
        "markets": {"se": {"currency": "SEK", "locales": ["sv-SE", "en-GB"]}, "no": {}},
        "translations": {"sv": {"title": "title_sv"}},
        "stores": {"main": "store-1"},
    }
    fields = {field.key: field for field in fields_of_map(adapters()["elevate"].FieldMap, stored)}
    assert mapped_text(fields["markets"]) == "se.currency = SEK\nse.locales = sv-SE, en-GB\nno.name = "
    assert {key: parse_mapped(field, mapped_text(field)) for key, field in fields.items() if key in stored} == stored
    with pytest.raises(ValidationError, match="Markets: “se” has no “.”"):
        parse_mapped(fields["markets"], "se = SEK")
    values = ValuesField(label="Defaults", required=False)
    held = {"memo": "x", "channel": {"id": "3", "open": True}, "rate": 1.5, "tags": ["a"], "empty": {}}
    assert values.to_python(values.prepare_value(held)) == held
    for text in ("a = 1\na.b = 2", "a.b = 2\na = 1"):
        with pytest.raises(ValidationError, match="Delete one of the lines"):
            values.to_python(text)


def test_a_line_without_a_sign_is_named_and_what_was_typed_stays(acorn: Merchant, logged_in: LogIn) -> None:
    typed = {"products.settings": "pack = Pack size\nbroken", "products.rrp": "typed_price"}
    answer = logged_in(acorn.owner).post(f"{PAGE}save/", typed)
    page = answer.content.decode()
    assert answer.status_code == 400 and "the line “broken” has no “=”" in page
    assert "pack = Pack size\nbroken</textarea>" in page and 'value="typed_price"' in page
    assert Connection.objects.get(pk=acorn.shop.pk).field_map == acorn.shop.field_map


@pytest.mark.django_db(transaction=True)
def test_a_transformation_is_built_seen_on_real_items_and_arrives_at_the_target(
    sandbox: Callable[..., SandboxProcess], page_of: Callable[[User | None], Page]
) -> None:
    shop = sandbox("bigcommerce", accounts={"acorn": "shop-token"}, products=3, quota=100_000)
    erp = sandbox("rest", accounts={"erp": "token"})
    seller = make_seller("acorn")
    owner = person("alice@acorn.example", seller, Membership.Role.OWNER)
    source = install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Our shop",
        slug="our-shop",
        base_url=f"{shop.url}/stores/acorn",
        credentials={"access_token": "shop-token"},
        start=False,
    )
    install_connection(
        seller=seller,
        platform="rest",
        name="ERP",
        slug="erp",
        base_url=erp.url,
        credentials={"token": "token"},
        start=False,
    )
    page = page_of(owner)
    page.goto("/s/acorn/connections/our-shop/mapping/")
    page.get_by_role("link", name="Add (Manufacturer part number)").click()
    page.get_by_label("BigCommerce field").fill("sku")
    page.get_by_label("New step").select_option("Find and replace")
    page.get_by_role("button", name="Add step").click()
    page.get_by_label("Find", exact=True).fill("-")
    page.get_by_label("New step").select_option("Add before")
    page.get_by_role("button", name="Add step").click()
    page.get_by_label("Text").fill("MPN ")
    page.get_by_role("button", name="Show effect").click()
    row = page.get_by_role("table", name="Effect on real items").get_by_role("row").nth(1)
    before, after = row.get_by_role("cell").all_inner_texts()
    assert "-" in before and after == f"MPN {before.replace('-', '')}"
    assert "transformations" not in Connection.objects.get(pk=source.pk).field_map

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Find and replace, Add before (Manufacturer part number)")).to_be_visible()
    sync(connection=Connection.objects.get(pk=source.pk), data_type="products", trigger=Run.Trigger.BUTTON)
    work_until_idle()
    arrived = {variant["sku"]: variant["mpn"] for item in erp.state("products") for variant in item["variants"]}
    assert arrived[before] == after and len(set(arrived.values())) == len(arrived)
    assert not Issue.objects.filter(cause__startswith="transformation").exists()


def test_a_step_that_is_not_complete_is_not_saved(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    url = "/s/acorn/connections/acorn-bigcommerce/transformation/"
    typed = {"field": "variant.mpn", "path": "mpn", "step": "replace", "step0-find": "", "action": "save"}
    answer = client.post(f"{url}change/", typed)
    assert answer.status_code == 400 and "This field is required." in answer.content.decode()
    typed |= {"step": "template", "step0-text": "{nothing}"}
    answer = client.post(f"{url}change/", typed)
    assert answer.status_code == 400 and "The template refers to “nothing”." in answer.content.decode()
    assert Connection.objects.get(pk=acorn.shop.pk).field_map == acorn.shop.field_map
    assert client.get(f"{url}?field=order.total").status_code == 404
