"""Products: pushed to the shop's queue; a later callback reports their IDs."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.seller_center_shop.client import Entry, IdsBySku, ShopClient
from connectors.platforms.seller_center_shop.targets.entries import (
    STATUSES,
    amounts,
    identity,
    quantity,
    removal_outcome,
    with_ids,
)
from connectors.platforms.seller_center_shop.targets.retry import retry_at, send_with_retries
from connectors.sdk import clock, issues
from connectors.sdk.errors import Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType, Kind

# How long the shop may take to process its queue; products that it has not created by then are sent again.
QUEUE_TIMEOUT = timedelta(hours=24)
_IDS = frozenset(("product_id", "config_id"))
_INITIAL_VALUES = frozenset(("price", "special_price", "stock"))

Payload = dict[str, Any]


class ProductTarget(Target[ShopClient, ProductItem, Payload]):
    """Shares a lane with stock and prices: the shop processes its queue in order, so a product is created before its
    stock is set."""

    data_type = DataType.PRODUCTS
    lane = "push"
    batch_size = 100
    comparable = ComparisonDepth.PRESENCE

    def payload(self, item: ProductItem, refs: References) -> Payload | None:
        """`{"products": entries, "images": URLs}`.

        A variant that is not linked yet contains its initial price and stock, because a shop may reject products
        without them.
        """
        settings, attribute_ids = self.client.settings, self.client.attribute_ids
        if item.status not in STATUSES:
            return None
        shared = {
            "product_set": str(item.id),
            "title": item.title,
            "description": item.description,
            "brand": refs.get(Kind.BRAND, item.brand_id),
            "categories": [each for pk in item.category_ids if (each := refs.get(Kind.CATEGORY, pk))],
        }
        if settings.seller:
            shared["seller"] = settings.seller
        entries = []
        for variant in item.variants:
            entry = (
                identity(variant, refs) if variant.status in STATUSES or refs.get(Kind.VARIANT, variant.id) else None
            )
            if entry is None:
                continue
            variation = {option["name"]: option["value"] for option in variant.options}
            entry |= shared | {
                "id_catalog_product": str(variant.id),
                "product_identifier": variant.barcode,
                "status": STATUSES.get(variant.status, "deleted"),
                "attributes": {attribute_ids.get(name, name): value for name, value in item.attributes.items()},
                "variation": {attribute_ids.get(name, name): value for name, value in variation.items()},
            }
            if "product_id" not in entry:
                entry |= amounts(variant, settings.price_list) | quantity(variant)
            entries.append(entry)
        if not entries:
            raise SkipRecord(issues.VARIANTS_MISSING())
        return {"products": entries, "images": [image.url for image in item.images]}

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        return send_with_retries(operations, self._send)

    def _send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Update existing products and create missing ones; safe to repeat, because IDs are looked up first."""
        kept = [operation for operation in operations if operation.action is not Action.REMOVE]
        known = self.client.fetch_ids([entry for operation in kept for entry in operation.content["products"]])
        updates: list[Entry] = []
        creates: list[Entry] = []
        images_of: list[tuple[Entry, list[str]]] = []
        for operation in kept:
            changed = has_changed(operation, "products")
            other_images = has_changed(operation, "images")
            for entry in operation.content["products"]:
                new = entry["seller_sku"] not in known
                if new and _is_queued(operation):
                    continue
                if new:
                    creates.append(entry)
                elif changed:
                    updates.append(without_initial_values(with_ids(entry, known)))
                if new or other_images:
                    images_of.append((entry, operation.content["images"]))
        removed_ids = [operation.external_id for operation in operations if operation.action is Action.REMOVE]
        updates += [{"config_id": config_id, "status": "deleted"} for config_id in removed_ids if config_id]
        self.client.push(self.data_type, "Product.updateProducts", updates)
        self.client.push(self.data_type, "Product.createProducts", creates)
        # A shop that processes its queue at once has the IDs by now; others report them by callback.
        known |= self.client.fetch_ids(creates)
        images = [image_entry(with_ids(entry, known), urls) for entry, urls in images_of]
        self.client.push(self.data_type, "Product.updateImageCollection", images)
        return [_outcome(operation, known) for operation in operations]

    def read_existing(self, *, cursor: Any) -> ExistingPage[Payload]:
        """Contains only products of this seller, although `list_ids` cannot filter by seller."""
        rows, following, _ = self.client.listing.read(
            "products", since=None, cursor=cursor, limit=self.client.settings.page_size, **self.client.seller_filter
        )
        if not all(isinstance(row, dict) and row.get("id") for row in rows):
            raise TryAgainLater("The shop listed products without their IDs.")
        return ExistingPage({str(row["id"]): None for row in rows}, following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return self.client.listing.existing("products", external_ids)


def without_initial_values(entry: Entry) -> Entry:
    """The entry without initial price and stock: for an existing product these are set by separate calls."""
    return {name: value for name, value in entry.items() if name not in _INITIAL_VALUES}


def image_entry(entry: Entry, images: list[str]) -> Entry:
    """The images of one SKU's product in the shop, in their order."""
    return {name: entry[name] for name in ("seller_sku", *sorted(_IDS)) if name in entry} | {"images": images}


def has_changed(operation: Operation[Payload], part: str) -> bool:
    """Whether this part of the payload differs from what was last sent, or that is unknown.

    Once linked, entries gain the shop's IDs and lose their initial values; that is not counted as a difference.
    """
    if operation.previous is None:
        return True
    before, after = operation.previous[part], operation.content[part]
    return bool(
        before != after
        if part == "images"
        else list(map(_comparable_content, before)) != list(map(_comparable_content, after))
    )


def _comparable_content(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if name not in _IDS | _INITIAL_VALUES}


def _is_queued(operation: Operation[Payload]) -> bool:
    """Whether the shop still has an earlier request in its queue, so that sending again would create the product
    twice."""
    return operation.queued_at is not None and clock.now() - operation.queued_at < QUEUE_TIMEOUT


def _outcome(operation: Operation[Payload], known: IdsBySku) -> Outcome:
    if operation.action is Action.REMOVE:
        return removal_outcome(operation.external_id)
    skus = {entry["seller_sku"]: int(entry["id_catalog_product"]) for entry in operation.content["products"]}
    if not skus.keys() <= known.keys():
        return Outcome(
            error=Queued("The shop has queued the item and will report its ID.", not_before=retry_at(operation))
        )
    links: dict[tuple[str, int], str] = {(Kind.VARIANT, pk): known[sku][0] for sku, pk in skus.items()}
    return Outcome(external_id=known[min(skus)][1], links=links)
