"""Agreements are made, changed and ended in the console; who did it stands in the audit trail (U2)."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, DropshipAgreement
from tests.factories import make_seller, make_user

PAGE = "/admin/accounts/dropshipagreement/"
FORM = {"name_on_lines": " Pines ", "active": "on", "since_0": "2026-01-01", "since_1": "00:00:00"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def errors(answer: Any) -> str:
    return str(answer.context["adminform"].form.errors)


def test_an_agreement_is_made_and_ended(console: Client) -> None:
    seller, vendor = make_seller("acme"), make_seller("pines")
    both = {"seller": seller.pk, "vendor": vendor.pk}
    assert console.post(f"{PAGE}add/", FORM | both).status_code == 302
    made = DropshipAgreement.objects.get()
    assert (made.seller, made.vendor, made.name_on_lines, made.active) == (seller, vendor, "Pines", True)
    ended = {name: value for name, value in FORM.items() if name != "active"}
    # Seller and vendor stay what they were, whatever is posted.
    assert console.post(f"{PAGE}{made.pk}/change/", ended | {"seller": vendor.pk}).status_code == 302
    made.refresh_from_db()
    assert (made.seller, made.active) == (seller, False)
    assert console.post(f"{PAGE}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    events = AuditEvent.objects.filter(seller=seller).order_by("pk")
    assert [event.action for event in events] == ["agreement.add", "agreement.change"]
    assert events[1].detail["active"] is False


def test_what_cannot_be_is_refused_beside_the_field(console: Client) -> None:
    seller, vendor, other = make_seller("acme"), make_seller("pines"), make_seller("quays")
    DropshipAgreement.objects.create(seller=seller, vendor=vendor, name_on_lines="Pines")
    for about, why in (
        (
            {"seller": seller.pk, "vendor": vendor.pk, "name_on_lines": "New"},
            "has an agreement with this vendor already",
        ),
        ({"seller": seller.pk, "vendor": other.pk, "name_on_lines": "pines"}, "Another vendor goes by this name"),
        ({"seller": seller.pk, "vendor": seller.pk}, "Seller and vendor must be two"),
        ({"seller": seller.pk, "vendor": other.pk, "name_on_lines": " "}, "This field is required"),
    ):
        answer = console.post(f"{PAGE}add/", FORM | about)
        assert answer.status_code == 200 and why in errors(answer)
    assert DropshipAgreement.objects.count() == 1
