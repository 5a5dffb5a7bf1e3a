"""The price of variants in the store's currency, one call for the variants of a product."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.shopify import target_documents
from connectors.platforms.shopify.client import Row, gid, malformed, number_of
from connectors.platforms.shopify.error_messages import user_error
from connectors.platforms.shopify.targets.base import VariantValues, check_currency, remote_variant_id, value_outcomes
from connectors.platforms.shopify.targets.product_payload import price_fields
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.values import SOLD_STATUSES, default_price
from hub.kinds import DataType, Kind

PER_PAGE = 250


class PriceTarget(VariantValues):
    data_type = DataType.PRICES
    batch_size = 50

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        price = default_price(item, self.client.settings.price_list)
        if item.status not in SOLD_STATUSES or price is None:
            return None
        variant_id, product_id = remote_variant_id(item, refs), refs.get(Kind.PRODUCT, item.product_id)
        if product_id is None:
            raise SkipRecord(issues.NOT_AT_TARGET_YET(name=item.sku or str(item.id)))
        return {"variant_id": variant_id, "product_id": product_id, **price_fields(price)}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = value_outcomes(operations)
        products: dict[str, list[int]] = defaultdict(list)
        for place, each in enumerate(operations):
            if each.action is not Action.REMOVE:
                try:
                    check_currency(self.client, each.content["currency"])
                    products[each.content["product_id"]].append(place)
                except SkipRecord as error:
                    outcomes[place].error = error
        for product_id, places in products.items():
            contents = [operations[place].content for place in places]
            for position, rejected in self._update(product_id, contents).items():
                outcomes[places[position]].error = rejected
        return outcomes

    def _update(self, product_id: str, contents: Sequence[Row]) -> dict[int, SkipRecord]:
        """The errors by position. What is valid is saved nevertheless."""
        variants = [
            {
                "id": gid("ProductVariant", each["variant_id"]),
                "price": each["price"],
                "compareAtPrice": each["compareAtPrice"],
            }
            for each in contents
        ]
        data = self.client.query(
            target_documents.UPDATE_PRICES, product=gid("Product", product_id), variants=variants
        ).get("productVariantsBulkUpdate")
        if not isinstance(data, dict):
            raise malformed("productVariantsBulkUpdate")
        found: dict[int, SkipRecord] = {}
        for each in data.get("userErrors") or ():
            if rejected := user_error([each]):
                match each.get("field"):
                    case ["variants", place, *_] if (position := whole_number(place)) is not None:
                        found.setdefault(position, rejected)
                    case _:  # of the whole product
                        found |= dict.fromkeys(range(len(contents)) - found.keys(), rejected)
        return found

    def read_page(self, cursor: Any) -> tuple[list[Any], str | None]:
        return self.client.page(target_documents.COMPARED_PRICES, "productVariants", first=PER_PAGE, after=cursor)

    def content(self, row: Row) -> Row | None:
        full = row["compareAtPrice"]
        return {
            "variant_id": number_of(row["id"]),
            "price": _plain(row["price"]),
            "compareAtPrice": None if full is None else _plain(full),
        }


def _plain(amount: Any) -> str:
    """Without trailing zeros, as in payloads."""
    return f"{Decimal(str(amount)).normalize():f}"
