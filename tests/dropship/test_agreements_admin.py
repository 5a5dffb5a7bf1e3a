"""Dropship agreements are created, changed and deactivated in the console, and audited (U2)."""

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


def test_agreement_is_created_and_deactivated(console: Client) -> None:
    seller, vendor = make_seller("acme"), make_seller("pines")
    both = {"seller": seller.pk, "vendor": vendor.pk}
    assert console.post(f"{PAGE}add/", FORM | both).status_code == 302
    agreement = DropshipAgreement.objects.get()
    assert (agreement.seller, agreement.vendor, agreement.name_on_lines, agreement.active) == (
        seller,
        vendor,
        "Pines",
        True,
    )
    deactivated = {name: value for name, value in FORM.items() if name != "active"}
    # Seller and vendor can't be changed, whatever is posted.
    assert console.post(f"{PAGE}{agreement.pk}/change/", deactivated | {"seller": vendor.pk}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.seller, agreement.active) == (seller, False)
    assert console.post(f"{PAGE}{agreement.pk}/delete/", {"post": "yes"}).status_code == 403
    events = AuditEvent.objects.filter(seller=seller).order_by("pk")
    assert [event.action for event in events] == ["agreement.add", "agreement.change"]
    assert events[1].detail["active"] is False


def test_invalid_agreement_is_rejected(console: Client) -> None:
    seller, vendor, other = make_seller("acme"), make_seller("pines"), make_seller("quays")
    DropshipAgreement.objects.create(seller=seller, vendor=vendor, name_on_lines="Pines")
    for about, why in (
        (
            {"seller": seller.pk, "vendor": vendor.pk, "name_on_lines": "New"},
            "has an agreement with this vendor already",
        ),
        ({"seller": seller.pk, "vendor": other.pk, "name_on_lines": "pines"}, "Another vendor already uses this name"),
        ({"seller": seller.pk, "vendor": seller.pk}, "Seller and vendor must be different"),
        ({"seller": seller.pk, "vendor": other.pk, "name_on_lines": " "}, "This field is required"),
    ):
        answer = console.post(f"{PAGE}add/", FORM | about)
        assert answer.status_code == 200 and why in errors(answer)
    assert DropshipAgreement.objects.count() == 1
