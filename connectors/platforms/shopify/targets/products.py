"""Products with their variants, each written by one `productSet`. Nothing that exists is created again.

A product is found by its link, else by the SKU of its first variant, else by its custom ID: a metafield of type `id`
with the connection's key and our ID, by which products are created. So a creation that was not answered is found, also
while Shopify's search, which lags behind, does not know the SKU. The key differs from those of other installations,
whose IDs of ours may be the same.

Sources: https://shopify.dev/docs/apps/build/product-merchandising/products-and-collections/sync-data,
https://shopify.dev/docs/apps/build/metafields/working-with-custom-ids
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.shopify import documents, target_documents
from connectors.platforms.shopify.client import Row, ShopifyClient, gid, gids, malformed, number_of
from connectors.platforms.shopify.error_messages import user_error
from connectors.platforms.shopify.listings import ProductListing
from connectors.platforms.shopify.targets.base import CatalogTarget, check_currency
from connectors.platforms.shopify.targets.product_input import changed_input, new_input
from connectors.platforms.shopify.targets.product_payload import product_payload
from connectors.sdk import clock, issues
from connectors.sdk.errors import NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, PolledReceipts
from hub.kinds import DataType, Kind

# With more variants, Shopify advises to write asynchronously, because the call may time out.
SYNCHRONOUS_VARIANTS = 100
PER_PAGE = 250
_POLL_AFTER = timedelta(seconds=5)
_GONE = "PRODUCT_DOES_NOT_EXIST"


class ProductTarget(CatalogTarget[ProductItem], ProductListing[ShopifyClient], PolledReceipts[Row]):
    data_type = DataType.PRODUCTS
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def __init__(self, client: ShopifyClient) -> None:
        super().__init__(client)
        self._is_key_defined = False

    def payload(self, item: ProductItem, refs: References) -> Row | None:
        return product_payload(item, self.client.settings.price_list)

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        """Descriptions, variants and images are left out: the store changes their format and order."""
        rows, after = self.client.page(
            target_documents.COMPARED_PRODUCTS, "products", first=PER_PAGE, after=cursor, query=documents.ALL_STATUSES
        )
        try:
            names = ("title", "vendor", "status")
            found = {number_of(row["id"]): {"product": {name: row[name] for name in names}} for row in rows}
        except (KeyError, TypeError):
            raise malformed("products") from None
        return ExistingPage(found, after)

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        written = [each for each in operations if each.action is not Action.REMOVE]
        found = self._find(written) if written else {}
        if any(not each.external_id or each.item_id not in found for each in written):
            self._check_publishing()
        outcomes = []
        for each in operations:
            try:
                outcomes.append(self._remove(each) if each.action is Action.REMOVE else self._write(each, found))
            except (SkipRecord, TryAgainLater) as error:
                # Others were written already.
                outcomes.append(Outcome(external_id=each.external_id, error=error))
        return outcomes

    def poll(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """The outcomes of products that were written asynchronously."""
        return [self._polled(each) for each in operations]

    # Finding what exists

    def _find(self, written: Sequence[Operation[Row]]) -> dict[int, Row | SkipRecord]:
        """Our ID → the store's product, or why it is not used. Two of ours never get the same one."""
        linked = {each.item_id: gid("Product", each.external_id) for each in written if each.external_id}
        rows = {row["id"]: row for row in self._existing(sorted(set(linked.values())))}
        found: dict[int, Row | SkipRecord] = {pk: rows[each] for pk, each in linked.items() if each in rows}
        rest = {each.item_id: each.content for each in written if each.item_id not in found}
        owners = self._owners([content["variants"][0]["sku"] for content in rest.values()])
        matches = {pk: owners.get(content["variants"][0]["sku"], {}) for pk, content in rest.items()}
        for pk, row in self._by_key([pk for pk, products in matches.items() if not products]).items():
            matches[pk] = {row["id"]: row["title"]}
        taken = {row["id"] for row in found.values() if isinstance(row, dict)}
        unlinked = {
            row["id"]: row for row in self._existing(sorted({each for ids in matches.values() for each in ids}))
        }
        for pk, content in rest.items():
            products = matches[pk]
            identifier = next(iter(products), "")
            if len(products) > 1:
                found[pk] = SkipRecord(issues.AMBIGUOUS_MATCH(titles=", ".join(products.values())))
            elif identifier in taken:
                name, number = content["product"]["title"], number_of(identifier)
                found[pk] = SkipRecord(issues.ALREADY_LINKED(name=name, external_id=number))
            elif identifier in unlinked:
                found[pk] = unlinked[identifier]
                taken.add(identifier)
        return found

    def _existing(self, ids: Sequence[str]) -> list[Row]:
        """Products with all their variants and media."""
        size = target_documents.PRODUCTS_PER_QUERY
        rows = self.client.nodes(target_documents.EXISTING_PRODUCTS, ids, size=size) if ids else []
        for row in rows:
            self.client.complete(row, "variants", target_documents.MORE_VARIANTS)
            self.client.complete(row, "media", target_documents.MORE_MEDIA)
        return rows

    def _owners(self, skus: Sequence[str]) -> dict[str, dict[str, str]]:
        """SKU → the products that have it: their global ID and title. Shopify allows a SKU more than once."""
        found: dict[str, dict[str, str]] = {}
        quoted = [each.replace("\\", "\\\\").replace('"', '\\"') for each in dict.fromkeys(skus)]
        query = " OR ".join(f'sku:"{each}"' for each in quoted)
        after, first = None, bool(skus)
        while first or after:
            rows, after = self.client.page(
                target_documents.VARIANTS_BY_SKU, "productVariants", query=query, after=after
            )
            first = False
            for row in rows:
                if isinstance(row, dict) and row.get("sku") in skus:
                    found.setdefault(row["sku"], {})[row["product"]["id"]] = row["product"]["title"]
        return found

    def _by_key(self, item_ids: Sequence[int]) -> dict[int, Row]:
        """Our ID → ID and title of the product that was created by it."""
        if not item_ids:
            return {}
        self._define_key()
        names = {f"key{place}": pk for place, pk in enumerate(item_ids)}
        variables = {name: self._identifier(pk) for name, pk in names.items()}
        found = self.client.query(target_documents.products_by_key(names), **variables)
        return {pk: row for name, pk in names.items() if isinstance(row := found.get(name), dict)}

    def _identifier(self, item_id: int) -> Row:
        return {"customId": {"key": target_documents.PRODUCT_KEY, "value": self._key(item_id)}}

    def _key(self, item_id: int) -> str:
        return f"{self.client.connection_key}-{item_id}"

    # Writing

    def _check_publishing(self) -> None:
        """NeedsAttention without the scope to publish: a product whose creation ends in an error gets no link."""
        if self.client.settings.publication_ids and "write_publications" not in self.client.scopes:
            raise NeedsAttention(
                "The app may not publish products: it lacks the scope write_publications.",
                fix="Add write_publications to the access scopes of the app, and install the app in the store again. "
                "Or remove the sales channels from the settings of the connection, and publish new products yourself.",
            )

    def _write(self, operation: Operation[Row], found: dict[int, Row | SkipRecord]) -> Outcome:
        existing, content = found.get(operation.item_id), operation.content
        if isinstance(existing, SkipRecord):
            raise existing
        check_currency(self.client, content["variants"][0]["currency"])
        unprocessed: list[str] = []
        if existing is None:
            identifier = self._identifier(operation.item_id)
            given = new_input(content)
        else:
            identifier = {"id": existing["id"]}
            given, unprocessed = changed_input(content, operation.previous, existing)
        result = self._set(given, identifier)
        if isinstance(queued := result.get("productSetOperation"), dict) and not result.get("product"):
            raise Queued(
                "Shopify is writing the product.",
                not_before=clock.now() + _POLL_AFTER,
                receipt_id=number_of(queued.get("id")),
            )
        outcome = self._outcome(operation, result.get("product"))
        reason = "Shopify could not process it."
        outcome.warnings += [issues.IMAGE_NOT_SENT(url=url, reason=reason) for url in unprocessed]
        return outcome

    def _set(self, given: Row, identifier: Row) -> Row:
        """The result. A handle that another product has is left out: Shopify makes one of the title."""
        synchronous = len(given["variants"]) <= SYNCHRONOUS_VARIANTS
        result = self.client.query(
            target_documents.PRODUCT_SET, input=given, identifier=identifier, synchronous=synchronous
        ).get("productSet")
        if not isinstance(result, dict):
            raise malformed("productSet")
        errors = result.get("userErrors")
        if "handle" in given and any(each.get("field") == ["input", "handle"] for each in errors or ()):
            return self._set({name: value for name, value in given.items() if name != "handle"}, identifier)
        _raise_errors(errors)
        return result

    def _outcome(self, operation: Operation[Row], product: Any) -> Outcome:
        """The product's links. One that we created is published in the sales channels of the settings, and one that was
        there before is left as it is."""
        if not isinstance(product, dict) or not (number := number_of(product.get("id"))):
            raise malformed("productSet")
        self.client.complete(product, "variants", target_documents.MORE_WRITTEN_VARIANTS)
        ids = {row.get("sku"): number_of(row.get("id")) for row in product["variants"]}
        outcome = Outcome(external_id=number)
        outcome.links = {
            (Kind.VARIANT, each["id"]): ids[each["sku"]]
            for each in operation.content["variants"]
            if ids.get(each["sku"])
        }
        key = (product.get("metafield") or {}).get("value")
        is_new = number != operation.external_id and key == self._key(operation.item_id)
        if is_new and self.client.settings.publication_ids:
            channels = [{"publicationId": gid("Publication", each)} for each in self.client.settings.publication_ids]
            result = self.client.query(target_documents.PUBLISH, id=product["id"], input=channels)
            if error := user_error((result.get("publishablePublish") or {}).get("userErrors")):
                outcome.warnings.append(issues.NOT_PUBLISHED(reason=error.problem.values["reason"]))
        return outcome

    def _polled(self, operation: Operation[Row]) -> Outcome:
        """TryAgainLater if Shopify no longer knows the operation: the product is sent again."""
        identifier = gid("ProductSetOperation", operation.receipt_id)
        found = self.client.query(target_documents.PRODUCT_OPERATION, id=identifier).get("productOperation")
        outcome = Outcome(external_id=operation.external_id)
        try:
            if not isinstance(found, dict):
                raise TryAgainLater("Shopify does not know what became of the product.")
            if found.get("status") != "COMPLETE":
                raise Queued(
                    "Shopify is writing the product.",
                    not_before=clock.now() + _POLL_AFTER,
                    receipt_id=operation.receipt_id,
                )
            _raise_errors(found.get("userErrors"))
            return self._outcome(operation, found.get("product"))
        except (SkipRecord, TryAgainLater) as error:
            outcome.error = error
        return outcome

    def _define_key(self) -> None:
        """The metafield of products that has our ID, once for each app and store."""
        if self._is_key_defined:
            return
        key = target_documents.PRODUCT_KEY
        definition = {"key": key, "name": "SyncCenter product", "ownerType": "PRODUCT", "type": "id"}
        result = self.client.query(target_documents.DEFINE_PRODUCT_KEY, definition=definition)
        errors = (result.get("metafieldDefinitionCreate") or {}).get("userErrors") or []
        _raise_errors([each for each in errors if each.get("code") != "TAKEN"])
        self._is_key_defined = True

    def _remove(self, operation: Operation[Row]) -> Outcome:
        """Archive the product, or delete it if the settings say so. One that no longer exists is not an error."""
        if operation.external_id:
            ids = gids("Product", [operation.external_id])
            rows = self.client.nodes(documents.EXISTING, ids) if ids else []
        else:
            rows = list(self._by_key([operation.item_id]).values())
        deletes = self.client.settings.on_removal == "delete"
        document, name = (
            (target_documents.DELETE, "productDelete") if deletes else (target_documents.ARCHIVE, "productUpdate")
        )
        for row in rows:
            _raise_errors((self.client.query(document, id=row["id"]).get(name) or {}).get("userErrors"))
        return Outcome(external_id=operation.external_id or next((number_of(row["id"]) for row in rows), ""))


def _raise_errors(errors: Any) -> None:
    """SkipRecord; TryAgainLater if the product was deleted meanwhile: the next attempt does not find it."""
    if any(isinstance(each, dict) and each.get("code") == _GONE for each in errors or ()):
        raise TryAgainLater("The product was deleted in Shopify meanwhile.")
    if error := user_error(errors):
        raise error
