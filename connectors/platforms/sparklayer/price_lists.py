"""Price lists: the one with every product's default price, named after the shop's platform (D12), and further ones."""

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from connectors.platforms.sparklayer.rejections import rejection_text
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.responses import RequestRejected

if TYPE_CHECKING:
    from connectors.platforms.sparklayer.client import SparkLayerClient

LIST_PATH = "/api/v2/price-lists"
CREATE_PATH = "/api/v1/price-lists"
RECORD_PATH = "/api/v1/price-lists/{}"
PAGE_SIZE = 250
MAX_SLUG_LENGTH = 30
MAX_NAME_LENGTH = 64

Row = dict[str, str]


def price_list_payload(slug: str, name: str, currency: str) -> Row:
    """The request body of the list, with its display name ("BigCommerce Price")."""
    name = name or slug
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return {"slug": readable[:MAX_SLUG_LENGTH], "name": name[:MAX_NAME_LENGTH], "currency_code": currency}


def further_price_list(slug: str, name: str, currency: str) -> Row:
    """Any other list, by whose slug customers refer to it."""
    return price_list_payload(slug, name, currency) | {"slug": list_slug(slug)}


def list_slug(slug: str) -> str:
    """The slug of a further list, from ours. It differs from those of lists that a merchant makes, which stay
    untouched; a long one ends in a part that keeps it unique."""
    readable = f"sc-{re.sub(r'[^a-z0-9]+', '-', slug.lower()).strip('-')}"
    if len(readable) <= MAX_SLUG_LENGTH:
        return readable
    return f"{readable[: MAX_SLUG_LENGTH - 9]}-{blake2b(slug.encode(), digest_size=4).hexdigest()}"


class PriceLists:
    """The price lists of one site, fetched once."""

    def __init__(self, client: "SparkLayerClient") -> None:
        self._client = client
        self._by_slug: dict[str, Row] = {}
        self._loaded = False

    def count(self) -> int:
        self._load()
        return len(self._by_slug)

    def exists(self, slug: str) -> bool:
        self._load()
        return slug in self._by_slug

    def ensure(self, wanted: Row) -> None:
        """Create the list, or update its name and currency. A change of currency relabels the prices without converting
        them; prices in the new currency are sent afterwards."""
        self._load()
        known = self._by_slug.get(wanted["slug"])
        if known == wanted:
            return
        try:
            if known is None:
                # Other sources are the dashboard's and the shop's: https://docs.sparklayer.io/tech-docs/create-a-price-list
                self._client.call("POST", CREATE_PATH, body=wanted | {"source": "integration"})
            else:
                changed = {"name": wanted["name"], "currency_code": wanted["currency_code"]}
                self._client.call("PATCH", RECORD_PATH, wanted["slug"], body=changed)
        except RequestRejected as error:
            if error.status == 409:
                raise TryAgainLater("Another client created the price list at the same time.", sent=False) from error
            raise NeedsAttention(
                f"The price list {wanted['name']!r} cannot be saved. {rejection_text(error)}",
                fix="Rename or remove the price list of that name in the SparkLayer dashboard, or correct the shop's "
                "currency.",
            ) from error
        self._by_slug[wanted["slug"]] = wanted

    def _load(self) -> None:
        if self._loaded:
            return
        page, pages = 1, 1
        while page <= pages:
            answer = self._client.call("GET", LIST_PATH, params={"page": page, "page_size": PAGE_SIZE})
            rows, pages = self._page(answer)
            self._by_slug |= {each["slug"]: each for each in rows}
            page += 1
        self._loaded = True

    @staticmethod
    def _page(answer: Any) -> tuple[list[Row], int]:
        match answer:
            case {"data": list(rows), "pagination": {"total_pages": int(pages)}} if all(
                isinstance(each, dict) and isinstance(each.get("slug"), str) for each in rows
            ):
                return [_row(each) for each in rows], pages
        raise TryAgainLater("SparkLayer did not return a list of price lists.")


def _row(answer: dict[str, Any]) -> Row:
    """What is compared of a list. The vendor's examples have currencies in lower case as well."""
    row = {name: str(answer.get(name) or "") for name in ("slug", "name", "currency_code")}
    return row | {"currency_code": row["currency_code"].upper()}
