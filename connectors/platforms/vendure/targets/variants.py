"""Variants of products, matched within their product by SKU, or by the one that was sent last."""

from collections.abc import Sequence
from decimal import Decimal

from connectors.platforms.vendure.client import TargetClient, raise_malformed_response
from connectors.platforms.vendure.targets.option_groups import OptionGroups
from connectors.sdk.errors import SkipRecord
from connectors.sdk.graphql import Data
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.variant_matching import match_variants
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
        outcome.links = {(Kind.VARIANT, number): found for number, found in ids.items()}
        return outcome

    def _write(self, operation: Operation[Data], product: Data) -> dict[int, str]:
        """Our ID → the shop's ID of each variant. Variants that we sent before and no longer have are deleted first,
        because two variants of a product cannot have the same options."""
        wanted = operation.content["variants"]
        existing = {str(row["sku"]): str(row["id"]) for row in product["variants"]}
        known = match_variants(wanted, operation.previous, existing)
        sent_before = {each["sku"] for each in (operation.previous or {}).get("variants", ())}
        gone = [existing[sku] for sku in sorted(sent_before & existing.keys()) if existing[sku] not in known.values()]
        if gone:
            for error in self.client.delete(_DELETE, "deleteProductVariants", gone).values():
                raise error
        options = self.groups.option_ids(product, wanted)
        bodies = {each["id"]: self._body(each, options) for each in wanted}
        if changed := [{"id": known[number], **body} for number, body in bodies.items() if number in known]:
            self.client.query(_UPDATE, input=changed)
        if new := [{"productId": product["id"], **body} for number, body in bodies.items() if number not in known]:
            match self.client.query(_CREATE, input=new).get("createProductVariants"):
                case list(rows) if all(isinstance(row, dict) and row.get("id") for row in rows):
                    created = {str(row["sku"]): str(row["id"]) for row in rows}
                    known |= {each["id"]: created[each["sku"]] for each in wanted if each["sku"] in created}
                case _:
                    raise_malformed_response("createProductVariants")
        return known

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
