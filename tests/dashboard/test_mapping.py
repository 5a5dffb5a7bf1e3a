"""Fields are mapped in a form that shows what the account really has (I5)."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from connectors.services.field_mapping import AccountField, account_fields, mapped_fields
from hub.models import Connection, LinkPayload
from tests.dashboard.merchants import Merchant

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
    sent = {
        field.key: "" if field.is_map else str(field.value)
        for field in mapped_fields(Connection.objects.get(pk=acorn.shop.pk))
    }
    Connection.objects.filter(pk=acorn.shop.pk).update(credentials={"access_token": "t"}, base_url="https://127.0.0.1")
    changed = {"products.restock_date": "custom_fields.Restock date", "products.settings": "pack = Pack size\n\n"}
    answer = client.post(f"{PAGE}save/", sent | changed, follow=True)
    assert "Field mapping saved." in answer.content.decode()
    saved = Connection.objects.get(pk=acorn.shop.pk).field_map["products"]
    assert saved["restock_date"] == "custom_fields.Restock date" and saved["settings"] == {"pack": "Pack size"}
    assert saved["rrp"] == "retail_price" and AuditEvent.objects.filter(action="connection.change").exists()
    assert client.get(PAGE).context["rows"]


def test_a_line_without_a_sign_is_named_and_what_was_typed_stays(acorn: Merchant, logged_in: LogIn) -> None:
    typed = {"products.settings": "pack = Pack size\nbroken", "products.rrp": "typed_price"}
    answer = logged_in(acorn.owner).post(f"{PAGE}save/", typed)
    page = answer.content.decode()
    assert answer.status_code == 400 and "the line “broken” has no “=”" in page
    assert "pack = Pack size\nbroken</textarea>" in page and 'value="typed_price"' in page
    assert Connection.objects.get(pk=acorn.shop.pk).field_map == acorn.shop.field_map
