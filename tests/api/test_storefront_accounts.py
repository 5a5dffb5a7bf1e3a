"""Sub-accounts, addresses and sign-ins that B2B storefronts send reach the shop (BigCommerce)."""

import base64
import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.db.models import Q

from accounts.models import AuditEvent, Seller
from connectors.services.connections import install_connection
from hub.models import Change, Connection, Link
from orders.models import Customer
from sandbox.process import SandboxProcess
from tests.factories import make_seller
from tests.two_sellers import ApiClient, key_for

SITE = "/api/v1/live/acme"
APP = {"app_client_id": "app-1", "app_client_secret": "app-word"}


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("bigcommerce", accounts={"shop": "token"}, products=1, customers=2, quota=100_000)


@pytest.fixture
def seller(db: None, store: SandboxProcess) -> Seller:
    seller = make_seller("acme", currency="GBP")
    install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{store.url}/stores/shop",
        credentials={"access_token": "token", **APP},
        start=False,
    )
    install_connection(
        seller=seller,
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url="http://127.0.0.1:9",
        settings={"site_id": "acme", "client_id": "c"},
        credentials={"client_secret": "word"},
        start=False,
    )
    return seller


@pytest.fixture
def front(seller: Seller) -> Iterator[ApiClient]:
    yield key_for(seller)


@pytest.fixture
def buyer(seller: Seller, store: SandboxProcess) -> Customer:
    """A customer whom the shop has."""
    first = next(iter(store.state("customers")))
    own = Customer.objects.create(
        seller=seller, email=first["email"], first_name="Ada", company_name="Climbing Ltd", b2b_enabled=True
    )
    link(seller, own, str(first["id"]))
    return own


def link(seller: Seller, customer: Customer, external_id: str) -> None:
    shop = Connection.objects.get(seller=seller, slug="acme-shop")
    Link.objects.create(connection=shop, kind="customer", external_id=external_id, item_id=customer.pk)


def id_of(customer: Customer) -> str:
    return Link.objects.get(Q(kind="customer"), item_id=customer.pk).external_id


def sub_account(parent: Customer, **changes: str) -> dict[str, str]:
    names = {"email": "bob@climbing.example", "first_name": "Bob", "last_name": "Jones", "role": "limited-customer"}
    return names | {"parent_customer_external_id": id_of(parent)} | changes


def at_shop(store: SandboxProcess) -> dict[str, dict[str, Any]]:
    return {row["email"]: row for row in store.state("customers")}


def test_a_sub_account_reaches_the_shop(front: ApiClient, store: SandboxProcess, buyer: Customer) -> None:
    answer = front.send("POST", f"{SITE}/sub-accounts", sub_account(buyer))
    row = at_shop(store)["bob@climbing.example"]
    assert (answer.status_code, answer.json()) == (201, {"customer_external_id": str(row["id"])})
    assert (row["first_name"], row["company"]) == ("Bob", "Climbing Ltd")
    own = Customer.objects.get(email="bob@climbing.example")
    assert (own.parent, own.b2b_enabled, id_of(own)) == (buyer, True, str(row["id"]))
    assert not Change.objects.filter(job__connection__slug="acme-b2b").exists(), "not back to the storefront"
    assert AuditEvent.objects.filter(action="sub_account.create").count() == 1


@pytest.mark.parametrize("where", ["here", "at the shop"])
def test_nobody_takes_over_an_account_by_its_email(
    front: ApiClient, store: SandboxProcess, buyer: Customer, where: str
) -> None:
    before = at_shop(store)
    taken = buyer.email.upper() if where == "here" else list(before)[1].upper()
    answer = front.send("POST", f"{SITE}/sub-accounts", sub_account(buyer, email=taken))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "email-already-taken")
    assert at_shop(store) == before and Customer.objects.count() == 1


def test_a_sub_account_is_renamed_and_deleted_but_no_other_customer(
    front: ApiClient, store: SandboxProcess, buyer: Customer
) -> None:
    number = front.send("POST", f"{SITE}/sub-accounts", sub_account(buyer)).json()["customer_external_id"]
    renamed = front.send("PATCH", f"{SITE}/sub-accounts/{number}", {"first_name": "Max", "email": "other@x.example"})
    assert renamed.status_code == 200
    assert at_shop(store)["bob@climbing.example"]["first_name"] == "Max"
    assert Customer.objects.get(email="bob@climbing.example").first_name == "Max"
    assert front.send("DELETE", f"{SITE}/sub-accounts/{number}").status_code == 204
    assert "bob@climbing.example" not in at_shop(store)
    assert Customer.objects.get(email="bob@climbing.example").status == "deleted"
    for method in ("PATCH", "DELETE"):
        assert front.send(method, f"{SITE}/sub-accounts/{id_of(buyer)}", {}).status_code == 404
    assert buyer.email in at_shop(store)


def test_a_customer_of_the_storefront_reaches_the_shop(front: ApiClient, store: SandboxProcess) -> None:
    body = {"email": "new@climbing.example", "first_name": "Nia", "last_name": "New"}
    number = front.send("PUT", f"{SITE}/customers", body).json()["customer_external_id"]
    assert number == str(at_shop(store)["new@climbing.example"]["id"])
    assert front.send("PUT", f"{SITE}/customers", body | {"first_name": "Mia"}).json() == {
        "customer_external_id": number
    }
    assert Customer.objects.get().first_name == "Mia"


def test_a_customer_whom_the_shop_has_already_is_linked(front: ApiClient, store: SandboxProcess) -> None:
    email, row = next(iter(at_shop(store).items()))
    body = {"email": email.upper(), "first_name": "Nia", "last_name": "New"}
    assert front.send("PUT", f"{SITE}/customers", body).json() == {"customer_external_id": str(row["id"])}
    assert id_of(Customer.objects.get()) == str(row["id"])


ADDRESS = {
    "title": "Mr",
    "first_name": "Bob",
    "last_name": "Jones",
    "address_line1": "1 High Street",
    "city": "Leeds",
    "region_name": "Yorkshire",
    "postal_code": "LS1",
    "country_code": "GB",
    "is_default_billing": True,
}


def addresses(store: SandboxProcess, customer: Customer) -> list[tuple[str, str]]:
    row = at_shop(store)[customer.email]
    return [(str(each["id"]), each["address1"]) for each in row.get("addresses", ()) if each.get("id")]


def test_addresses_are_created_changed_and_deleted_at_the_shop(
    front: ApiClient, store: SandboxProcess, buyer: Customer
) -> None:
    path = f"{SITE}/customers/{id_of(buyer)}/addresses"
    created = front.send("POST", path, ADDRESS)
    number = created.json()["customer_address_external_id"]
    assert created.status_code == 201 and created.json()["city"] == "Leeds"
    assert (number, "1 High Street") in addresses(store, buyer)
    again = front.send("POST", path, ADDRESS).json()
    assert again["customer_address_external_id"] == number, "the shop has no address twice"
    moved = ADDRESS | {"address_line1": "2 High Street"}
    assert front.send("PATCH", f"{path}/{number}", moved).status_code == 200
    assert (number, "2 High Street") in addresses(store, buyer)
    own = buyer.addresses.get(external_id=number)
    assert (own.street, own.use) == ("2 High Street", "billing")
    for _ in range(2):
        assert front.send("DELETE", f"{path}/{number}").status_code == 204
    assert not buyer.addresses.exists() and number not in dict(addresses(store, buyer))
    assert front.send("PUT", f"{path}/{number}", moved).status_code == 404


def test_a_temporary_address_is_not_kept(front: ApiClient, store: SandboxProcess, buyer: Customer) -> None:
    before = addresses(store, buyer)
    answer = front.send("POST", f"{SITE}/customers/{id_of(buyer)}/addresses", ADDRESS | {"is_temporary": True})
    assert answer.status_code == 201 and answer.json()["customer_address_external_id"].startswith("temporary-")
    assert addresses(store, buyer) == before and not buyer.addresses.exists()


def test_a_shop_that_is_down_changes_nothing(front: ApiClient, store: SandboxProcess, buyer: Customer) -> None:
    store.fault("status", status=503, path="/customers")
    assert front.send("POST", f"{SITE}/sub-accounts", sub_account(buyer)).status_code == 503
    Connection.objects.filter(slug="acme-shop").update(paused_at="2026-01-01T00:00:00Z", pause_reason="staging")
    answer = front.send("POST", f"{SITE}/sub-accounts", sub_account(buyer))
    assert answer.status_code == 400 and "paused" in answer.json()["detail"]
    assert Customer.objects.count() == 1


# Sign-ins


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def token(number: str, secret: str = APP["app_client_secret"], algorithm: str = "HS256", **changes: Any) -> str:
    """A token as BigCommerce prints it, with other names."""
    now = int(time.time())
    claims = {
        "customer": {"id": int(number), "email": "a@example.com", "group_id": "6"},
        "iss": "bc/apps",
        "sub": "shop",
        "iat": now,
        "exp": now + 900,
        "version": 1,
        "aud": APP["app_client_id"],
        "application_id": "x",
        "store_hash": "shop",
        "operation": "current_customer",
    }
    signed = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims | changes)}"
    digest = hmac.new(secret.encode(), signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def verify(front: ApiClient, data: str) -> Any:
    return front.send("POST", f"{SITE}/authentication/verify", {"data": data})


def test_a_signed_in_customer_is_recognized(front: ApiClient, buyer: Customer) -> None:
    answer = verify(front, token(id_of(buyer)))
    assert (answer.status_code, answer.json()) == (200, {"customer_external_id": id_of(buyer)})


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "guess"},
        {"algorithm": "none"},
        {"exp": 1_500_000_000},
        {"iat": 9_999_999_999},
        {"store_hash": "other"},
        {"aud": "another-app"},
        {"operation": "something"},
        {"customer": {"id": 0}},
        {"customer": {"id": 987_654}},
    ],
)
def test_a_token_that_proves_nothing_is_rejected(front: ApiClient, buyer: Customer, changes: dict[str, Any]) -> None:
    assert verify(front, token(id_of(buyer), **changes)).status_code == 401


@pytest.mark.parametrize("data", ["x", "a.b.c", "é.é.é", "." * 5000])
def test_data_that_are_no_token_are_rejected(front: ApiClient, buyer: Customer, data: str) -> None:
    assert verify(front, data).status_code == 401


@pytest.mark.parametrize("changes", [{"b2b_enabled": False}, {"status": "disabled"}, {"status": "deleted"}])
def test_a_customer_without_access_is_not_signed_in(front: ApiClient, buyer: Customer, changes: dict[str, Any]) -> None:
    Customer.objects.update(**changes)
    assert verify(front, token(id_of(buyer))).status_code == 401
