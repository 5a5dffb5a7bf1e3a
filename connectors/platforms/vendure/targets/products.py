"""Products with their variants, matched by ID, SKU or slug. Every step is safe to repeat: nothing is created twice."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.vendure.client import TargetClient, chunks, raise_malformed_response
from connectors.platforms.vendure.listings import ProductListing
from connectors.platforms.vendure.paging import page_by_time
from connectors.platforms.vendure.settings import MAX_PAGE_SIZE
from connectors.platforms.vendure.targets.option_groups import OptionGroups
from connectors.platforms.vendure.targets.product_payload import comparable_content, product_payload
from connectors.platforms.vendure.targets.variants import VariantWriter
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.graphql import Data
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType

_EXISTING = """
query ExistingProducts($options: ProductListOptions) {
  products(options: $options) {
    totalItems
    items {
      id createdAt name slug description enabled
      variants { id sku options { id name group { id } } }
      optionGroups { id name options { id name } }
    }
  }
}
"""
_COMPARED = """
query ComparedProducts($options: ProductListOptions) {
  products(options: $options) { totalItems items { id createdAt name description enabled } }
}
"""
_BY_SKU = """
query BySku($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items { id sku productId } }
}
"""
_CREATE = "mutation CreateProduct($input: CreateProductInput!) { createProduct(input: $input) { id } }"
_UPDATE = "mutation UpdateProducts($input: [UpdateProductInput!]!) { updateProducts(input: $input) { id } }"
_DELETE = "mutation DeleteProducts($ids: [ID!]!) { deleteProducts(ids: $ids) { result message } }"


class ProductTarget(Target[TargetClient, ProductItem, Data], ProductListing[TargetClient]):
    data_type = DataType.PRODUCTS
    lane = "catalog"
    batch_size = 20
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: ProductItem, refs: References) -> Data | None:
        return product_payload(item, self.client.settings.price_list)

    def read_existing(self, *, cursor: Any) -> ExistingPage[Data]:
        rows, following = page_by_time(
            lambda options: self.client.list_page(_COMPARED, "products", options),
            "createdAt",
            cursor,
            size=MAX_PAGE_SIZE,
        )
        try:
            return ExistingPage({str(row["id"]): comparable_content(row) for row in rows}, following)
        except (KeyError, TypeError):
            raise_malformed_response("products")

    def send(self, operations: Sequence[Operation[Data]]) -> list[Outcome]:
        written = [each for each in operations if each.action is not Action.REMOVE]
        kept = self._remove(
            [each.external_id for each in operations if each.action is Action.REMOVE and each.external_id]
        )
        outcomes = {
            each.item_id: Outcome(
                external_id=each.external_id,
                error=kept.get(each.external_id) if each.external_id else SkipRecord(issues.OUTCOME_UNKNOWN()),
            )
            for each in operations
            if each.action is Action.REMOVE
        }
        known: dict[int, str] = {}
        for operation, found in zip(written, self._find(written), strict=True):
            if found and found in known.values():
                problem = issues.ALREADY_LINKED(name=operation.content["product"]["name"], external_id=found)
                outcomes[operation.item_id] = Outcome(error=SkipRecord(problem))
            elif found:
                known[operation.item_id] = found
        pending = [each for each in written if each.item_id not in outcomes]
        self._update({known[each.item_id]: each.content for each in pending if each.item_id in known})
        for each in pending:
            if each.item_id not in known:
                try:
                    known[each.item_id] = self._create(each.content)
                except SkipRecord as error:
                    outcomes[each.item_id] = Outcome(error=error)
        pending = [each for each in pending if each.item_id in known]
        rows = {str(row["id"]): row for row in self._existing(known.values())}
        if missing := set(known.values()) - rows.keys():
            raise TryAgainLater(f"Vendure does not list the products {', '.join(sorted(missing))} yet.")
        groups = OptionGroups(self.client)
        writer = VariantWriter(self.client, groups)
        outcomes |= writer.sync([(each, rows[known[each.item_id]]) for each in pending])
        return [outcomes[each.item_id] for each in operations]

    def _existing(self, ids: Iterable[str]) -> list[Data]:
        return self.client.existing(_EXISTING, "products", ids, size=100)

    def _find(self, written: Sequence[Operation[Data]]) -> list[str | None]:
        """The shop's IDs: the known ones that still exist, else of the product that has the first SKU; or of one with
        our slug and without variants, whose creation was interrupted."""
        linked = {str(row["id"]) for row in self._existing(each.external_id for each in written if each.external_id)}
        unknown = [each.content for each in written if each.external_id not in linked]
        by_sku = self._products_by_sku([content["variants"][0]["sku"] for content in unknown])
        slugs = [each["product"]["slug"] for each in unknown if each["variants"][0]["sku"] not in by_sku]
        by_slug: dict[str, str] = {}
        for chunk in chunks(slugs, 100):
            options = {"take": MAX_PAGE_SIZE, "filter": {"slug": {"in": chunk}}}
            rows, _ = self.client.list_page(_EXISTING, "products", options)
            by_slug |= {row["slug"]: str(row["id"]) for row in rows if not row["variants"]}
        return [
            each.external_id
            if each.external_id in linked
            else by_sku.get(each.content["variants"][0]["sku"]) or by_slug.get(each.content["product"]["slug"])
            for each in written
        ]

    def _products_by_sku(self, skus: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for chunk in chunks(skus, 500):
            options = {"take": MAX_PAGE_SIZE, "filter": {"sku": {"in": chunk}}}
            rows, _ = self.client.list_page(_BY_SKU, "productVariants", options)
            found |= {str(row["sku"]): str(row["productId"]) for row in rows}
        return found

    def _update(self, products: dict[str, Data]) -> None:
        """`products`: the shop's ID → our payload. BatchRejected if the shop rejects them together."""
        if not products:
            return
        rows = [{"id": each, **self._body(content["product"])} for each, content in products.items()]
        try:
            self.client.query(_UPDATE, input=rows)
        except SkipRecord as error:
            raise BatchRejected(str(error)) from error

    def _create(self, content: Data) -> str:
        match self.client.query(_CREATE, input=self._body(content["product"])).get("createProduct"):
            case {"id": str() | int() as found}:
                return str(found)
        raise TryAgainLater("Vendure did not say which product it created.")

    def _body(self, product: Data) -> Data:
        texts = {name: product[name] for name in ("name", "slug", "description")}
        language = self.client.settings.language or self.client.channel.defaultLanguageCode
        return {"enabled": product["enabled"], "translations": [{"languageCode": language, **texts}]}

    def _remove(self, ids: Sequence[str]) -> dict[str, SkipRecord]:
        """Hide the products, or delete them if the settings say so; returns the errors of those that the shop keeps.
        One that no longer exists is not an error."""
        existing = [str(row["id"]) for row in self._existing(ids)] if ids else []
        if not existing:
            return {}
        if self.client.settings.on_removal == "delete":
            return self.client.delete(_DELETE, "deleteProducts", existing)
        self.client.query(_UPDATE, input=[{"id": each, "enabled": False} for each in existing])
        return {}
