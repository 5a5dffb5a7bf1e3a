"""Connects B2B storefronts that call this installation (Ignite): idempotent, and the first sync starts at once (D1)."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction

from accounts.models import Seller, User
from connectors.adapters.registry import adapters
from connectors.sdk.adapter import Adapter
from connectors.sdk.storefronts import ConnectionFields, ConnectsItself
from connectors.services.connections import install_connection, reinstall_connection, update_connection
from hub.kinds import Role
from hub.models import Connection


@dataclass(slots=True, kw_only=True)
class StorefrontCredentials:
    """What a storefront presents when it connects. `store_id` is the shop's own ID of the store."""

    store_id: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class ConnectedStorefront:
    """`shop` is the shop that the storefront runs on; None if none of the seller's is known to be it."""

    connection: Connection
    shop: Connection | None


@transaction.atomic
def connect_storefront(
    *, seller: Seller, site_env: str, site_id: str, presented: StorefrontCredentials, by: User | None
) -> ConnectedStorefront:
    """Create the connection of a site, or bring it up to date; the same call again changes nothing.

    An uninstalled connection is installed again. ValidationError if the storefront presents invalid values.
    """
    _lock(seller, f"{site_env}/{site_id}")
    adapter = _storefront_platform()
    shop = _shop(seller, presented.store_id)
    fields = adapter.connection_fields(
        site_env=site_env,
        site_id=site_id,
        client_id=presented.client_id,
        client_secret=presented.client_secret,
        shop=shop.slug if shop is not None else "",
    )
    existing = (
        Connection.objects.select_for_update(of=("self",))
        .select_related("seller")
        .filter(seller=seller, platform=adapter.key, settings__site_id=site_id)
        .order_by("pk")
    )
    known = next((each for each in existing if each.settings.get("site_env", "live") == site_env), None)
    if known is None:
        connection = install_connection(
            seller=seller,
            platform=adapter.key,
            name=f"{adapter.name} {site_id}"[:120],
            slug=_free_slug(f"{seller.slug}-{site_id}"),
            base_url=fields.base_url,
            settings=fields.settings,
            credentials=fields.credentials,
            by=by,
        )
        return ConnectedStorefront(connection, shop)
    _update(known, fields, by)
    return ConnectedStorefront(known, shop)


def _update(known: Connection, fields: ConnectionFields, by: User | None) -> None:
    """Take over the presented values; all other settings stay as a person left them."""
    settings: dict[str, Any] = known.settings | {name: value for name, value in fields.settings.items() if value}
    if (settings, fields.credentials) != (known.settings, known.credentials):
        update_connection(
            connection=known,
            by=by,
            name=known.name,
            base_url=known.base_url,
            settings=settings,
            field_map=known.field_map,
            credentials=fields.credentials,
        )
    if known.state == Connection.State.UNINSTALLED:
        reinstall_connection(connection=known, by=by)


def _storefront_platform() -> Any:
    found = [each for each in adapters().values() if issubclass(each, ConnectsItself) and issubclass(each, Adapter)]
    [platform] = found
    return platform


def _shop(seller: Seller, store_id: str) -> Connection | None:
    """The seller's shop with this ID: by its slug, its address or a setting; or the only one that there is."""
    shops = list(
        Connection.objects.filter(seller=seller, role=Role.SHOP, jobs__direction="import")
        .exclude(state=Connection.State.UNINSTALLED)
        .distinct()
        .order_by("pk")[:100]
    )
    named = [
        each
        for each in shops
        if store_id in (each.slug, each.base_url.rsplit("/", 1)[-1], *map(str, each.settings.values()))
    ]
    if len(named) == 1:
        return named[0]
    return shops[0] if len(shops) == 1 else None


def _free_slug(wanted: str) -> str:
    """A slug that no connection has yet."""
    base = re.sub(r"[^a-z0-9-]+", "-", wanted.lower()).strip("-")[:70] or "storefront"
    taken = set(Connection.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken
    )


def _lock(seller: Seller, site: str) -> None:
    """Let two calls about the same site wait for each other."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"storefront {site}", seller.pk])
