"""Sub-accounts and addresses of customers, as B2B storefronts create, change and delete them; and sign-ins."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import uuid4

from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event
from connectors.engine.loading import shop_of
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.storefronts import CustomerAccounts, EmailTaken, NotSignedIn
from connectors.services.storefront_customers import (
    create_at_shop,
    customer_job,
    customers_with_email,
    edit_customer,
    link_to_shop,
    lock,
    record_of,
    save,
)
from connectors.services.storefront_shops import exclusive_call, has_accounts, id_at_shop, open_shop, storefront_id
from hub import clock, links
from hub.kinds import Kind
from hub.models import Connection
from orders.items import CustomerItem, load_customers
from orders.records import AddressRecord, CustomerRecord
from orders.services import delete_customers

T = TypeVar("T")
OWN_ID = "synccenter-"
TEMPORARY = "temporary-"


class UnknownCustomer(LookupError):
    """The storefront named a customer or an address that does not exist."""


@dataclass(slots=True, kw_only=True)
class SubAccount:
    """A person who orders for a customer's company; `parent` is the customer's ID at the storefront."""

    email: str
    first_name: str
    last_name: str
    parent: str


def find_customer(storefront: Connection, external_id: str) -> CustomerItem:
    """The seller's customer with this ID, as the storefront knows it: the shop's, or ours. UnknownCustomer if there is
    none that is not deleted."""
    shop = shop_of(storefront)
    found = links.item_ids(shop.pk, Kind.CUSTOMER, [external_id]) if shop is not None else {}
    item_id = found.get(external_id)
    if item_id is None and external_id.startswith(OWN_ID) and (number := external_id[len(OWN_ID) :]).isdecimal():
        item_id = int(number) if len(number) < 19 else None
    item = load_customers([item_id]).get(item_id) if item_id is not None else None
    if item is None or item.seller_id != storefront.seller_id or item.status == "deleted":
        raise UnknownCustomer(f"There is no customer {external_id}.")
    return item


def create_sub_account(*, storefront: Connection, account: SubAccount, by: User | None) -> str:
    """Create a customer below another one, at the shop as well, and return the ID that the storefront should use.

    EmailTaken if any customer has the email address, here or at the shop: nobody's account may be taken over.

    The shop is called before the transaction begins. TryAgainLater (the API answers 503) if it cannot be reached,
    NeedsAttention if it rejects the customer: then nothing has changed here. If saving fails after the call, or its
    response was lost, the shop has the customer. Repeating the call is EmailTaken, and the next import reads the
    customer without its parent.
    """
    job, parent = customer_job(storefront), find_customer(storefront, account.parent)
    if customers_with_email(storefront, account.email):
        raise EmailTaken(account.email)
    record = CustomerRecord(
        external_id=account.email,
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        company_name=parent.company_name,
        group=parent.group,
        b2b_enabled=True,
    )
    at_shop = create_at_shop(storefront, record)
    with transaction.atomic():
        lock(storefront, account.email.upper())
        if customers_with_email(storefront, account.email):
            raise EmailTaken(account.email)
        item_id = save(job, record, None, parent_id=parent.id)
        if at_shop is not None:
            link_to_shop(at_shop, item_id)
        record_audit_event(
            user=by,
            action="sub_account.create",
            target=f"customer {item_id}",
            seller=storefront.seller,
            parent=parent.id,
        )
    return storefront_id(storefront, item_id)


def change_sub_account(
    *, storefront: Connection, external_id: str, first_name: str | None, last_name: str | None, by: User | None
) -> str:
    """Change the name of a sub-account; None is kept. UnknownCustomer if the customer is no sub-account."""
    item = _sub_account(storefront, external_id)

    def rename(record: CustomerRecord) -> None:
        record.first_name = record.first_name if first_name is None else first_name
        record.last_name = record.last_name if last_name is None else last_name

    wanted = record_of(item)
    rename(wanted)
    _at_shop(storefront, item, lambda accounts, number: accounts.change(number, wanted))
    edit_customer(storefront=storefront, customer_id=item.id, edit=rename, action="sub_account.change", by=by)
    return storefront_id(storefront, item.id)


def delete_sub_account(*, storefront: Connection, external_id: str, by: User | None) -> None:
    """Delete a sub-account, at the shop as well. A customer who is no sub-account is never deleted by a storefront."""
    item = _sub_account(storefront, external_id)
    _at_shop(storefront, item, lambda accounts, number: accounts.delete(number))
    with transaction.atomic():
        delete_customers(seller_id=item.seller_id, customer_ids=[item.id], origin=storefront.pk, now=clock.now())
        record_audit_event(user=by, action="sub_account.delete", target=f"customer {item.id}", seller=storefront.seller)


def _sub_account(storefront: Connection, external_id: str) -> CustomerItem:
    item = find_customer(storefront, external_id)
    if item.parent_id is None:
        raise UnknownCustomer(f"Customer {external_id} is no sub-account.")
    return item


def _at_shop(storefront: Connection, item: CustomerItem, call: Callable[[CustomerAccounts[Any], str], T]) -> T | None:
    """The result of a call to the shop with its ID of the customer; None if it does not have the customer.

    One at a time: some shops store all addresses of a customer at once, so two calls would undo each other.
    """
    number = id_at_shop(storefront, item.id)
    if number is None or not has_accounts(storefront):
        return None
    with open_shop(storefront) as opened:
        if opened is None:
            return None
        with exclusive_call(f"customers {opened[0].pk} {number}"):
            return call(opened[1].open_accounts(), number)


def save_address(
    *, storefront: Connection, customer: str, address: AddressRecord, temporary: bool, by: User | None
) -> str:
    """Create an address of a customer, or change the one with `address.external_id`; returns its ID.

    A temporary address belongs to one order, which carries it; it is not kept.
    """
    item = find_customer(storefront, customer)
    if temporary or address.external_id.startswith(TEMPORARY):
        return address.external_id or f"{TEMPORARY}{uuid4().hex}"
    if address.external_id and address.external_id not in {each.external_id for each in item.addresses}:
        raise UnknownCustomer(f"Customer {customer} has no address {address.external_id}.")
    made_here = address.external_id.startswith(OWN_ID)
    number = _at_shop(
        storefront,
        item,
        lambda accounts, shop_id: accounts.save_address(
            shop_id, replace(address, external_id="") if made_here else address
        ),
    )
    address_id = number or address.external_id or f"{OWN_ID}{uuid4().hex}"

    def put(record: CustomerRecord) -> None:
        saved = replace(address, external_id=address_id)
        others = [each for each in record.addresses or () if each.external_id not in (address.external_id, address_id)]
        # There is one default of each kind.
        taken = ("billing", "shipping") if saved.use != "other" else ()
        record.addresses = [
            replace(each, use="other") if each.use == saved.use and saved.use in taken else each for each in others
        ] + [saved]

    edit_customer(storefront=storefront, customer_id=item.id, edit=put, action="address.save", by=by)
    return address_id


def delete_address(*, storefront: Connection, customer: str, address_id: str, by: User | None) -> None:
    """Delete an address, at the shop as well. One that does not exist is no error."""
    item = find_customer(storefront, customer)
    if address_id not in {each.external_id for each in item.addresses}:
        return
    if not address_id.startswith(OWN_ID):
        _at_shop(storefront, item, lambda accounts, number: accounts.delete_address(number, address_id))

    def drop(record: CustomerRecord) -> None:
        record.addresses = [each for each in record.addresses or () if each.external_id != address_id]

    edit_customer(storefront=storefront, customer_id=item.id, edit=drop, action="address.delete", by=by)


def verify_sign_in(*, storefront: Connection, data: str) -> str:
    """The shop's ID of the customer for whom the shop issued these data. NotSignedIn if they prove nothing, or if the
    customer is not enabled for B2B here (any more)."""
    with open_shop(storefront) as opened:
        sign_ins = opened[1].open_sign_ins() if opened is not None else None
        if sign_ins is None:
            raise NeedsAttention(
                "The shop offers no proof of who is signed in.", fix="Let customers sign in at SparkLayer."
            )
        external_id = sign_ins.customer(data)
    try:
        item = find_customer(storefront, external_id)
    except UnknownCustomer:
        raise NotSignedIn("The customer is not known here.") from None
    if not item.b2b_enabled or item.status != "active":
        raise NotSignedIn("The customer is not enabled for B2B.")
    return external_id
