"""Which hosts with private addresses connections may call: operators allow them, for themselves or for sellers."""

from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Seller, User
from hub.models import Connection


def hosts_to_enter(*, seller: Seller | None, by: User | None) -> set[str]:
    """The private hosts that a person may enter in a seller's connection. Commands and tasks (None) may enter all."""
    if by is None or by.is_staff:
        return {*settings.PRIVATE_HOSTS_ALLOWED, *_of(seller)}
    return _of(seller)


def hosts_to_call(connection: Connection) -> set[str]:
    """The private hosts that a connection may call. Its URL was checked when it was entered; URLs from elsewhere, such
    as the answers of a shop, may lead to no other host that is only for operators."""
    if connection.seller is None:
        return {*settings.PRIVATE_HOSTS_ALLOWED}
    own = (urlsplit(connection.base_url).hostname or "").lower()
    return {host for host in settings.PRIVATE_HOSTS_ALLOWED if host.lower() == own} | _of(connection.seller)


def _of(seller: Seller | None) -> set[str]:
    pairs = [entry.split("=", 1) for entry in settings.PRIVATE_HOSTS_OF_SELLERS]
    return {host for slug, host in pairs if slug == "*" or (seller is not None and slug == seller.slug)}
