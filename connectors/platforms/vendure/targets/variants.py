"""Variants of products, matched by SKU within their product."""

from collections.abc import Sequence
from decimal import Decimal

from connectors.platforms.vendure.client import TargetClient, raise_malformed_response
from connectors.platforms.vendure.targets.option_groups import OptionGroups
from connectors.sdk.errors import SkipRecord
from connectors.sdk.graphql import Data
from connectors.sdk.operations import Operation, Outcome
from hub.kinds import Kind

_CREATE = """
mutation CreateVariants($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id sku } }
"""
_UPDATE = """
mutation UpdateVariants($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id sku } }
"""
_DELETE = "mutation DeleteVariants($ids: [ID!]!) { deleteProductVariants(ids: $ids) { result message } }"


class VariantWriter:
    def __init__(self, client: TargetClient, groups: OptionGroups) -> None:
        self.client = client
        self.groups = groups

    def sync(self, products: Sequence[tuple[Operation[Data], Data]]) -> dict[int, Outcome]:
        """Item → outcome, with the IDs of its variants. `products`: each with the shop's product."""
        return {operation.item_id: self._outcome(operation, product) for operation, product in products}

    def _outcome(self, operation: Operation[Data], product: Data) -> Outcome:
        outcome = Outcome(external_id=str(product["id"]))
        try:
            ids = self._write(operation, product)
        except SkipRecord as error:
            outcome.error = error
            return outcome
        wanted = operation.content["variants"]
        outcome.links = {(Kind.VARIANT, each["id"]): ids[each["sku"]] for each in wanted if each["sku"] in ids}
        return outcome

    def _write(self, operation: Operation[Data], product: Data) -> dict[str, str]:
        """SKU → ID of the product's variants. Variants that we sent before and no longer have are deleted first,
        because two variants of a product cannot have the same options."""
        wanted = operation.content["variants"]
        existing = {str(row["sku"]): str(row["id"]) for row in product["variants"]}
        sent_before = {each["sku"] for each in (operation.previous or {}).get("variants", ())}
        gone = [existing.pop(sku) for sku in sent_before - {each["sku"] for each in wanted} if sku in existing]
        if gone:
            for error in self.client.delete(_DELETE, "deleteProductVariants", gone).values():
                raise error
        options = self.groups.option_ids(product, wanted)
        bodies = {each["sku"]: self._body(each, options) for each in wanted}
        if changed := [{"id": existing[sku], **body} for sku, body in bodies.items() if sku in existing]:
            self.client.query(_UPDATE, input=changed)
        if new := [{"productId": product["id"], **body} for sku, body in bodies.items() if sku not in existing]:
            match self.client.query(_CREATE, input=new).get("createProductVariants"):
                case list(rows) if all(isinstance(row, dict) and row.get("id") for row in rows):
                    existing |= {str(row["sku"]): str(row["id"]) for row in rows}
                case _:
                    raise_malformed_response("createProductVariants")
        return existing

    def _body(self, variant: Data, options: dict[tuple[str, str], str]) -> Data:
        language = self.client.settings.language or self.client.channel.defaultLanguageCode
        body: Data = {
            "sku": variant["sku"],
            "enabled": variant["enabled"],
            "translations": [{"languageCode": language, "name": variant["name"]}],
            "optionIds": [options[each["name"], each["value"]] for each in variant["options"]],
        }
        if "price" in variant:
            price = self.client.minor_units(Decimal(str(variant["price"])))
            body["prices"] = [{"currencyCode": variant["currency"], "price": price}]
        return body
