"""Products with their variants. Every step is safe to repeat: nothing that exists is created again."""

from collections.abc import Sequence
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.bigcommerce.client import PAGE_SIZE, PRODUCTS, VARIANTS, Row, TargetClient, join
from connectors.platforms.bigcommerce.error_messages import (
    error_text,
    partial_error,
    rejection_error,
    rejection_reason,
    removal_outcome,
)
from connectors.platforms.bigcommerce.listings import ProductListing
from connectors.platforms.bigcommerce.paging import complete_page_by_id
from connectors.platforms.bigcommerce.targets.base import Numbered, StoreTarget, split
from connectors.platforms.bigcommerce.targets.images import new_image, sync_images
from connectors.platforms.bigcommerce.targets.metafields import save_metafields
from connectors.platforms.bigcommerce.targets.product_payload import (
    CODES,
    COMPARED_FIELDS,
    comparable_content,
    product_payload,
)
from connectors.platforms.bigcommerce.targets.variants import VariantWriter, new_variant, store_weight
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth
from hub.kinds import DataType

# The storefront that every store has.
DEFAULT_CHANNEL = 1


class ProductTarget(StoreTarget[ProductItem], ProductListing[TargetClient]):
    data_type = DataType.PRODUCTS
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: ProductItem, refs: References) -> Row | None:
        return product_payload(item, refs, self.client.settings.price_list, self.client.field_map.products)

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        query = {"include_fields": ",".join(COMPARED_FIELDS), "sort": "id", "direction": "asc", "limit": PAGE_SIZE}
        rows, following = complete_page_by_id(self.client, PRODUCTS, cursor, **query)
        return ExistingPage({str(row["id"]): comparable_content(row) for row in rows}, following)

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """BatchRejected if the store rejects several products together without saying which."""
        written, removed = split(operations)
        self._remove([operation.external_id for _, operation in removed if operation.external_id])
        outcomes = {position: removal_outcome(operation) for position, operation in removed}
        known: dict[int, int] = {}
        partly_saved: dict[int, SkipRecord | None] = {}
        for (position, operation), found in zip(written, self._find(written), strict=True):
            if found in known.values():
                problem = issues.ALREADY_LINKED(name=operation.content["product"]["name"], external_id=found)
                outcomes[position] = Outcome(error=SkipRecord(problem))
            elif found is not None:
                known[position] = found
        self._change({position: (number, operations[position].content) for position, number in known.items()})
        for position, operation in written:
            if position not in known and position not in outcomes:
                try:
                    known[position], partly_saved[position] = self._create(operation.content)
                except RequestRejected as error:
                    outcomes[position] = Outcome(error=rejection_error(error))
        self._assign([number for place, number in known.items() if not operations[place].external_id])
        existing = {row["id"]: row for row in self._read(list(known.values()), include="variants")}
        if missing := [number for number in known.values() if number not in existing]:
            raise TryAgainLater(f"The store does not list the products {join(missing)} yet.")
        for position, number in known.items():
            self.client.complete(existing[number])
            try:
                outcome = VariantWriter(self.client, existing[number]).sync(operations[position])
            except RequestRejected as error:
                outcome = Outcome(external_id=str(number), error=rejection_error(error))
            outcome.error = outcome.error or partly_saved.get(position)
            if position not in partly_saved:
                sync_images(self.client, operations[position], outcome)
            outcomes[position] = outcome
        self._save_metafields(operations, {n: known[n] for n in known if outcomes[n].error is None})
        return [outcomes[position] for position in range(len(operations))]

    def _save_metafields(self, operations: Sequence[Operation[Row]], saved: dict[int, int]) -> None:
        """`saved`: position in the batch → the store's ID."""
        wanted = {number: operations[place].content.get("metafields") for place, number in saved.items()}
        try:
            save_metafields(self.client, {number: values for number, values in wanted.items() if values})
        except RequestRejected as error:
            raise BatchRejected(rejection_reason(error)) from error

    def _find(self, written: Numbered) -> list[int | None]:
        """The store's IDs: the known ones that still exist, else that of the product that has the first SKU."""
        linked = {int(each.external_id) for _, each in written if each.external_id}
        existing = {row["id"] for row in self._read(sorted(linked), include_fields="name")} if linked else set()
        new = {
            place: each.content["variants"][0]
            for place, (_, each) in enumerate(written)
            if not each.external_id or int(each.external_id) not in existing
        }
        products = self._by_product_sku([first["sku"] for first in new.values() if not first["options"]])
        return [
            int(each.external_id)
            if (first := new.get(place)) is None
            else self._by_variant_sku(first["sku"])
            if first["options"]
            else products.get(first["sku"])
            for place, (_, each) in enumerate(written)
        ]

    def _by_product_sku(self, skus: list[str]) -> dict[str, int]:
        """The SKU of a product without options is the product's own: variants are not found by it. A list of SKUs is
        separated by commas, so one with a comma is looked up alone."""
        together = [sku for sku in skus if "," not in sku]
        queries = [{"sku:in": join(together)}] if together else []
        queries += [{"sku": sku} for sku in skus if "," in sku]
        found = (self.client.fetch_all(PRODUCTS, **query, include_fields="sku") for query in queries)
        return {row["sku"]: row["id"] for rows in found for row in rows if isinstance(row.get("sku"), str)}

    def _by_variant_sku(self, sku: str) -> int | None:
        rows, _ = self.client.list_page(VARIANTS, sku=sku, include_fields="product_id,sku")
        return next((row["product_id"] for row in rows if row.get("sku") == sku and row.get("product_id")), None)

    def _read(self, ids: list[int], **query: Any) -> list[Row]:
        return self.client.existing(PRODUCTS, [str(number) for number in ids], **query)

    def _change(self, products: dict[int, tuple[int, Row]]) -> None:
        """`products`: position in the batch → the store's ID and our payload."""
        if not products:
            return
        bodies = [{"id": number, **self._body(payload)} for number, payload in products.values()]
        try:
            response = self.client.call("PUT", PRODUCTS, body=bodies)
        except RequestRejected as error:
            raise BatchRejected(rejection_reason(error)) from error
        if response.status == 207:
            reason = error_text(response.json().get("errors", {}))
            # Sending each product alone shows which one was rejected.
            errors = {position: issues.PARTLY_SAVED(reason=reason) for position in products if len(products) == 1}
            raise BatchRejected(f"Some parts could not be saved: {reason}.", item_errors=errors)

    def _create(self, payload: Row) -> tuple[int, SkipRecord | None]:
        """The store's ID, and the error if not all of the product was saved."""
        body = self._body(payload)
        body["images"] = [new_image(url, place) for place, url in enumerate(payload["images"])]
        # Stores with the second version of the product form require categories.
        fallback = self.client.settings.fallback_category_id
        body.setdefault("categories", [fallback] if fallback else [])
        options = [each for each in payload["variants"] if each["options"]]
        body["inventory_tracking"] = "variant" if options else "product"
        if options:
            # The specification reuses the response schema here, including the IDs; the vendor's guides leave them out.
            body["variants"] = [new_variant(self.client, each) for each in options]
        response = self.client.call("POST", PRODUCTS, body=body)
        match response.json():
            # A product that was saved in part is answered as a list.
            case {"data": {"id": int(number)}} | {"data": [{"id": int(number)}]}:
                return number, partial_error(response)
        raise TryAgainLater("The store did not say which product it created.")

    def _assign(self, ids: list[int]) -> None:
        """Assign products to the storefront of the settings; the store assigns new ones to its first by itself."""
        channel = self.client.settings.channel_id
        if ids and channel != DEFAULT_CHANNEL:
            body = [{"product_id": number, "channel_id": channel} for number in ids]
            self.client.call("PUT", f"{PRODUCTS}/channel-assignments", body=body)

    def _body(self, payload: Row) -> Row:
        """The product's own fields. A product without options carries the SKU and codes of its only variant."""
        body: Row = payload["product"] | {"weight": store_weight(self.client, payload["weight_in_grams"])}
        first = payload["variants"][0]
        return body if first["options"] else body | {name: first[name] for name in ("sku", *CODES) if name in first}

    def _remove(self, ids: list[str]) -> None:
        """Hide the product, or delete it if the settings say so. A product that no longer exists is not an error."""
        if not ids:
            return
        if self.client.settings.on_removal == "delete":
            self.client.call("DELETE", PRODUCTS, params={"id:in": join(ids)})
            return
        existing = [row["id"] for row in self._read([int(each) for each in ids], include_fields="name")]
        if existing:
            self.client.call("PUT", PRODUCTS, body=[{"id": each, "is_visible": False} for each in existing])
