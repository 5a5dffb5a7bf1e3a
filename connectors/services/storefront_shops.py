"""The shop behind a B2B storefront, as far as storefronts need it while a person waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from common.advisory_locks import advisory_lock
from connectors.adapters.factory import open_adapter
from connectors.adapters.registry import adapter_for
from connectors.engine.loading import references, shop_of
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from hub import links
from hub.kinds import Kind
from hub.models import Connection, PlatformSwitch
from orders.items import load_customers

# How long one call to the shop may take while a person waits, and how long a call waits for another one.
CALL_SECONDS = 15.0
WAIT_SECONDS = 10


@contextmanager
def open_shop(storefront: Connection) -> Iterator[tuple[Connection, Adapter[Any]] | None]:
    """The shop's connection and an opened adapter; None if the storefront has no shop that is installed.

    NeedsAttention if the connection is paused: on staging its URL may still be that of the live account (N5).
    """
    shop = shop_of(storefront)
    if shop is None or shop.state == Connection.State.UNINSTALLED:
        yield None
        return
    if shop.paused_at is not None or PlatformSwitch.objects.filter(platform=shop.platform).exists():
        raise NeedsAttention(f"{shop} is paused, so nothing is written to it.", fix="Resume the connection.")
    if shop.read_only:
        raise NeedsAttention(f"{shop} is in a dry run, so nothing is written to it.", fix="End the dry run.")
    adapter = open_adapter(shop)
    adapter.http.deadline = min(adapter.http.deadline, CALL_SECONDS)
    try:
        yield shop, adapter
    finally:
        adapter.http.close()


@contextmanager
def exclusive_call(name: str) -> Iterator[None]:
    """One call at a time about the same thing. TryAgainLater if the other one takes too long."""
    with advisory_lock(name, wait_seconds=WAIT_SECONDS) as got:
        if not got:
            raise TryAgainLater("another call about the same cart or customer is still running.", sent=False)
        yield


def has_accounts(storefront: Connection) -> bool:
    """Whether customers can be created at the shop."""
    shop = shop_of(storefront)
    return shop is not None and adapter_for(shop.platform).accounts is not None


def storefront_id(storefront: Connection, customer_id: int) -> str:
    """The ID by which the storefront should know a customer: the shop's, if the shop has the customer."""
    item = load_customers([customer_id])[customer_id]
    return references(storefront, [item]).shop_or_own_id(Kind.CUSTOMER, customer_id)


def id_at_shop(storefront: Connection, customer_id: int) -> str | None:
    """The shop's ID of a customer; None if the shop does not have the customer."""
    shop = shop_of(storefront)
    if shop is None:
        return None
    return links.external_ids(shop.pk, {(Kind.CUSTOMER, customer_id)}).get((Kind.CUSTOMER, customer_id))
