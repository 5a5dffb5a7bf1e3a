"""Base classes of all targets of a store's catalog."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from catalog.items import VariantItem
from connectors.platforms.shopify import documents
from connectors.platforms.shopify.client import Row, ShopifyClient, gids, malformed, number_of
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import Kind

ItemT = TypeVar("ItemT")


class CatalogTarget(Target[ShopifyClient, ItemT, Row]):
    # One lane for all: a product is written as a whole, and would overwrite what others change meanwhile.
    lane = "catalog"


class VariantValues(CatalogTarget[VariantItem]):
    """Values of variants, which are linked by the variant's ID at the store: `variant_id` of each payload.

    A removal leaves the values as they are: the removal of the variant or of its product is what counts.
    """

    comparable = ComparisonDepth.CONTENT

    @abstractmethod
    def read_page(self, cursor: Any) -> tuple[list[Any], str | None]:
        """A page of the store's variants, and the cursor of the next one."""

    @abstractmethod
    def content(self, row: Row) -> Row | None:
        """The values of the store's variant in the format of a payload; None if it has none."""

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        rows, after = self.read_page(cursor)
        try:
            found = {number_of(row["id"]): content for row in rows if (content := self.content(row)) is not None}
        except (KeyError, TypeError):
            raise malformed("productVariants") from None
        return ExistingPage(found, after)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        rows = self.client.nodes(documents.EXISTING, gids("ProductVariant", external_ids))
        return {number_of(row["id"]) for row in rows}


def value_outcomes(operations: Sequence[Operation[Row]]) -> list[Outcome]:
    return [Outcome(external_id=str((each.payload or {}).get("variant_id") or each.external_id)) for each in operations]


def remote_variant_id(item: VariantItem, refs: References) -> str:
    """The variant's ID in the store. SkipRecord while the store does not have the variant."""
    if (found := refs.get(Kind.VARIANT, item.id)) is None:
        raise SkipRecord(issues.NOT_AT_TARGET_YET(name=item.sku or str(item.id)))
    return found


def check_currency(client: ShopifyClient, currency: str) -> None:
    """SkipRecord for a price in another currency than the store's."""
    remote = client.shop["currencyCode"]
    if currency and currency != remote:
        raise SkipRecord(issues.PRICE_CURRENCY(currency=currency, remote=remote))
