"""What is available at one location of the store.

Quantities are absolute. Each names the one that it replaces, which was read before: if it has changed meanwhile, such
as by a sale, Shopify refuses the call and names the quantity. That one is read and decided again later; the others are
sent without it. So a call whose answer was lost is safe to repeat, and the key that makes Shopify execute a call once
is a new one each time.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/inventorySetQuantities,
https://shopify.dev/docs/api/usage/implementing-idempotency
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import uuid4

from catalog.items import VariantItem
from connectors.platforms.shopify import target_documents
from connectors.platforms.shopify.client import Row, gid, gids, malformed, number_of
from connectors.platforms.shopify.error_messages import user_error
from connectors.platforms.shopify.targets.base import VariantValues, remote_variant_id, value_outcomes
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.values import SOLD_STATUSES
from hub.kinds import DataType

_AGAIN = ("CHANGE_FROM_QUANTITY_STALE", "IDEMPOTENCY_CONCURRENT_REQUEST", "ITEM_NOT_STOCKED_AT_LOCATION")

_CHANGED = "Stock changed in Shopify meanwhile."


class StockTarget(VariantValues):
    data_type = DataType.STOCK
    batch_size = target_documents.VARIANTS_PER_QUERY

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The sum of our locations; negative stock is sent as zero. None if it is not tracked. A suspended variant is
        sold out, because Shopify cannot hide it."""
        if item.status not in SOLD_STATUSES or (item.status == "live" and not item.stock):
            return None
        total = sum((each.quantity for each in item.stock), Decimal(0)) if item.status == "live" else Decimal(0)
        return {"variant_id": remote_variant_id(item, refs), "quantity": max(0, int(total))}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = value_outcomes(operations)
        wanted = {place: each.content for place, each in enumerate(operations) if each.action is not Action.REMOVE}
        rows = self._read([each["variant_id"] for each in wanted.values()]) if wanted else {}
        changed: dict[int, Row] = {}
        for place, content in wanted.items():
            row = rows.get(content["variant_id"])
            if row is None:
                problem = issues.NOT_AT_TARGET_YET(name=content["variant_id"])
                outcomes[place].error = SkipRecord(problem)
            elif not row.get("requiresComponents"):  # a bundle has what its components allow
                try:
                    if (quantity := self._prepare(row, content["quantity"])) is not None:
                        changed[place] = quantity
                except SkipRecord as error:
                    outcomes[place].error = error
        while changed:
            rejected = self._set(changed)
            for place, reason in rejected.items():
                outcomes[place].error = reason
            changed = {place: each for place, each in changed.items() if place not in rejected} if rejected else {}
        return outcomes

    def _read(self, variant_ids: Sequence[str]) -> dict[str, Row]:
        rows: list[Row] = []
        ids, size = gids("ProductVariant", variant_ids), target_documents.VARIANTS_PER_QUERY
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            nodes = self.client.query(target_documents.STOCK_OF_VARIANTS, ids=chunk, location=self._location)["nodes"]
            rows += [each for each in nodes if isinstance(each, dict) and each.get("id")]
        return {number_of(row["id"]): row for row in rows}

    def _prepare(self, row: Row, quantity: int) -> Row | None:
        """The quantity to set; None if it is the one that is there. Counts the variant's stock at the location first,
        if the store does not."""
        item = row["inventoryItem"]
        if not item["tracked"]:
            self._mutate(target_documents.TRACK, "inventoryItemUpdate", id=item["id"])
        level = item["inventoryLevel"]
        if level is None or not level["isActive"]:
            given = {"item": item["id"], "location": self._location, "quantity": quantity, "key": str(uuid4())}
            self._mutate(target_documents.STOCK_AT_LOCATION, "inventoryActivate", **given)
            return None
        available = _available(level)
        if available == quantity:
            return None
        return {
            "inventoryItemId": item["id"],
            "locationId": self._location,
            "quantity": quantity,
            "changeFromQuantity": available,
        }

    def _mutate(self, document: str, name: str, **variables: Any) -> None:
        result = self.client.query(document, **variables).get(name)
        if error := user_error(result.get("userErrors") if isinstance(result, dict) else None):
            raise error

    def _set(self, changed: dict[int, Row]) -> dict[int, SkipRecord | TryAgainLater]:
        """The errors of the quantities that Shopify names: if there are any, it has set none. TryAgainLater or
        BatchRejected for an error that names none."""
        places = list(changed)
        given = {"name": "available", "reason": "correction", "quantities": list(changed.values())}
        result = self.client.query(target_documents.SET_STOCK, input=given, key=str(uuid4()))
        match result.get("inventorySetQuantities"):
            case {"userErrors": list(errors)}:
                pass
            case _:
                raise malformed("inventorySetQuantities")
        found: dict[int, SkipRecord | TryAgainLater] = {}
        for each in errors:
            if not (rejected := user_error([each])):
                continue
            error = TryAgainLater(_CHANGED, sent=False) if each.get("code") in _AGAIN else rejected
            if (position := _position(each)) is not None and position < len(places):
                found.setdefault(places[position], error)
            elif isinstance(error, TryAgainLater):
                raise error
            else:
                raise BatchRejected(str(error))
        return found

    @cached_property
    def _location(self) -> str:
        """The location of the settings, else the first that is active and fulfills online orders."""
        rows = self.client.locations()
        active = {number_of(row["id"]): row for row in rows if row.get("isActive")}
        if (wanted := self.client.settings.location_id) is None:
            online = [number for number, row in active.items() if row.get("fulfillsOnlineOrders")]
            chosen = next(iter(online), "")
        else:
            chosen = str(wanted) if str(wanted) in active else ""
        if not chosen:
            raise NeedsAttention(
                f"The store has no active location {wanted or 'that fulfills online orders'}.",
                fix=f"Enter the ID of one of its locations in the settings of the connection: {', '.join(active)}.",
            )
        return gid("Location", chosen)

    def read_page(self, cursor: Any) -> tuple[list[Any], str | None]:
        first = target_documents.VARIANTS_PER_QUERY
        return self.client.page(
            target_documents.COMPARED_STOCK, "productVariants", first=first, after=cursor, location=self._location
        )

    def content(self, row: Row) -> Row | None:
        level = row["inventoryItem"]["inventoryLevel"]
        if level is None or not level["isActive"] or not row["inventoryItem"]["tracked"]:
            return None
        return {"variant_id": number_of(row["id"]), "quantity": _available(level)}


def _available(level: Row) -> int:
    for each in level["quantities"]:
        if each["name"] == "available" and isinstance(each["quantity"], int):
            return int(each["quantity"])
    raise malformed("quantities")


def _position(error: Row) -> int | None:
    """`["input", "quantities", "3", …]`"""
    match error.get("field"):
        case ["input", "quantities", place, *_]:
            return whole_number(place)
    return None
