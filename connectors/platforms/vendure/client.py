"""Calls to the Admin API of one channel, and what is known of the channel."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import urlencode

from pydantic import ValidationError

from connectors.platforms.vendure.channel_rows import Channel, GlobalSettings
from connectors.platforms.vendure.error_messages import translate
from connectors.platforms.vendure.settings import (
    MAX_PAGE_SIZE,
    Credentials,
    FieldMap,
    ServerSettings,
    Settings,
    TargetSettings,
)
from connectors.sdk import issues
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.graphql import Data, GraphQLClient
from connectors.sdk.http import HttpClient

# Part of every query that reads items, so that a page and the channel it belongs to are one answer.
SHOP = """
fragment Shop on Query {
  activeChannel {
    id code defaultCurrencyCode defaultLanguageCode pricesIncludeTax trackInventory outOfStockThreshold
  }
  globalSettings { trackInventory outOfStockThreshold serverConfig { moneyStrategyPrecision } }
}
"""
_CUSTOM_FIELDS = """
query CustomFields {
  globalSettings { serverConfig { entityCustomFields {
    entityName customFields { ... on CustomField { name type } }
  } } }
}
"""
# Types of custom fields that need no selection of their own.
_PLAIN_TYPES = ("string", "localeString", "text", "localeText", "int", "float", "boolean", "datetime")


class VendureClient:
    """The API of one channel. `channel` and `globals` are those of the last answer that has them."""

    def __init__(self, settings: ServerSettings, http: HttpClient) -> None:
        language = f"?{urlencode({'languageCode': settings.language})}" if settings.language else ""
        if settings.channel_token:
            http.headers["vendure-token"] = settings.channel_token
        self.graphql = GraphQLClient(http, settings.api_path + language, translate=translate)
        self._shop: tuple[Channel, GlobalSettings] | None = None

    @property
    def channel(self) -> Channel:
        return self._shop_of_answer[0]

    @property
    def globals(self) -> GlobalSettings:
        return self._shop_of_answer[1]

    @property
    def _shop_of_answer(self) -> tuple[Channel, GlobalSettings]:
        if self._shop is None:
            self.query("query Shop { ...Shop }" + SHOP)
        if self._shop is None:
            raise_malformed_response("activeChannel")
        return self._shop

    def amount(self, minor_units: int) -> Decimal:
        """An amount in the major unit. The places are the server's, also for currencies that have none."""
        return Decimal(minor_units).scaleb(-self.globals.serverConfig.moneyStrategyPrecision)

    def minor_units(self, amount: Decimal) -> int:
        """The reverse of `amount`, rounded half up."""
        return int(amount.scaleb(self.globals.serverConfig.moneyStrategyPrecision) + Decimal("0.5").copy_sign(amount))

    def query(self, document: str, **variables: Any) -> Data:
        """The data of a query or mutation. If it selects the fragment `Shop`, the channel is remembered."""
        data = self.graphql.query(document, variables)
        if "...Shop" in document:
            try:
                channel = Channel.model_validate(data.get("activeChannel"))
                self._shop = channel, GlobalSettings.model_validate(data.get("globalSettings"))
            except ValidationError:
                raise_malformed_response("activeChannel")
        return data

    def list_page(self, document: str, name: str, options: Mapping[str, Any]) -> tuple[list[Any], int]:
        """A page of the list `name`, and the number of matching items on all pages."""
        match self.query(document, options=options).get(name):
            case {"items": list(rows), "totalItems": given} if (total := whole_number(given)) is not None:
                return rows, total
        raise_malformed_response(name)

    def existing(self, document: str, name: str, ids: Iterable[str], *, size: int = MAX_PAGE_SIZE) -> list[Data]:
        """The items with these IDs that exist. Raises TryAgainLater instead of returning an incomplete result (L11)."""
        found: list[Data] = []
        for chunk in chunks(ids, size):
            rows, total = self.list_page(document, name, {"take": len(chunk), "filter": {"id": {"in": chunk}}})
            if len(rows) != total or not {str(id_of(row)) for row in rows} <= set(chunk):
                raise_malformed_response(name)
            found += rows
        return found

    @cached_property
    def custom_fields(self) -> dict[str, set[str]]:
        """Entity (`Product`) → the names of its custom fields that are values."""
        match self.query(_CUSTOM_FIELDS):
            case {"globalSettings": {"serverConfig": {"entityCustomFields": list(entities)}}}:
                return {
                    entity["entityName"]: {
                        each["name"] for each in entity["customFields"] if each["type"] in _PLAIN_TYPES
                    }
                    for entity in entities
                }
        raise_malformed_response("globalSettings")

    def custom_selection(self, entity: str, paths: Iterable[str]) -> str:
        """The selection of the mapped custom fields that the entity has; empty if none is mapped."""
        names = {path.removeprefix("customFields.") for path in paths if path.startswith("customFields.")}
        chosen = sorted(names & self.custom_fields.get(entity, set())) if names else []
        return f"customFields {{ {' '.join(chosen)} }}" if chosen else ""


class SourceClient(VendureClient):
    """Client for a channel that is read."""

    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        super().__init__(account.settings, http)
        self.settings = account.settings
        self.field_map = account.field_map

    def link(self, page: str) -> str:
        """The page of the dashboard where a merchant edits an item."""
        base = self.settings.dashboard_url.rstrip("/")
        return f"{base}/{page}" if base else ""


class TargetClient(VendureClient):
    """Client for a channel that is written to."""

    def __init__(self, account: Account[TargetSettings, Credentials, Any], http: HttpClient) -> None:
        super().__init__(account.settings, http)
        self.settings = account.settings

    def delete(self, document: str, name: str, ids: list[str]) -> dict[str, SkipRecord]:
        """Delete items, and return for each that the shop keeps the reason: its ID → the error."""
        match self.query(document, ids=ids).get(name):
            case list(results) if len(results) == len(ids) and all(isinstance(each, dict) for each in results):
                return {
                    item: SkipRecord(issues.REJECTED(reason=str(each.get("message") or each.get("result"))[:300]))
                    for item, each in zip(ids, results, strict=True)
                    if each.get("result") != "DELETED"
                }
        raise_malformed_response(name)


def raise_malformed_response(name: str) -> NoReturn:
    raise TryAgainLater(f"Vendure answered {name} in an unexpected format.")


def id_of(row: Any) -> str | None:
    """The ID of a row; None if it has none."""
    found = row.get("id") if isinstance(row, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """The IDs once each, at most `size` at a time."""
    waiting = iter(dict.fromkeys(ids))
    while chunk := list(islice(waiting, size)):
        yield chunk
