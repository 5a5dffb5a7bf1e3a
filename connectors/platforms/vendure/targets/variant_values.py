"""Base class for stock and prices: absolute values of variants, written in batches, so that it is safe to repeat."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.vendure.client import TargetClient, id_of, raise_malformed_response
from connectors.platforms.vendure.paging import page_by_time
from connectors.platforms.vendure.settings import MAX_PAGE_SIZE
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord
from connectors.sdk.graphql import Data
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import Kind

_UPDATE = """
mutation UpdateVariants($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }
"""
_IDS = """
query VariantIds($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items { id } }
}
"""


class VariantValues(Target[TargetClient, VariantItem, Data]):
    """Operations are identified by the variant's ID in the shop, which every payload has as `variant_id`."""

    lane = "catalog"
    batch_size = 200
    comparable = ComparisonDepth.CONTENT
    # The query that reads the values of a page of variants.
    document: str

    @abstractmethod
    def body(self, content: Data) -> Data:
        """The values of a payload as the shop takes them."""

    @abstractmethod
    def content(self, row: Data) -> Data | None:
        """The values of the shop's variant in the format of a payload; None if it has none."""

    def send(self, operations: Sequence[Operation[Data]]) -> list[Outcome]:
        """A removal leaves the values as they are: the product's own removal hides them."""
        written = [each.content for each in operations if each.action is not Action.REMOVE]
        if written:
            rows = [{"id": each["variant_id"], **self.body(each)} for each in written]
            try:
                self.client.query(_UPDATE, input=rows)
            except SkipRecord as error:
                raise BatchRejected(str(error)) from error
        return [
            Outcome(external_id=each.external_id if each.payload is None else each.payload["variant_id"])
            for each in operations
        ]

    def read_existing(self, *, cursor: Any) -> ExistingPage[Data]:
        rows, following = page_by_time(
            lambda options: self.client.list_page(self.document, "productVariants", options),
            "createdAt",
            cursor,
            size=MAX_PAGE_SIZE,
        )
        try:
            found = {str(row["id"]): content for row in rows if (content := self.content(row)) is not None}
        except (KeyError, TypeError):
            raise_malformed_response("productVariants")
        return ExistingPage(found, following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {found for row in self.client.existing(_IDS, "productVariants", external_ids) if (found := id_of(row))}


def remote_variant_id(item: VariantItem, refs: References) -> str:
    """The variant's ID in the shop. SkipRecord while the shop does not have the variant."""
    found = refs.get(Kind.VARIANT, item.id)
    if found is None:
        raise SkipRecord(issues.NOT_AT_TARGET_YET(name=item.sku or str(item.id)))
    return found
