"""Creates adapters from connections in the database."""

from collections.abc import Mapping
from functools import partial
from hashlib import blake2b
from typing import Any

from django.conf import settings
from pydantic import ValidationError

from connectors.adapters.oauth_tokens import DatabaseTokenStore
from connectors.adapters.private_hosts import hosts_to_call
from connectors.adapters.registry import adapter_for
from connectors.adapters.web_calls import take_slot
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.http import Budget, HttpClient
from connectors.sdk.schemas import Schema
from hub import budgets
from hub.models import Connection


def validate(schema: type[Schema], values: Mapping[str, Any] | None, *, what: str) -> Schema:
    """The values, validated by the adapter's schema. NeedsAttention names the invalid fields and the reasons."""
    try:
        return schema.model_validate(dict(values or {}))
    except ValidationError as error:
        invalid = "; ".join(f"{'.'.join(map(str, e['loc'])) or what}: {e['msg']}" for e in error.errors())
        raise NeedsAttention(f"Invalid {what}: {invalid}.", fix=f"Correct the {what}.") from error


def account_for(connection: Connection) -> Account[Any, Any, Any]:
    """The connection as its adapter sees it. NeedsAttention if settings, credentials or field mapping are invalid."""
    adapter = adapter_for(connection.platform)
    return Account(
        base_url=connection.base_url,
        settings=validate(adapter.Settings, connection.settings, what="settings"),
        credentials=validate(adapter.Credentials, connection.credentials, what="credentials"),
        field_map=validate(adapter.FieldMap, connection.field_map, what="field mapping"),
        name=connection.name,
        app_secret=_app_secret(adapter, connection),
        connection_key=_key_of(connection),
    )


def _key_of(connection: Connection) -> str:
    """See `Account.connection_key`. Made of the webhook token, which is random, never changes, and differs on staging.

    It is hashed, because who reads the key at the platform must not learn the webhook's URL.
    """
    return blake2b(connection.webhook_token.encode(), digest_size=8).hexdigest()


def _app_secret(adapter: type[Adapter[Any]], connection: Connection) -> str:
    """See `Account.app_secret`. The address is checked, because it receives the secret."""
    client_id, secret = settings.OAUTH_APPS.get(adapter.key, ("", ""))
    credentials = connection.credentials or {}
    if adapter.installation is None or not client_id or credentials.get("client_id") != client_id:
        return ""
    try:
        is_vendor = adapter.installation.account_url(connection.base_url) == connection.base_url
    except ValueError:
        return ""
    return secret if is_vendor and not credentials.get("client_secret") else ""


def open_adapter(connection: Connection) -> Adapter[Any]:
    """An adapter with its own HTTP client. Close `adapter.http` when done.

    TryAgainLater in a web request, if too many others are calling platforms.
    """
    take_slot()
    adapter_class = adapter_for(connection.platform)
    account = account_for(connection)
    budget = None
    if rate := adapter_class.rate:
        key = adapter_class.budget_key(account)
        budget = Budget(
            take=partial(budgets.acquire, key=key, requests=rate.requests, seconds=rate.seconds),
            block=lambda until: budgets.block(key=key, until=until),
        )
    http = HttpClient(
        connection.base_url,
        deadline=settings.REMOTE_DEADLINE_SECONDS,
        private_hosts=hosts_to_call(connection),
        budget=budget,
    )
    return adapter_class(account, http, DatabaseTokenStore(connection))
