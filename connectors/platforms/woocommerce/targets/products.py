"""Products with their variations. Every step is safe to repeat: nothing that exists is created again.

A product is found by its link, else by a SKU of its variants. A variable product has no SKU of ours, so it gets one
made of our ID: if its creation was not answered, it is found by that.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.woocommerce.client import PRODUCTS, Row, TargetClient, row_ids
from connectors.platforms.woocommerce.listings import ProductListing
from connectors.platforms.woocommerce.paging import BY_ID
from connectors.platforms.woocommerce.targets.batches import find_by_sku, is_gone, save
from connectors.platforms.woocommerce.targets.images import image_list
from connectors.platforms.woocommerce.targets.payloads import amount_text, product_payload
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.streams import ComparisonDepth, Target
from connectors.sdk.variant_matching import match_variants
from hub.kinds import DataType, Kind

WEIGHT_PLACES = Decimal("0.0001")


class ProductTarget(Target[TargetClient, ProductItem, Row], ProductListing[TargetClient]):
    data_type = DataType.PRODUCTS
    # One lane for all: changes of a product, its prices and its stock would overwrite each other.
    lane = "catalog"
    batch_size = 20
    comparable = ComparisonDepth.PRESENCE

    def payload(self, item: ProductItem, refs: References) -> Row | None:
        return product_payload(item, refs, self.client.settings.price_list)

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        self._remove([(each, outcomes[place]) for place, each in enumerate(operations) if _is_removal(each)])
        written = {place: each for place, each in enumerate(operations) if not _is_removal(each)}
        found = self._find(list(written.values())) if written else {}
        new = [place for place, each in written.items() if each.item_id not in found]
        known = [place for place in written if place not in new]
        created = save(self.client, PRODUCTS, "create", [self._new(written[place]) for place in new])
        bodies = [self._changed(written[place], found[written[place].item_id]) for place in known]
        changed = save(self.client, PRODUCTS, "update", bodies)
        for place, result in zip([*new, *known], [*created, *changed], strict=True):
            outcome = outcomes[place]
            if isinstance(result, SkipRecord):
                outcome.error = result
                continue
            outcome.external_id = str(result["id"])
            variants = written[place].content["variants"]
            if written[place].content["product"]["type"] == "simple":
                outcome.links = {(Kind.VARIANT, variants[0]["id"]): outcome.external_id}
            else:
                self._save_variations(written[place], result, outcome)
        return outcomes

    # Products

    def _find(self, operations: Sequence[Operation[Row]]) -> dict[int, Row]:
        """Our ID → the shop's product. Two of ours never get the same one."""
        linked = [each.external_id for each in operations if each.external_id]
        rows = {row["id"]: row for row in self.client.existing(PRODUCTS, linked, status="any")} if linked else {}
        found: dict[int, Row] = {}
        for each in operations:
            if each.external_id.isdecimal() and int(each.external_id) in rows:
                found[each.item_id] = rows[int(each.external_id)]
        rest = [each for each in operations if each.item_id not in found]
        by_sku = find_by_sku(self.client, [sku for each in rest for sku in _skus(each)])
        owners = {each.item_id: _owner(by_sku, each) for each in rest}
        parents = {str(number) for number in owners.values() if number}
        rows |= {row["id"]: row for row in self.client.existing(PRODUCTS, parents, status="any")} if parents else {}
        taken = {row["id"] for row in found.values()}
        for item_id, number in owners.items():
            if number in rows and number not in taken:
                found[item_id] = rows[number]
                taken.add(number)
        return found

    def _new(self, operation: Operation[Row]) -> Row:
        content = operation.content
        body: Row = content["product"] | {"images": [{"src": url} for url in content["images"]]}
        if body["type"] == "variable":
            return body | {"sku": _parent_sku(operation.item_id)}
        return body | self._values(content["variants"][0], alone=True)

    def _changed(self, operation: Operation[Row], row: Row) -> Row:
        """Images are left out unless they changed, and those that the shop has are kept by their IDs: an address is
        downloaded each time."""
        content = operation.content
        body: Row = content["product"] | {"id": row["id"]}
        if operation.previous is None or operation.previous["images"] != content["images"]:
            body["images"] = image_list(content["images"], row.get("images") or [])
        if body["type"] == "simple":
            body |= self._values(content["variants"][0], alone=True)
        return body

    def _values(self, variant: Row, *, alone: bool) -> Row:
        """The fields of a variation, or those of a product without variations."""
        left_out = ("id", "weight_in_grams", *(("status", "attributes") if alone else ()))
        found = {name: value for name, value in variant.items() if name not in left_out}
        if variant["weight_in_grams"] is not None:
            weight = Decimal(variant["weight_in_grams"]) / self.client.grams_per_unit
            found["weight"] = amount_text(weight.quantize(WEIGHT_PLACES))
        return found

    # Variations

    def _save_variations(self, operation: Operation[Row], product: Row, outcome: Outcome) -> None:
        path = f"{PRODUCTS}/{product['id']}/variations"
        rows = self.client.fetch_all(path, **BY_ID, status="any")
        existing = {str(row.get("sku")): row for row in rows if row_ids([row])}
        variants = operation.content["variants"]
        numbers = {pk: row["id"] for pk, row in match_variants(variants, operation.previous, existing).items()}
        new = [each for each in variants if each["id"] not in numbers]
        known = [each for each in variants if each["id"] in numbers]
        bodies = [self._values(each, alone=False) | {"id": numbers[each["id"]]} for each in known]
        results = save(self.client, path, "create", [self._values(each, alone=False) for each in new])
        results += save(self.client, path, "update", bodies)
        for variant, result in zip([*new, *known], results, strict=True):
            if isinstance(result, SkipRecord):
                reason = f"{variant['sku']}: {result.problem.values.get('reason', '')}"
                outcome.error = outcome.error or SkipRecord(issues.PARTLY_SAVED(reason=reason))
            else:
                outcome.links[Kind.VARIANT, variant["id"]] = str(result["id"])
        sent_before = {each["sku"] for each in (operation.previous or operation.content)["variants"]}
        sent = [existing[sku]["id"] for sku in sorted(sent_before & existing.keys())]
        save(self.client, path, "delete", [number for number in sent if number not in numbers.values()])

    # Removal

    def _remove(self, removed: Sequence[tuple[Operation[Row], Outcome]]) -> None:
        unknown = [operation for operation, outcome in removed if not outcome.external_id]
        by_sku = find_by_sku(self.client, [_parent_sku(each.item_id) for each in unknown]) if unknown else {}
        targets = []
        for operation, outcome in removed:
            if not outcome.external_id:
                row = by_sku.get(_parent_sku(operation.item_id))
                outcome.external_id = str(row["id"]) if row else ""
            if not outcome.external_id:
                # A product without variations has only the SKU of its variant, which is no longer known.
                outcome.error = SkipRecord(issues.OUTCOME_UNKNOWN())
            elif outcome.external_id.isdecimal():
                targets.append((int(outcome.external_id), outcome))
        numbers = [number for number, _ in targets]
        if self.client.settings.on_removal == "delete":
            results = save(self.client, PRODUCTS, "delete", numbers)
        else:
            results = save(self.client, PRODUCTS, "update", [{"id": number, "status": "draft"} for number in numbers])
        for (_, outcome), result in zip(targets, results, strict=True):
            if isinstance(result, SkipRecord) and not is_gone(result):
                outcome.error = result


def _is_removal(operation: Operation[Any]) -> bool:
    return operation.action is Action.REMOVE


def _parent_sku(item_id: int) -> str:
    return f"synccenter-{item_id}"


def _skus(operation: Operation[Row]) -> list[str]:
    own = [each["sku"] for each in operation.content["variants"]]
    return own if operation.content["product"]["type"] == "simple" else [_parent_sku(operation.item_id), *own]


def _owner(by_sku: dict[str, Row], operation: Operation[Row]) -> int | None:
    """The product that has one of the SKUs itself, or in one of its variations."""
    rows = (by_sku[sku] for sku in _skus(operation) if sku in by_sku)
    numbers = ((row.get("parent_id") if row.get("type") == "variation" else 0) or row["id"] for row in rows)
    return next(numbers, None)
