"""Products with their variants, matched by SKU, so that every step is safe to repeat: what a product consists of first.

With bulks a product takes several calls of `poll`: first the bulk of its variants, and after these are saved the bulk
of the configurable product, which needs their IDs. The receipt is the UUID of the pending bulk.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.product_rows import DISABLED
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets import existing_products
from connectors.platforms.magento.targets.products.bodies import Body, BodyBuilder
from connectors.platforms.magento.targets.products.bulks import Bulks, BySku, still_queued
from connectors.platforms.magento.targets.products.equal_skus import rejected_as_equal
from connectors.platforms.magento.targets.products.images import save_images
from connectors.platforms.magento.targets.products.payloads import (
    Payload,
    is_composite,
    product_payload,
    required_skus,
    skus,
    stored_content,
)
from connectors.platforms.magento.targets.products.saver import ProductSaver, combined
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, PolledReceipts, Target
from hub.kinds import DataType, Kind

Operations = Sequence[Operation[Payload]]


class ProductTarget(Target[TargetClient, ProductItem, Payload], PolledReceipts[Payload]):
    data_type = DataType.PRODUCTS
    lane = "products"
    batch_size = 100
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: ProductItem, refs: References) -> Payload | None:
        settings = self.client.settings
        return product_payload(item, refs, settings.price_list, with_images=settings.images)

    def send(self, operations: Operations) -> list[Outcome]:
        """Send all variants and products without variants together, then the products that have variants."""
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        bodies = self._standalone_bodies(operations, outcomes)
        saver = ProductSaver(self.client, self._operations_without_receipt(operations))
        results = saver.save({sku: body for each in bodies.values() for sku, body in each.items()})
        for position, by_sku in bodies.items():
            outcomes[position].error = combined(results[sku_key(sku)] for sku in by_sku)
        self._save_parents_and_link(operations, outcomes, saver, saved_parents=set())
        return outcomes

    def poll(self, operations: Operations) -> list[Outcome]:
        """Query each bulk once. Then send the products whose variants have all been saved."""
        bulks = Bulks(self.client)
        found = {bulk: bulks.read(bulk) for bulk in dict.fromkeys(b for each in operations for b in _bulks_of(each))}
        removed = self.client.products_by_id(each.external_id for each in operations if each.action is Action.REMOVE)
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        saved_parents = set()
        for position, operation in enumerate(operations):
            by_sku = _merged([found[bulk] for bulk in _bulks_of(operation)])
            if by_sku is None:
                outcomes[position].error = TryAgainLater("Magento no longer has the bulk request.")
                continue
            awaited = _awaited_skus(operation, by_sku, removed)
            outcomes[position].error = combined(
                by_sku[sku].error if sku in by_sku else still_queued(operation.receipt_id) for sku in awaited
            )
            if operation.payload and sku_key(operation.payload["sku"]) in awaited:
                saved_parents.add(position)
        self._save_parents_and_link(operations, outcomes, ProductSaver(self.client, {}), saved_parents=saved_parents)
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Payload]:
        rows, following = existing_products.read_page(self.client, product_rows.individually_visible(), cursor=cursor)
        return ExistingPage({str(row["id"]): stored_content(row) for row in rows}, following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {str(row["id"]) for row in existing_products.find(self.client, external_ids)}

    def _operations_without_receipt(self, operations: Operations) -> BySku:
        """Operations whose receipts were not stored: everything queued at the shop since then."""
        queued_at = [each.queued_at for each in operations if each.queued_at and not each.receipt_id]
        return Bulks(self.client).read_since(min(queued_at)) if queued_at else {}

    def _standalone_bodies(self, operations: Operations, outcomes: list[Outcome]) -> dict[int, dict[str, Body]]:
        """Position → SKU → body of what is saved first. Operations that the shop cannot represent get an error."""
        removed = self.client.products_by_id(each.external_id for each in operations if each.action is Action.REMOVE)
        known = self.client.products_by_sku(
            sku for each in operations if each.payload for sku in (each.payload["sku"], *skus(each.payload))
        )
        builder = BodyBuilder(self.client, known)
        rejected = rejected_as_equal(operations, known, self._queued_skus(operations, known))
        found: dict[int, dict[str, Body]] = {}
        for position, each in enumerate(operations):
            try:
                if problem := rejected.get(position):
                    raise SkipRecord(problem)
                if each.action is not Action.REMOVE:
                    variants = each.content["variants"]
                    _check_types(each.content, known)
                    if "parts" in each.content:
                        continue
                    found[position] = {variant["sku"]: builder.simple(each.content, variant) for variant in variants}
                elif not each.external_id:
                    raise SkipRecord(issues.OUTCOME_UNKNOWN())
                elif (row := removed.get(each.external_id)) and row.get("status") != DISABLED:
                    found[position] = {row["sku"]: {"sku": row["sku"], "status": DISABLED}}
            except SkipRecord as error:
                outcomes[position].error = error
        return found

    def _queued_skus(self, operations: Operations, known: Mapping[str, Row]) -> dict[str, str]:
        """`sku_key` → SKU of the products that the shop has yet to save; only read if there are new products."""
        wanted = {sku_key(sku) for each in operations if each.payload for sku in skus(each.payload)}
        if not self.client.settings.bulk or wanted <= known.keys():
            return {}
        return {key: each.sku for key, each in Bulks(self.client).read_open().items()}

    def _save_parents_and_link(
        self, operations: Operations, outcomes: list[Outcome], saver: ProductSaver, *, saved_parents: set[int]
    ) -> None:
        """Save configurable products and bundles of which everything exists, and set the links of what is complete."""
        existing = self._saved_products(operations, outcomes)
        builder = BodyBuilder(self.client, existing)
        parents: dict[int, Body] = {}
        for position, payload in _payloads(operations):
            if not is_composite(payload) or position in saved_parents:
                continue
            try:
                if _all_listed(outcomes[position], required_skus(payload), existing):
                    build = builder.bundle if "parts" in payload else builder.configurable
                    parents[position] = build(payload)
            except SkipRecord as error:
                outcomes[position].error = error
        if parents:
            results = saver.save({body["sku"]: body for body in parents.values()})
            for position, body in parents.items():
                outcomes[position].error = results[sku_key(body["sku"])]
            existing = self._saved_products(operations, outcomes)
        for position, payload in _payloads(operations):
            if _all_listed(outcomes[position], [payload["sku"], *skus(payload)], existing):
                _set_links(outcomes[position], payload, existing)
                if characters := payload.get("left_out"):
                    outcomes[position].warnings.append(issues.CHARACTERS_LEFT_OUT(characters=characters))
                if self.client.settings.images:
                    save_images(
                        self.client, existing[sku_key(payload["sku"])], payload.get("images", ()), outcomes[position]
                    )

    def _saved_products(self, operations: Operations, outcomes: Sequence[Outcome]) -> dict[str, Row]:
        saved = [payload for position, payload in _payloads(operations) if outcomes[position].error is None]
        return self.client.products_by_sku(
            sku for each in saved for sku in (each["sku"], *skus(each), *required_skus(each))
        )


def _check_types(payload: Payload, known: Mapping[str, Row]) -> None:
    """SkipRecord if the shop has a product of another type under the SKU, which could not be turned into ours."""
    allowed = (product_rows.BUNDLE,) if "parts" in payload else product_rows.SIMPLE_TYPES
    for sku in skus(payload):
        row = known.get(sku_key(sku))
        if row is not None and row.get("type_id") not in allowed:
            raise SkipRecord(issues.PRODUCT_TYPE_UNSUPPORTED(type=row.get("type_id")))


def _payloads(operations: Operations) -> list[tuple[int, Payload]]:
    return [(position, each.payload) for position, each in enumerate(operations) if each.payload is not None]


def _bulks_of(operation: Operation[Payload]) -> list[str]:
    """The UUIDs in the receipt. Variants may be spread over several bulks."""
    return operation.receipt_id.split()


def _merged(bulks: Sequence[BySku | None]) -> BySku | None:
    """The results of all bulks; None if one of them no longer exists, or if there are none."""
    merged: BySku = {}
    for each in bulks:
        if each is None:
            return None
        merged |= each
    return merged if bulks else None


def _awaited_skus(operation: Operation[Payload], by_sku: BySku, removed: Mapping[str, Row]) -> list[str]:
    """The `sku_key`s that an operation waits for: its product's if that was sent, else those of its variants."""
    if operation.payload is None:
        row = removed.get(operation.external_id)
        return [sku_key(row["sku"])] if row and row.get("status") != DISABLED else []
    own = sku_key(operation.payload["sku"])
    return [own] if own in by_sku else [sku_key(sku) for sku in skus(operation.payload)]


def _all_listed(outcome: Outcome, wanted: Sequence[str], existing: Mapping[str, Row]) -> bool:
    """Whether there was no error so far and the shop lists what it saved, which may take a moment."""
    missing = [sku for sku in wanted if sku_key(sku) not in existing]
    if missing and outcome.error is None:
        outcome.error = TryAgainLater(f"Magento does not list {', '.join(missing)} yet.")
    return outcome.error is None


def _set_links(outcome: Outcome, payload: Payload, existing: Mapping[str, Row]) -> None:
    """Set the IDs assigned by the shop."""
    outcome.external_id = str(existing[sku_key(payload["sku"])]["id"])
    for each in payload["variants"]:
        outcome.links[Kind.VARIANT, each["id"]] = str(existing[sku_key(each["sku"])]["id"])
