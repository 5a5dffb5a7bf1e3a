"""One shop: how it is called and signed for, how its listings are searched, and what it says when it refuses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote

from pydantic import SecretStr
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from connectors.contract import Account
from connectors.errors import NeedsAttention, TryAgainLater
from connectors.http import HttpClient, Refused

IDS_PER_REQUEST = 100  # ids or SKUs a call, so that an address stays short
MAX_PAGE_SIZE = 300  # the shop's own limit
_PLACEHOLDER = re.compile(r"%(\w+)")


class Filter(NamedTuple):
    """One test of a search. The filters of a group are joined by OR, groups by AND."""

    field: str
    value: object
    condition: str = "eq"


Group = Sequence[Filter]


class MagentoClient:
    """Calls one shop and reads the shape of its answers."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        self.settings: Any = account.settings
        self.field_map: Any = account.field_map
        self.http = http

    def path(self, path: str) -> str:
        return f"/rest/{self.settings.store_view}/V1{path}"

    @cached_property
    def config(self) -> dict[str, Any]:
        """What a store view says of itself: the one of the settings, else the first."""
        path = "/store/storeConfigs"
        match self.get(path):
            case [{"base_currency_code": str(), "weight_unit": str()}, *_] as configs:
                views = [each for each in configs if each.get("code") != "admin"] or configs
                return next((each for each in views if each.get("code") == self.settings.store_view), views[0])
        self.raise_malformed_response(path)

    def search(self, path: str, *groups: Group, sort: Sequence[str], size: int, page: int = 1) -> tuple[list[Any], int]:
        """A page of a listing in ascending order, and how many match on all pages."""
        answer = self.get(path, search_params(groups, sort) | _page(size, page))
        match answer:
            case {"items": list(rows), "total_count": int(total)}:
                if len(rows) < min(size, total - (page - 1) * size):
                    self.raise_malformed_response(path)
                return rows, total
        self.raise_malformed_response(path)

    def fetch_all(self, path: str, *groups: Group, sort: Sequence[str], size: int = IDS_PER_REQUEST) -> list[Any]:
        """All pages of a listing that is never long. A page past the end would repeat the last: the total decides."""
        found: list[Any] = []
        for page in count(1):
            rows, total = self.search(path, *groups, sort=sort, size=size, page=page)
            found += rows
            if page * size >= total:
                break
        return found

    def fetch_by_values(
        self, path: str, field: str, values: Iterable[object], *groups: Group, sort: Sequence[str] = ()
    ) -> list[Any]:
        """Those whose field has one of the values, in as few calls as their number allows.

        `sort` names a further field where several rows may have the same value.
        """
        wanted = list(dict.fromkeys(map(str, values)))
        found: list[Any] = []
        for start in range(0, len(wanted), IDS_PER_REQUEST):
            chunk = any_of(field, wanted[start : start + IDS_PER_REQUEST])
            found += self.fetch_all(path, chunk, *groups, sort=(field, *sort))
        return found

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """NeedsAttention if the shop refuses: what is asked for is there wherever the connection is right."""
        try:
            return self.http.get(self.path(path), params=params).json()
        except Refused as refused:
            raise NeedsAttention(
                f"Magento does not serve {path} ({refused.status}): {message_of(refused)}",
                fix="Correct the connection: its address ends before /rest, and the shop has to know its store view. "
                "Stock needs the modules of Magento's Inventory.",
            ) from refused

    def post(self, path: str, body: Any) -> Any:
        return self.http.request("POST", self.path(path), body=body).json()

    def products_by_sku(self, skus: Iterable[str]) -> dict[str, dict[str, Any]]:
        """SKU in lower case, since to the shop case makes no difference → the product that has it."""
        found = self.fetch_by_values("/products", "sku", skus)
        return {row["sku"].lower(): row for row in found if is_product(row)}

    def link(self, page: str) -> str:
        """A page of the admin panel, where a merchant mends an item; empty if its address is not known."""
        return f"{self.settings.admin_url.rstrip('/')}/{page}" if self.settings.admin_url else ""

    def raise_malformed_response(self, path: str) -> NoReturn:
        raise TryAgainLater(f"{path} answered in a shape that is not the vendor's.")


def is_product(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), int) and isinstance(row.get("sku"), str)


def search_params(groups: Iterable[Group], sort: Sequence[str]) -> dict[str, Any]:
    """The vendor's way to write a search into an address."""
    params: dict[str, Any] = {}
    for number, group in enumerate(groups):
        for place, each in enumerate(group):
            name = f"searchCriteria[filterGroups][{number}][filters][{place}]"
            params |= {f"{name}[field]": each.field, f"{name}[value]": each.value}
            params[f"{name}[conditionType]"] = each.condition
    for place, field in enumerate(sort):
        params[f"searchCriteria[sortOrders][{place}][field]"] = field
        params[f"searchCriteria[sortOrders][{place}][direction]"] = "ASC"
    return params


def _page(size: int, page: int) -> dict[str, Any]:
    return {"searchCriteria[pageSize]": size, "searchCriteria[currentPage]": page}


def any_of(field: str, values: Iterable[str]) -> list[Filter]:
    """A group for one of the values; what holds a comma cannot stand in a list."""
    values = list(values)
    plain = [each for each in values if "," not in each]
    group = [Filter(field, each) for each in values if "," in each]
    return [Filter(field, ",".join(plain), "in"), *group] if plain else group


def quote_path(sku: str) -> str:
    """An SKU as a part of an address."""
    return quote(sku, safe="")


def format_timestamp(timestamp: datetime) -> str:
    """A time as the vendor writes it: UTC, to the second."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(value: Decimal) -> int | float:
    """As JSON has it, whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    return int(value) if value == value.to_integral_value() else float(value)


def message_of(refused: Refused) -> str:
    """The vendor's own words, with what they speak of in its place; the errors behind them as well."""
    body = refused.body
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return str(refused)
    errors = [each for each in body.get("errors") or () if isinstance(each, dict)]
    texts = [fill_placeholders(each.get("message"), each.get("parameters")) for each in (body, *errors)]
    return " ".join(text for text in texts if text)


def fill_placeholders(message: Any, parameters: Any) -> str:
    """A message with its placeholders filled: `%1` from a list, `%name` from an object, or from a list by turns."""
    values = {}
    if isinstance(parameters, dict):
        values = {str(name): value for name, value in parameters.items()}
    elif isinstance(parameters, list):
        names = dict.fromkeys(_PLACEHOLDER.findall(str(message or "")))
        values = {str(place): value for place, value in enumerate(parameters, 1)}
        values |= dict(zip((name for name in names if not name.isdecimal()), parameters, strict=False))
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), str(message or ""))


def oauth1_auth(credentials: Any) -> AuthBase | None:
    """What signs each request by OAuth 1 with HMAC-SHA256; None where a Bearer token is all there is."""

    def plain(secret: SecretStr) -> str:
        return secret.get_secret_value()

    if not plain(credentials.consumer_key):
        return None
    return OAuth1(
        plain(credentials.consumer_key),
        client_secret=plain(credentials.consumer_secret),
        resource_owner_key=plain(credentials.access_token),
        resource_owner_secret=plain(credentials.access_token_secret),
        signature_method="HMAC-SHA256",
    )
