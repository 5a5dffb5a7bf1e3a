"""The one price list that holds every product's default price, named after the shop's platform (D12)."""

import re
from typing import Any

from connectors.errors import NeedsAttention, TryAgainLater
from connectors.http import Refused
from connectors.platforms.sparklayer.site import Site, problem_of

LISTS = "/api/v2/price-lists"
MADE = "/api/v1/price-lists"
ONE = "/api/v1/price-lists/{}"
PAGE = 250
LONGEST_SLUG = 30
LONGEST_NAME = 64

Row = dict[str, str]


def list_of(slug: str, name: str, currency: str) -> Row:
    """How a list of ours is called there: by its name, as people read it ("BigCommerce Price")."""
    name = name or slug
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return {"slug": readable[:LONGEST_SLUG], "name": name[:LONGEST_NAME], "currency_code": currency}


class PriceLists:
    """Those of one site, looked up once for as long as the client lives."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, Row] = {}
        self._looked_up = False

    def number(self) -> int:
        self._look_up()
        return len(self._known)

    def ensure(self, wanted: Row) -> None:
        """Make the list, or give it its name and currency. A change of currency relabels the prices, and converts
        none: those of the new currency follow."""
        self._look_up()
        known = self._known.get(wanted["slug"])
        if known == wanted:
            return
        try:
            if known is None:
                self._site.call("POST", MADE, body=wanted)
            else:
                changed = {"name": wanted["name"], "currency_code": wanted["currency_code"]}
                self._site.call("PATCH", ONE, wanted["slug"], body=changed)
        except Refused as refused:
            if refused.status == 409:
                raise TryAgainLater("The price list was made by somebody else meanwhile.", sent=False) from refused
            raise NeedsAttention(
                f"The price list {wanted['name']!r} cannot be saved. {problem_of(refused)}",
                mend="Rename or remove the price list of that name in the SparkLayer dashboard, or correct the shop's "
                "currency.",
            ) from refused
        self._known[wanted["slug"]] = wanted

    def _look_up(self) -> None:
        if self._looked_up:
            return
        page, pages = 1, 1
        while page <= pages:
            answer = self._site.call("GET", LISTS, params={"page": page, "page_size": PAGE})
            rows, pages = self._page(answer)
            self._known |= {each["slug"]: each for each in rows}
            page += 1
        self._looked_up = True

    @staticmethod
    def _page(answer: Any) -> tuple[list[Row], int]:
        match answer:
            case {"data": list(rows), "pagination": {"total_pages": int(pages)}} if all(
                isinstance(each, dict) and isinstance(each.get("slug"), str) for each in rows
            ):
                kept = ("slug", "name", "currency_code")
                return [{name: str(each.get(name) or "") for name in kept} for each in rows], pages
        raise TryAgainLater("SparkLayer answered without a list of price lists.")
