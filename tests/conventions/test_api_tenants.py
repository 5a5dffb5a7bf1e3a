"""No API operation gives access to another seller's data, for any kind of key."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.models import Membership
from accounts.services import SCOPES
from hub.models import Connection, Job, Run
from orders.models import Address, Customer
from synccenter.api import api
from synclog.models import Issue, SyncLog
from tests.two_sellers import ApiClient, SellerSetup, TwoSellers, key_for, make_person

STARTED = {"started_full_sync": "2026-05-04T03:02:01Z"}
ADDRESS = {"address_line1": "1 High Street", "city": "Leeds", "country_code": "GB"}
CART = {
    "cart_id": "7a35e1a0-4f5e-4f2a-9a66-0f4a2f3b5c11",
    "customer": {"external_id": "7"},
    "currency_code": "GBP",
    "billing_address": ADDRESS,
    "line_items": [{"sku": "CAP-1", "quantity": 1}],
}
BUYER = {"email": "buyer@example.com", "first_name": "Bea", "last_name": "Buyer"}


def operations() -> list[tuple[str, str]]:
    """(method, path template) of every operation in the OpenAPI document."""
    paths = api.get_openapi_schema()["paths"]
    return [(method.upper(), path) for path, found in paths.items() for method in found]


def operation_url(path: str, seller_setup: SellerSetup) -> str:
    """The URL of an operation for the seller's rows. Operations with a new parameter fail until it is added here."""
    sub_account = Customer.objects.get(seller=seller_setup.seller, parent__isnull=False)
    values: dict[str, object] = {
        "run_id": seller_setup.run.pk,
        "integration": seller_setup.shop.slug,
        "slug": seller_setup.shop.slug,
        "data_type": "customers",
        "site_env": "live",
        "site_id": f"site-{seller_setup.seller.slug}",
        "feed": "products",
        "customer_external_id": f"synccenter-{sub_account.pk}",
        "customer_address_external_id": f"address-{seller_setup.seller.slug}",
    }
    return re.sub(r"{(\w+)}", lambda match: str(values[match[1]]), path)


# End of an operation's URL → a valid body.
BODIES: dict[str, dict[str, Any]] = {
    r"/v1/live/[^/]+": {"store_id": "1", "spark_api_client_id": "id", "spark_api_client_secret": "word"},
    r"/v1/live/[^/]+/customers": BUYER,
    r"/sub-accounts": BUYER,
    r"/sub-accounts/[^/]+": {"first_name": "Max"},
    r"/addresses(/[^/]+)?": ADDRESS,
    r"/authentication/verify": {"data": "token"},
    r"/checkout/(calculate|complete)": CART,
    r"/metafield-configuration/enable": {"key": "customer.group"},
    r"/sync-log/.*": STARTED,
}
# What an owner gets where the paper platforms offer nothing.
UNSUPPORTED = (
    "/authentication/verify",
    "/metafield-configuration/enable",
    "/checkout/calculate",
    "/checkout/complete",
)
# A storefront's first call creates its connection, for whichever seller the key belongs to.
CONNECT = ("POST", "/api/v1/{site_env}/{site_id}")


@pytest.fixture
def two_sellers(two_sellers: TwoSellers) -> TwoSellers:
    """Each seller has a customer with a sub-account, who has an address."""
    for each in (two_sellers.north, two_sellers.south):
        parent = Customer.objects.create(seller=each.seller, email="parent@example.com", b2b_enabled=True)
        own = Customer.objects.create(seller=each.seller, email="sub@example.com", parent=parent, b2b_enabled=True)
        own.addresses.create(seller=each.seller, external_id=f"address-{each.seller.slug}", country="GB")
    return two_sellers


def call(client: ApiClient, method: str, address: str) -> Any:
    body = next((body for end, body in BODIES.items() if re.search(rf"{end}$", address)), None)
    if body is not None and address.endswith("/sub-accounts"):
        pk = Customer.objects.filter(children__isnull=False).order_by("pk").first().pk
        body = body | {"parent_customer_external_id": f"synccenter-{pk}"}
    return client.send(method, address, body if method in ("PUT", "PATCH", "POST") else None)


def snapshot(seller_setup: SellerSetup) -> list[Any]:
    """All rows of a seller that operations could change."""
    return [
        list(Connection.objects.filter(seller=seller_setup.seller).order_by("pk").values()),
        list(Job.objects.filter(connection__seller=seller_setup.seller).order_by("pk").values()),
        list(Run.objects.filter(job__connection__seller=seller_setup.seller).order_by("pk").values()),
        list(SyncLog.objects.filter(seller=seller_setup.seller).order_by("pk").values()),
        list(Issue.objects.filter(seller=seller_setup.seller).order_by("pk").values()),
        list(Customer.objects.filter(seller=seller_setup.seller).order_by("pk").values()),
        list(Address.objects.filter(seller=seller_setup.seller).order_by("pk").values()),
    ]


def test_the_operations_cover_the_api(two_sellers: TwoSellers) -> None:
    assert len(operations()) >= 13
    assert reverse("api:api-root") == "/api/"


def check_each(
    two_sellers: TwoSellers, check: Callable[[str, str, str], None], *, reading: bool = True, changing: bool = False
) -> None:
    """Calls `check(method, path, address)` for every operation on north's rows; `reading`: also for GET.

    Each finds the same rows, and changes none unless it is `changing`. The failures of all are shown together.
    """
    before = snapshot(two_sellers.north)
    failures = []
    for method, path in operations():
        if method == "GET" and not reading:
            continue
        try:
            with transaction.atomic():
                check(method, path, operation_url(path, two_sellers.north))
                assert changing or snapshot(two_sellers.north) == before, "rows of north changed"
                transaction.set_rollback(True)
        except AssertionError as error:
            failures.append(f"{method} {path}: {error}")
    assert not failures, "\n".join(failures)


def test_operations_need_a_key(two_sellers: TwoSellers) -> None:
    def check(method: str, path: str, address: str) -> None:
        assert call(ApiClient(), method, address).status_code == 401

    check_each(two_sellers, check)


def test_operations_need_their_scope(two_sellers: TwoSellers) -> None:
    nothing = key_for(two_sellers.north.seller, scopes=[])
    without = {
        scope: key_for(two_sellers.north.seller, scopes=[each for each in SCOPES if each != scope]) for scope in SCOPES
    }

    def check(method: str, path: str, address: str) -> None:
        detail = call(nothing, method, address).json()["detail"]
        (needed,) = [scope for scope in SCOPES if scope in detail]
        assert call(without[needed], method, address).status_code == 403

    check_each(two_sellers, check)


@pytest.mark.parametrize(
    "stranger", ["key of the other seller", "key of the other seller's member", "key of a user without a seller"]
)
def test_other_sellers_data_is_neither_shown_nor_changed(two_sellers: TwoSellers, stranger: str) -> None:
    """URLs of north's rows respond 404. Lists, and logs with an arbitrary name, only show south's rows."""
    client = {
        "key of the other seller": lambda: key_for(two_sellers.south.seller),
        "key of the other seller's member": lambda: key_for(user=two_sellers.south.owner),
        "key of a user without a seller": lambda: key_for(user=make_person("stranger@nowhere.example")),
    }[stranger]()

    def check(method: str, path: str, address: str) -> None:
        answer = call(client, method, address)
        text = answer.getvalue().decode()
        assert "No email at north" not in text and "north-front" not in text
        names_a_row = "{run_id}" in path or "{slug}" in path or "{site_id}" in path
        if (method, path) == CONNECT and stranger != "key of a user without a seller":
            assert answer.status_code == 204
        elif names_a_row or stranger == "key of a user without a seller" and "sync-log" in path:
            assert answer.status_code == 404
        assert answer.status_code < 500

    check_each(two_sellers, check)


def test_viewers_cannot_change_anything(two_sellers: TwoSellers) -> None:
    Membership.objects.filter(user=two_sellers.north.owner).update(role=Membership.Role.VIEWER)
    client = key_for(user=two_sellers.north.owner)

    def check(method: str, path: str, address: str) -> None:
        assert call(client, method, address).status_code == 403

    check_each(two_sellers, check, reading=False)


def test_owners_can_call_every_operation(two_sellers: TwoSellers) -> None:
    """Proves that the rejections above have the reason that they test."""
    client = key_for(user=two_sellers.north.owner)

    def check(method: str, path: str, address: str) -> None:
        answer = call(client, method, address)
        # 400 because the run of the customers job is still open. The storefront's job has no open run.
        expected = {400} if path.endswith(("/sync/{data_type}", *UNSUPPORTED)) else {200, 201, 204}
        assert answer.status_code in expected, answer.content

    check_each(two_sellers, check, changing=True)
