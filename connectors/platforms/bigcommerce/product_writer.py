"""Writes products with their variants so that every step may be repeated: nothing is made that is there already."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import BatchRefused, SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.bigcommerce.client import BigCommerceClient, join
from connectors.records import Problem
from hub.kinds import Kind

PRODUCTS = "/v3/catalog/products"
VARIANTS = "/v3/catalog/variants"
VARIANTS_PER_REQUEST = 50
# Given to a variant that makes way for one with other option values, until the new one stands.
REPLACED_SUFFIX = "~replaced"
# What a new variant takes over from the one that it replaces (B9).
COPIED_FIELDS = (
    "inventory_level", "inventory_warning_level", "bin_picking_number", "cost_price", "retail_price", "map_price",
    "width", "height", "depth", "is_free_shipping", "fixed_cost_shipping_price", "image_url", "gtin", "mpn",
    "purchasing_disabled_message",
)  # fmt: skip
# What is compared, so that an unchanged variant costs no write.
MANAGED_FIELDS = ("price", "sale_price", "weight", "upc", "purchasing_disabled")

Row = dict[str, Any]


class ProductWriter:
    def __init__(self, client: BigCommerceClient) -> None:
        self.client = client

    def send(self, operations: Sequence[Operation]) -> list[Outcome]:
        """At most ten products. BatchRefused if the store refuses them together, and does not say which."""
        outcomes: dict[int, Outcome] = {}
        positions = range(len(operations))
        gone = [position for position in positions if operations[position].action is Action.REMOVE]
        self._remove([operations[position].external_id for position in gone if operations[position].external_id])
        outcomes |= {position: removal_outcome(operations[position]) for position in gone}
        kept = [position for position in positions if position not in outcomes]
        known: dict[int, int] = {}
        for position, found in zip(kept, self._find([operations[position] for position in kept]), strict=True):
            if found in known.values():
                outcomes[position] = Outcome(error=_belongs_to_other_product(found))
            elif found is not None:
                known[position] = found
        self._change([(number, operations[position].payload) for position, number in known.items()])
        for position in kept:
            if position not in known and position not in outcomes:
                try:
                    known[position] = self._create(operations[position].payload)
                except Refused as refused:
                    outcomes[position] = Outcome(error=refusal_error(refused))
        held = {row["id"]: row for row in self._read(list(known.values()))}
        if missing := [number for number in known.values() if number not in held]:
            raise TryAgainLater(f"The store does not list the products {join(missing)} yet.")
        for position, number in known.items():
            self.client.complete(held[number])
            try:
                outcomes[position] = self._sync_variants(operations[position], held[number])
            except Refused as refused:
                outcomes[position] = Outcome(external_id=str(number), error=refusal_error(refused))
        return [outcomes[position] for position in positions]

    # Products

    def _find(self, operations: list[Operation]) -> list[int | None]:
        """The store's ids: those we know, as far as they still exist, else of the product that has the first SKU."""
        linked = {int(each.external_id) for each in operations if each.external_id}
        existing = {row["id"] for row in self._read(sorted(linked), include_fields="name")} if linked else set()
        return [
            int(each.external_id)
            if each.external_id and int(each.external_id) in existing
            else self._by_sku(each.payload["variants"][0]["sku"])
            for each in operations
        ]

    def _by_sku(self, sku: str) -> int | None:
        rows, _ = self.client.list_page("/catalog/variants", sku=sku, include_fields="product_id,sku")
        return next((row["product_id"] for row in rows if row.get("sku") == sku and row.get("product_id")), None)

    def _read(self, row_ids: list[int], **query: Any) -> list[Row]:
        query = query or {"include": "variants"}
        return self.client.existing("/catalog/products", [str(number) for number in row_ids], **query)

    def _change(self, products: list[tuple[int, Row]]) -> None:
        if not products:
            return
        bodies = [{"id": number, **self._body(payload)} for number, payload in products]
        try:
            response = self.client.http.request("PUT", PRODUCTS, body=bodies)
        except Refused as refused:
            raise BatchRefused(str(refusal_error(refused)), code=refused.code) from refused
        if response.status == 207:
            answer = response.json()
            raise BatchRefused(
                f"Parts of it could not be saved: {error_text(answer.get('errors', {}))}.", code="partial"
            )

    def _create(self, payload: Row) -> int:
        body = self._body(payload) | {"images": [{"image_url": url} for url in payload["images"]]}
        options = [each for each in payload["variants"] if each["options"]]
        body["inventory_tracking"] = "variant" if options else "product"
        if options:
            # The specification reuses the shape of an answer here, ids and all; the vendor's guides leave them out.
            body["variants"] = [self._new_variant(each) for each in options]
        answer = self.client.http.request("POST", PRODUCTS, body=body).json()
        match answer:
            case {"data": {"id": int(number)}}:
                return number
        raise TryAgainLater("The store did not say which product it made.")

    def _body(self, payload: Row) -> Row:
        """The product's own fields. One that has no options carries SKU and code of its only variant."""
        body = payload["product"] | {"weight": self._weight(payload["weight_in_grams"])}
        first = payload["variants"][0]
        return body if first["options"] else body | {"sku": first["sku"], "upc": first["upc"]}

    def _remove(self, row_ids: list[str]) -> None:
        """Hidden, or deleted where the connection says so. What is not there any more is no error."""
        if not row_ids:
            return
        if self.client.settings.on_removal == "delete":
            self.client.http.request("DELETE", PRODUCTS, params={"id:in": join(row_ids)})
            return
        existing_ids = [row["id"] for row in self._read([int(each) for each in row_ids], include_fields="name")]
        if existing_ids:
            self.client.http.request("PUT", PRODUCTS, body=[{"id": each, "is_visible": False} for each in existing_ids])

    # Variants

    def _sync_variants(self, operation: Operation, product: Row) -> Outcome:
        outcome = Outcome(external_id=str(product["id"]))
        wanted = operation.payload["variants"]
        held = {each["sku"]: each for each in product["variants"]}
        if not wanted[0]["options"]:
            return self._link_only_variant(outcome, wanted[0], product)
        changed: list[Row] = []
        for each in wanted:
            row = held.get(each["sku"])
            spare = held.get(each["sku"] + REPLACED_SUFFIX)
            if row is not None and _options(row) == _wanted_options(each):
                number = row["id"]
                if difference := self._difference(each, row):
                    changed.append({"id": number, **difference})
            else:
                number = self._create_variant(product["id"], each, replaced=row or spare)
                spare = row or spare
            if spare is not None:
                self.client.http.request("DELETE", f"{PRODUCTS}/{product['id']}/variants/{spare['id']}")
                outcome.warnings.append(_recreated_warning(each["sku"]))
            outcome.links[Kind.VARIANT, each["id"]] = str(number)
        for start in range(0, len(changed), VARIANTS_PER_REQUEST):
            self.client.http.request("PUT", VARIANTS, body=changed[start : start + VARIANTS_PER_REQUEST])
        self._delete_variants(operation, product, {each["sku"] for each in wanted})
        return outcome

    @staticmethod
    def _link_only_variant(outcome: Outcome, wanted: Row, product: Row) -> Outcome:
        """Without options there is one variant, which the product's own fields describe."""
        if len(product["variants"]) != 1 or product["variants"][0]["option_values"]:
            outcome.error = SkipRecord(
                "The store's product has options, ours has none.",
                code="options_differ",
                fix="Remove the options in BigCommerce, or give this product the same ones.",
            )
            return outcome
        outcome.links[Kind.VARIANT, wanted["id"]] = str(product["variants"][0]["id"])
        return outcome

    def _create_variant(self, product_id: int, wanted: Row, *, replaced: Row | None) -> int:
        """A variant with new option values. The one that it replaces first gives up its SKU, and is deleted last, so
        that what it holds beyond our fields is never without a bearer, whenever this breaks off."""
        path = f"{PRODUCTS}/{product_id}/variants"
        body = self._new_variant(wanted)
        if replaced is not None:
            if not replaced["sku"].endswith(REPLACED_SUFFIX):
                self.client.http.request(
                    "PUT", f"{path}/{replaced['id']}", body={"sku": wanted["sku"] + REPLACED_SUFFIX}
                )
            carried = {name: replaced.get(name) for name in COPIED_FIELDS}
            body = {name: value for name, value in carried.items() if value not in (None, "")} | body
        match self.client.http.request("POST", path, body=body).json():
            case {"data": {"id": int(number)}}:
                return number
        raise TryAgainLater("The store did not say which variant it made.")

    def _delete_variants(self, operation: Operation, product: Row, wanted: set[str]) -> None:
        """Variants that we sent before and that are no more. Those that the store made itself stay."""
        before = {each["sku"] for each in (operation.previous or {}).get("variants", ())}
        for row in product["variants"]:
            if row["sku"] in before - wanted and row["option_values"]:
                self.client.http.request("DELETE", f"{PRODUCTS}/{product['id']}/variants/{row['id']}")

    def _new_variant(self, wanted: Row) -> Row:
        values = [{"option_display_name": each["name"], "label": each["value"]} for each in wanted["options"]]
        return {"sku": wanted["sku"], "option_values": values, **self._managed(wanted)}

    def _managed(self, wanted: Row) -> Row:
        return {name: wanted[name] for name in MANAGED_FIELDS if name != "weight"} | {
            "weight": self._weight(wanted["weight_in_grams"])
        }

    def _difference(self, wanted: Row, held: Row) -> Row:
        """Zero and null are the same to a store, where a sale price or a code is missing."""
        return {name: value for name, value in self._managed(wanted).items() if (value or 0) != (held.get(name) or 0)}

    def _weight(self, grams: float | None) -> float | None:
        return (
            None
            if grams is None
            else float((Decimal(str(grams)) / self.client.grams_per_unit).quantize(Decimal("0.0001")))
        )


def _options(row: Row) -> set[tuple[str, str]]:
    return {(each["option_display_name"], each["label"]) for each in row["option_values"]}


def _wanted_options(variant: Row) -> set[tuple[str, str]]:
    return {(each["name"], each["value"]) for each in variant["options"]}


def refusal_error(refused: Refused) -> SkipRecord:
    """What the store says of a refused item, in its own words."""
    body = refused.body if isinstance(refused.body, dict) else {}
    errors = body.get("batch_errors") or [body]
    details = "; ".join(filter(None, map(error_text, errors)))
    return SkipRecord(
        f"The store refuses it: {details or refused.response.text(200)}",
        code=refused.code,
        fix="Correct the item; it is sent again as soon as it changes.",
    )


def removal_outcome(operation: Operation) -> Outcome:
    """What was made by a call whose answer was lost, and is not wanted any more, cannot be named to the store."""
    if operation.external_id:
        return Outcome(external_id=operation.external_id)
    return Outcome(
        error=SkipRecord(
            "It may have been made in the store by a call that was never answered.",
            code="unknown_id",
            fix="Look for it in BigCommerce, and delete it there.",
        )
    )


def _recreated_warning(sku: str) -> Problem:
    """What the store does not let us carry over is told (B9)."""
    return Problem(
        "variant_made_anew",
        f"The options of the variant {sku} changed, so BigCommerce has another variant for it now. Stock, costs, "
        "measures, codes and image were taken over; its metafields, its prices in price lists that are not sent from "
        "here and its stock at further locations were not.",
        f"Enter those for {sku} in BigCommerce again, if there were any; then resolve this.",
    )


def _belongs_to_other_product(number: int | None) -> SkipRecord:
    return SkipRecord(
        f"Its SKU stands on product {number} of the store, which is another product here.",
        code="ambiguous_match",
        fix="Let all SKUs of a product belong to one product on both sides.",
    )


def ambiguous_match(what: str, message: str) -> SkipRecord:
    """A match is never guessed (B5)."""
    fix = f"Let every {what} have a name of its own beside the others, here and in BigCommerce; then retry."
    return SkipRecord(message, code="ambiguous_match", fix=fix)


def error_text(error: Any) -> str:
    if not isinstance(error, dict):
        return ""
    fields = error.get("errors") or error.get("field_errors")
    reported = [f"{name}: {text}" for name, text in fields.items()] if isinstance(fields, dict) else []
    return ", ".join(filter(None, [str(error.get("title") or ""), *reported]))
