"""Selects the shops to check and queries them with retries; a failed call never counts as an answer."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.adapters.factory import account_for, open_adapter
from connectors.adapters.registry import adapter_for
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.sdk.streams import Listing
from hub.kinds import Role
from hub.models import Connection
from staging_copy.checking.tally import Tally

_MAX_ATTEMPTS = 4
_MAX_WAIT = 600.0  # seconds

T = TypeVar("T")


class CheckFailed(Exception):
    """The check could not be completed. It deleted nothing and did not end the freeze."""


@dataclass
class Shop:
    """The connections of staging to one shop, with the shop's tallies by kind."""

    name: str
    connections: list[Connection]
    tallies: dict[str, Tally] = field(default_factory=dict)
    _adapters: dict[int, Adapter[Any]] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [connection.pk for connection in self.connections]

    def listing(self, connection: Connection, kind: str) -> Listing[Any]:
        """The listing of a kind's items, opened on first use. Call it inside `session`.

        Raises NotImplementedError if the platform cannot list them.
        """
        if connection.pk not in self._adapters:
            self._adapters[connection.pk] = open_adapter(connection)
        listing = self._adapters[connection.pk].listing(kind)
        if listing is None:
            raise NotImplementedError(f"{connection.platform} does not list {kind}.")
        return listing

    @contextmanager
    def session(self) -> Iterator[None]:
        """Raises CheckFailed for any connector error in the block, and closes the shop's adapters at its end."""
        try:
            yield
        except ConnectorError as error:
            fix = getattr(error, "fix", "")
            message = _("%(shop)s could not be checked: %(problem)s")
            raise CheckFailed(message % {"shop": self.name, "problem": f"{error} {fix}".strip()}) from error
        finally:
            while self._adapters:
                self._adapters.popitem()[1].http.close()


def find_shops() -> tuple[list[Shop], list[dict[str, str]]]:
    """Returns the shops to check, and the excluded connections with the reason. Raises CheckFailed."""
    shops: dict[str, list[Connection]] = defaultdict(list)
    excluded = []
    for connection in Connection.objects.filter(role=Role.SHOP).select_related("seller").order_by("pk"):
        if reason := _exclusion_reason(connection):
            excluded.append({"connection": connection.slug, "reason": reason})
            continue
        try:
            key = adapter_for(connection.platform).budget_key(account_for(connection))
        except NeedsAttention as error:
            raise CheckFailed(f"{connection}: {error} {error.fix}".strip()) from error
        shops[key].append(connection)
    return [Shop(connections[0].slug, connections) for connections in shops.values()], excluded


def with_retries(call: Callable[[], T]) -> T:
    """The result of the call. Waits while our API budget is used up, and retries temporary errors a few times."""
    failures = 0
    while True:
        try:
            return call()
        except TryAgainLater as error:
            budget_exhausted = not error.sent and error.not_before is not None
            failures += not budget_exhausted
            wait = settings.STAGING_COPY_RETRY_DELAY_SECONDS * 2.0**failures
            if error.not_before is not None:
                wait = max(0.05, (error.not_before - timezone.now()).total_seconds())
            if failures >= _MAX_ATTEMPTS or wait > _MAX_WAIT:
                raise
            time.sleep(wait)


def _exclusion_reason(connection: Connection) -> str:
    if connection.state == Connection.State.UNINSTALLED:
        return _("The connection is uninstalled.")
    if connection.paused_at is not None:
        if connection.pause_reason:
            return _("The connection is paused. Reason: %(reason)s") % {"reason": connection.pause_reason}
        return _("The connection is paused.")
    if not connection.base_url:
        return _("The connection has no URL on staging.")
    return ""
