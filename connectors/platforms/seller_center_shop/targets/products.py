"""Products: pushed to the shop's queue; a later callback reports their IDs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.seller_center_shop.client import Entry, IdsBySku, ShopClient
from connectors.platforms.seller_center_shop.results import Result
from connectors.platforms.seller_center_shop.targets.entries import (
    NO_SPECIAL_PRICE,
    STATUSES,
    amounts,
    identity,
    rejection,
    removal_outcome,
    whole_stock,
    with_ids,
)
from connectors.platforms.seller_center_shop.targets.retry import retry_at, send_with_retries
from connectors.sdk import clock, issues
from connectors.sdk.errors import Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType, Kind

# How long the shop may take to process its queue; products that it has not created by then are sent again.
QUEUE_TIMEOUT = timedelta(hours=24)
_IDS = frozenset(("product_id", "config_id"))
_INITIAL_VALUES = frozenset(("price", "special_price", "special_from_date", "special_to_date", "stock"))

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
        shared = self._shared(item, refs)
        if missing := [name for name in settings.required if not _is_given(name, shared, item, attribute_ids)]:
            raise SkipRecord(issues.REQUIRED_VALUES_MISSING(names=", ".join(missing)))
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
                "variation": {attribute_ids.get(name, name): value for name, value in variation.items()},
            }
            if "product_id" not in entry:
                entry |= {"config_id": None, "stock": whole_stock(variant) or 0, "price": None} | NO_SPECIAL_PRICE
                entry |= amounts(variant, settings)
            entries.append(entry)
        if not entries:
            raise SkipRecord(issues.VARIANTS_MISSING())
        return {"products": entries, "images": [image.url for image in item.images]}

    def _shared(self, item: ProductItem, refs: References) -> Entry:
        """What the products of an article have in common. Which fields a shop needs is not documented, so all are sent,
        empty ones as null (product-api/createproducts)."""
        settings, field_map = self.client.settings, self.client.field_map
        categories = [each for pk in item.category_ids if (each := refs.get(Kind.CATEGORY, pk))]
        return {
            "approval_status": settings.approval_status,
            "attribute_set": field_map.attribute_sets.get(item.product_type, settings.attribute_set) or None,
            "attributes": {
                self.client.attribute_ids.get(name, name): _attribute(value) for name, value in item.attributes.items()
            },
            "brand": refs.get(Kind.BRAND, item.brand_id),
            "categories": categories,
            "description": item.description,
            "platform_identifier": settings.platform_identifier,
            "primary_category": categories[0] if categories else None,
            "product_set": str(item.id),
            "rsin": None,
            "seller": settings.seller or None,
            "shipment_matrix_template": [],
            "shipment_type": settings.shipment_type or None,
            "tax_class": settings.tax_class or None,
            "title": item.title,
        }

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        return send_with_retries(operations, self._send)

    def _send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Update existing products and create missing ones; safe to repeat, because IDs are looked up first."""
        kept = [operation for operation in operations if operation.action is not Action.REMOVE]
        known = self.client.fetch_ids([entry for operation in kept for entry in operation.content["products"]])
        updates: list[Entry] = []
        creates: list[Entry] = []
        with_images: list[Operation[Payload]] = []
        for operation in kept:
            changed = has_changed(operation, "products")
            entries = operation.content["products"]
            new = [entry for entry in entries if entry["seller_sku"] not in known]
            if not (new and _is_queued(operation)):
                creates += new
            if changed:
                updates += [without_initial_values(with_ids(each, known)) for each in entries if each not in new]
            if new or has_changed(operation, "images"):
                with_images.append(operation)
        removed_ids = [operation.external_id for operation in operations if operation.action is Action.REMOVE]
        updates += [{"config_id": config_id, "status": "deleted"} for config_id in removed_ids if config_id]
        results = _by_sku(updates, self.client.push(self.data_type, "Product.updateProducts", updates))
        created = self.client.push(self.data_type, "Product.createProducts", creates)
        results |= _by_sku(creates, created)
        # A shop that processes its queue at once has the IDs by now; others report them by callback.
        known |= {
            entry["seller_sku"]: (result.product_id, result.config_id)
            for entry, result in zip(creates, created, strict=True)
            if result and result.product_id and result.config_id
        }
        known |= self.client.fetch_ids([each for each in creates if each["seller_sku"] not in known])
        for operation in with_images:
            skus = [entry["seller_sku"] for entry in operation.content["products"]]
            if config_id := next((known[sku][1] for sku in skus if sku in known), None):
                try:
                    result = self.client.push_images(config_id, operation.content["images"])
                except RequestRejected as error:  # an image that cannot be downloaded concerns its product only
                    result = Result(str(error))
                results[skus[0], "images"] = result
        return [_outcome(operation, known, results) for operation in operations]

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


def _by_sku(entries: list[Entry], results: list[Result | None]) -> dict[tuple[str, str], Result | None]:
    """The results by what their entries are about. An entry that removes an article has only its `config_id`."""
    return {
        (entry["seller_sku"], "product") if "seller_sku" in entry else (entry["config_id"], "removal"): result
        for entry, result in zip(entries, results, strict=True)
    }


def _outcome(
    operation: Operation[Payload], known: IdsBySku, results: Mapping[tuple[str, str], Result | None]
) -> Outcome:
    if operation.action is Action.REMOVE:
        return removal_outcome(operation.external_id, results.get((operation.external_id, "removal")))
    skus = {entry["seller_sku"]: int(entry["id_catalog_product"]) for entry in operation.content["products"]}
    if error := rejection(results.get((sku, part)) for sku in skus for part in ("product", "images")):
        return Outcome(error=error)
    if not skus.keys() <= known.keys():
        return Outcome(
            error=Queued("The shop has queued the item and will report its ID.", not_before=retry_at(operation))
        )
    links: dict[tuple[str, int], str] = {(Kind.VARIANT, pk): known[sku][0] for sku, pk in skus.items()}
    return Outcome(external_id=known[min(skus)][1], links=links)


def _attribute(value: Any) -> Any:
    """Text, or a list of texts."""
    return [str(each) for each in value] if isinstance(value, list) else str(value)


def _is_given(name: str, shared: Entry, item: ProductItem, attribute_ids: Mapping[str, str]) -> bool:
    """Whether a required field, or an attribute by our name or the shop's ID, has a value."""
    if name == "product_identifier":
        return all(variant.barcode for variant in item.variants if variant.status in STATUSES)
    if name in shared and name != "attributes":
        return shared[name] not in (None, "", [])
    return shared["attributes"].get(attribute_ids.get(name, name)) not in (None, "", [])
