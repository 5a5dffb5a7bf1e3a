"""Builds request bodies for products, with the shop's IDs of attributes and options."""

from collections.abc import Mapping
from typing import Any

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.attributes import Attribute
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.product_rows import BUNDLE, NOT_VISIBLE, VISIBLE
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.products.bundle_options import (
    bundle_options,
    comparable_choice,
    stored_choices,
)
from connectors.platforms.magento.targets.products.payloads import Payload, skus, url_key
from connectors.platforms.magento.values import mapped_value
from connectors.platforms.magento.weights import grams_per_unit
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord

Body = dict[str, Any]
URL_KEY = "url_key"


class BodyBuilder:
    """`known`: `sku_key` → the shop's product. SkipRecord for options that the shop does not have."""

    def __init__(self, client: TargetClient, known: Mapping[str, Row]) -> None:
        self.client = client
        self.known = known

    def simple(self, product: Payload, variant: Payload) -> Body:
        """A simple product: a variant, which is only visible through its product, or a product without variants."""
        chosen = {self._attribute(name).code: self._value(name, label) for name, label in variant["options"].items()}
        key = url_key(f"{product['url_key']}-{variant['sku']}") if product["options"] else product["url_key"]
        body = self._shared(product, variant["sku"], key) | {
            "sku": variant["sku"],
            "name": variant["name"],
            "price": variant["price"],
            "status": max(product["status"], variant["status"]),
            "visibility": NOT_VISIBLE if product["options"] else VISIBLE,
        }
        body["custom_attributes"] += [{"attribute_code": code, "value": value} for code, value in chosen.items()]
        if sku_key(variant["sku"]) not in self.known:
            # A downloadable product needs files, which the hub does not have.
            body["type_id"] = "virtual" if product.get("digital") else "simple"
        if (grams := variant["weight_in_grams"]) is not None and not product.get("digital"):
            body["weight"] = round(grams / float(grams_per_unit(self.client.config["weight_unit"])), 4)
        return body

    def configurable(self, product: Payload) -> Body:
        """A configurable product with the IDs of its variants, all of which must be known."""
        body = self._shared(product, product["sku"], product["url_key"]) | {
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
            "configurable_product_links": [self.known[sku_key(sku)]["id"] for sku in skus(product)],
        }
        return body

    def bundle(self, product: Payload) -> Body:
        """A bundle with our price, whose parts are all known. The choices of one that exists are kept if they are the
        same, since the customers' carts refer to them."""
        (variant,) = product["variants"]
        body = self._shared(product, product["sku"], product["url_key"]) | {
            "sku": product["sku"],
            "name": product["name"],
            "status": max(product["status"], variant["status"]),
            "visibility": VISIBLE,
        }
        known = self.known.get(sku_key(product["sku"]))
        choices = bundle_options(product["parts"])
        if known is None:
            body |= {"type_id": BUNDLE, "price": variant["price"]}
            kinds = {"price_type": 1, "sku_type": 1, "weight_type": 0, "price_view": 0, "shipment_type": 0}
            body["custom_attributes"] += [{"attribute_code": c, "value": str(v)} for c, v in kinds.items()]
        elif mapped_value(known, "custom_attributes.price_type") == "1":
            body["price"] = variant["price"]
        if known is None or stored_choices(known) != [comparable_choice(each) for each in choices]:
            body["extension_attributes"]["bundle_product_options"] = choices
        return body

    def _shared(self, product: Payload, sku: str, key: str) -> Body:
        """A new product needs an attribute set. It also gets a URL key: the shop makes one of the name, and rejects a
        product whose name another one has."""
        custom = [{"attribute_code": "description", "value": product["description"]}]
        brand = self.client.attributes[self.client.field_map.brand]
        if brand and (value := brand.value_of(product["brand"])):
            custom.append({"attribute_code": brand.code, "value": value})
        links = [{"position": 0, "category_id": each} for each in product["categories"]]
        body: Body = {"custom_attributes": custom, "extension_attributes": {"category_links": links} if links else {}}
        websites = self.client.websites
        if row := self.known.get(sku_key(sku)):
            if websites.limited:
                assigned = product_rows.website_ids(row, default=[websites.own])
                if websites.own not in assigned:
                    body["extension_attributes"]["website_ids"] = [*assigned, websites.own]
            return body
        if websites.limited:
            body["extension_attributes"]["website_ids"] = [websites.own]
        custom.append({"attribute_code": URL_KEY, "value": key})
        return body | {"attribute_set_id": self.client.settings.attribute_set_id}

    def _option(self, product: Payload, name: str, position: int) -> Body:
        attribute = self._attribute(name)
        values = dict.fromkeys(self._value(name, each["options"][name]) for each in product["variants"])
        return {
            "attribute_id": attribute.id,
            "label": attribute.label,
            "position": position,
            "values": [{"value_index": int(value)} for value in values],
        }

    def _attribute(self, name: str) -> Attribute:
        code = self.client.field_map.options.get(name)
        found = self.client.attributes[code] if code else self.client.attributes.find_by_label(name)
        if found is None or not found.options:
            raise SkipRecord(issues.ATTRIBUTE_UNKNOWN(attribute=name))
        return found

    def _value(self, name: str, label: str) -> str:
        attribute = self._attribute(name)
        if value := attribute.value_of(label):
            return value
        raise SkipRecord(issues.OPTION_UNKNOWN(attribute=attribute.label, option=label))
