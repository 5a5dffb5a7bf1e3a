"""The options of products: a group for each name, with the values that its variants have."""

import re
from collections.abc import Iterable

from connectors.platforms.vendure.client import TargetClient, id_of, raise_malformed_response
from connectors.sdk.graphql import Data

_CREATE = """
mutation CreateGroup($input: CreateProductOptionGroupInput!) {
  createProductOptionGroup(input: $input) { id name options { id name } }
}
"""
_ATTACH = """
mutation AttachGroup($product: ID!, $group: ID!) {
  addOptionGroupToProduct(productId: $product, optionGroupId: $group) { id }
}
"""
_ADD = "mutation AddOption($input: CreateProductOptionInput!) { createProductOption(input: $input) { id name } }"


class OptionGroups:
    """Creates missing groups and options of one product at a time."""

    def __init__(self, client: TargetClient) -> None:
        self.client = client

    def option_ids(self, product: Data, variants: Iterable[Data]) -> dict[tuple[str, str], str]:
        """(name, value) → the ID of the option, for all options of the variants."""
        wanted: dict[str, list[str]] = {}
        for variant in variants:
            for option in variant["options"]:
                values = wanted.setdefault(option["name"], [])
                if option["value"] not in values:
                    values.append(option["value"])
        groups = {group["name"]: group for group in product["optionGroups"]}
        found: dict[tuple[str, str], str] = {}
        for name, values in wanted.items():
            group = groups.get(name) or self._create(product, name, values)
            known = {option["name"]: str(option["id"]) for option in group["options"]}
            for value in values:
                found[name, value] = known.get(value) or self._add(group, value)
        return found

    def _create(self, product: Data, name: str, values: list[str]) -> Data:
        """A group that is not attached, because the call was interrupted, belongs to no product and does no harm."""
        group = self.client.query(
            _CREATE,
            input={
                "code": f"{product['slug']}-{_code(name)}",
                "translations": self._named(name),
                "options": [{"code": _code(value), "translations": self._named(value)} for value in values],
            },
        ).get("createProductOptionGroup")
        if not isinstance(group, dict) or id_of(group) is None:
            raise_malformed_response("createProductOptionGroup")
        self.client.query(_ATTACH, product=product["id"], group=group["id"])
        return group

    def _add(self, group: Data, value: str) -> str:
        body = {"productOptionGroupId": group["id"], "code": _code(value), "translations": self._named(value)}
        found = id_of(self.client.query(_ADD, input=body).get("createProductOption"))
        if found is None:
            raise_malformed_response("createProductOption")
        return found

    def _named(self, name: str) -> list[Data]:
        return [
            {"languageCode": self.client.settings.language or self.client.channel.defaultLanguageCode, "name": name}
        ]


def _code(text: str) -> str:
    """A code of letters and digits; the text itself if it has none, such as one in another script."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or text
