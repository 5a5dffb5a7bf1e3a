"""Writes products with their variants so that every step may be repeated: by SKU, variants before their product."""

from collections.abc import Mapping, Sequence

from connectors.contract import Action, Operation, Outcome
from connectors.errors import SkipRecord, TryAgainLater
from connectors.platforms.magento.attributes import Attribute, Attributes
from connectors.platforms.magento.client import MagentoClient, is_product
from connectors.platforms.magento.product_saver import Body, ProductSaver, Results
from connectors.platforms.magento.stock_and_prices import removal_without_id_error
from connectors.platforms.magento.weights import grams_per_unit
from hub.kinds import Kind

NOT_VISIBLE, VISIBLE = 1, 4
DISABLED = 2


class ProductWriter:
    def __init__(self, client: MagentoClient) -> None:
        self.client = client
        self.attributes = Attributes(client)

    def send(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Variants and products without any first, all together; then the products that hold variants."""
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        first = self._standalone_bodies(operations, outcomes)
        earlier = [each.queued_at for each in operations if each.queued_at]
        saver = ProductSaver(self.client, queued_at=min(earlier, default=None))
        self._save_and_record(saver, first, outcomes)
        existing = self._saved_products(operations, outcomes)
        second = {
            index: {each.payload["sku"]: self._configurable_product(each.payload, existing)}
            for index, each in enumerate(operations)
            if each.payload and each.payload["options"] and _all_listed(outcomes[index], _skus(each.payload), existing)
        }
        if second:
            self._save_and_record(saver, second, outcomes)
            existing = self._saved_products(operations, outcomes)
        for index, each in enumerate(operations):
            if each.payload and _all_listed(outcomes[index], [each.payload["sku"], *_skus(each.payload)], existing):
                _set_links(outcomes[index], each.payload, existing)
        return outcomes

    def _standalone_bodies(
        self, operations: Sequence[Operation], outcomes: list[Outcome]
    ) -> dict[int, dict[str, Body]]:
        """Place → SKU → what is saved before everything else. What cannot be expressed there gets its error."""
        gone = [each.external_id for each in operations if each.action is Action.REMOVE and each.external_id]
        products_to_remove = {
            str(r["id"]): r for r in self.client.fetch_by_values("/products", "entity_id", gone) if is_product(r)
        }
        known = self.client.products_by_sku(
            sku for each in operations if each.payload for sku in (each.payload["sku"], *_skus(each.payload))
        )
        found: dict[int, dict[str, Body]] = {}
        for index, each in enumerate(operations):
            try:
                if each.action is not Action.REMOVE:
                    found[index] = {
                        e["sku"]: self._simple_product(each.payload, e, known) for e in each.payload["variants"]
                    }
                elif not each.external_id:
                    raise removal_without_id_error()
                elif (row := products_to_remove.get(each.external_id)) and row.get("status") != DISABLED:
                    found[index] = {row["sku"]: {"sku": row["sku"], "status": DISABLED}}
            except SkipRecord as problem:
                outcomes[index].error = problem
        return found

    @staticmethod
    def _save_and_record(
        saver: ProductSaver, bodies: Mapping[int, Mapping[str, Body]], outcomes: list[Outcome]
    ) -> None:
        results: Results = saver.save({sku: body for each in bodies.values() for sku, body in each.items()})
        for index, each in bodies.items():
            outcomes[index].error = next((error for sku in each if (error := results[sku.lower()])), None)

    def _saved_products(self, operations: Sequence[Operation], outcomes: Sequence[Outcome]) -> dict[str, Body]:
        saved = [e.payload for e, outcome in zip(operations, outcomes, strict=True) if e.payload and not outcome.error]
        return self.client.products_by_sku(sku for each in saved for sku in (each["sku"], *_skus(each)))

    # Bodies

    def _simple_product(self, product: Body, variant: Body, known: Mapping[str, Body]) -> Body:
        """A simple product: a variant, which a shop shows only through its product, or a product without any."""
        chosen = {self._attribute(name).code: self._value(name, label) for name, label in variant["options"].items()}
        body = self._shared_body(product, known.get(variant["sku"].lower())) | {
            "sku": variant["sku"],
            "name": variant["name"],
            "type_id": "simple",
            "price": variant["price"],
            "status": max(product["status"], variant["status"]),
            "visibility": NOT_VISIBLE if product["options"] else VISIBLE,
        }
        body["custom_attributes"] += [{"attribute_code": code, "value": value} for code, value in chosen.items()]
        if (grams := variant["weight_in_grams"]) is not None:
            body["weight"] = round(grams / float(grams_per_unit(self.client.config["weight_unit"])), 4)
        return body

    def _configurable_product(self, product: Body, existing: Mapping[str, Body]) -> Body:
        """A configurable product, with the numbers of its variants."""
        body = self._shared_body(product, existing.get(product["sku"].lower())) | {
            "sku": product["sku"],
            "name": product["name"],
            "type_id": "configurable",
            "status": product["status"],
            "visibility": VISIBLE,
        }
        body["extension_attributes"] |= {
            "configurable_product_options": [
                self._option(product, name, index) for index, name in enumerate(product["options"])
            ],
            "configurable_product_links": [existing[sku.lower()]["id"] for sku in _skus(product)],
        }
        return body

    def _shared_body(self, product: Body, known: Body | None) -> Body:
        custom = [{"attribute_code": "description", "value": product["description"]}]
        brand = self.attributes[self.client.field_map.brand]
        if brand and (value := _value_of(brand, product["brand"])):
            custom.append({"attribute_code": brand.code, "value": value})
        links = [{"position": 0, "category_id": each} for each in product["categories"]]
        body: Body = {"custom_attributes": custom, "extension_attributes": {"category_links": links} if links else {}}
        return body if known else body | {"attribute_set_id": self.client.settings.attribute_set_id}

    def _option(self, product: Body, name: str, position: int) -> Body:
        attribute = self._attribute(name)
        values = dict.fromkeys(self._value(name, each["options"][name]) for each in product["variants"])
        return {
            "attribute_id": self.attributes.attribute_id(attribute.code),
            "label": attribute.label,
            "position": position,
            "values": [{"value_index": int(value)} for value in values],
        }

    def _attribute(self, name: str) -> Attribute:
        code = self.client.field_map.options.get(name)
        found = self.attributes[code] if code else self.attributes.find_by_label(name)
        if found is None or not found.options:
            raise SkipRecord(
                f"The shop has no attribute with options for {name!r}.",
                code="option_unknown",
                fix="Add the attribute in Magento, or name its code in the connection's field map.",
            )
        return found

    def _value(self, name: str, label: str) -> str:
        attribute = self._attribute(name)
        if value := _value_of(attribute, label):
            return value
        raise SkipRecord(
            f"The shop's attribute {attribute.label!r} has no option {label!r}.",
            code="option_unknown",
            fix="Add the option to the attribute in Magento, then retry.",
        )


def _value_of(attribute: Attribute, label: str) -> str:
    return next((value for value, known in attribute.options.items() if known.lower() == label.lower()), "")


def _skus(payload: Body) -> list[str]:
    return [each["sku"] for each in payload["variants"]]


def _all_listed(outcome: Outcome, skus: Sequence[str], existing: Mapping[str, Body]) -> bool:
    """Whether all went well so far, and the shop shows what it saved; it may take a moment to."""
    missing = [sku for sku in skus if sku.lower() not in existing]
    if missing and outcome.error is None:
        outcome.error = TryAgainLater(f"Magento does not list {', '.join(missing)} yet.")
    return outcome.error is None


def _set_links(outcome: Outcome, payload: Body, existing: Mapping[str, Body]) -> None:
    """The numbers that the shop gave."""
    outcome.external_id = str(existing[payload["sku"].lower()]["id"])
    for each in payload["variants"]:
        outcome.links[Kind.VARIANT, each["id"]] = str(existing[each["sku"].lower()]["id"])
