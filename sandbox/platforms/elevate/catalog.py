"""Validation of the catalog format of Elevate's Admin API v4.

Documented by the vendor: product groups contain products, products contain variants; markets and locales are configured
in advance; `defaults` and `overrides` (`"market|locale"`, `*` for all); listPrice is mandatory on a variant; the format
of `errorDetails`. Assumed: url and title (product), sellingPrice and stock (variant) are mandatory as well; `null` in
an edit removes the property; a key can occur only once per import.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

KEY_LENGTH = 50
VALUE_LENGTH = 2_000_000
EXAMPLES = 10
MANDATORY = {"product": ("url", "title"), "variant": ("listPrice", "sellingPrice", "stock")}
NUMBERS = ("listPrice", "sellingPrice", "cost", "stock")
ENTITIES = {"product group": "productGroups", "product": "products", "variant": "variants"}


@dataclass
class CatalogErrors:
    """All errors of an import, in the format of the vendor's `errorDetails`."""

    keys: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    messages: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, entity: str, key: str, message: str) -> None:
        self.keys[entity][key] = None
        self.messages[f"{entity}: {message}"][key] = None

    def __bool__(self) -> bool:
        return bool(self.messages)

    def texts(self) -> list[str]:
        """Return one line per invalid entity with its key in quotation marks, as v3 reports them."""
        split = (message.partition(": ") for message in self.messages)
        return [
            f"{entity} '{key}': {what}"
            for (entity, colon, what), keys in zip(split, self.messages.values(), strict=True)
            for key in keys
            if not what.startswith("Inner error")
        ]

    def details(self) -> dict[str, Any]:
        found = {name: list(self.keys[entity]) for entity, name in ENTITIES.items() if entity in self.keys}
        return {
            "count": sum(map(len, found.values())),
            **{name: {"count": len(keys), "keys": keys} for name, keys in found.items()},
            "dataErrors": {
                message: {"count": len(keys), "exampleKeys": list(keys)[:EXAMPLES]}
                for message, keys in self.messages.items()
            },
        }


class Format:
    """Validates product groups against the configured markets and their locales."""

    def __init__(self, markets: dict[str, list[str]]) -> None:
        self.markets = markets
        self.locales = {locale for locales in markets.values() for locale in locales}

    def check_group(self, key: str, group: Any, problems: CatalogErrors) -> bool:
        """Add the errors of a product group and its contents to `problems`. Returns True if there are none."""
        is_valid = len(key) <= KEY_LENGTH
        if not is_valid:
            problems.add("product group", key, f"The key is longer than {KEY_LENGTH} characters")
        products = group.get("products") if isinstance(group, dict) else None
        if not isinstance(products, dict) or not products:
            problems.add("product group", key, "At least one product is required in 'products'")
            return False
        inner = [self._check_product(name, product, problems) for name, product in products.items()]
        if not all(inner):
            message = "Inner error for product group. See other errors for details."
            problems.add("product group", key, message)
            return False
        return is_valid

    def _check_product(self, key: str, product: Any, problems: CatalogErrors) -> bool:
        if not isinstance(product, dict):
            problems.add("product", key, "A product must be an object")
            return False
        messages = []
        markets = product.get("markets")
        if not isinstance(markets, list) or not markets:
            messages.append("Missing mandatory property 'markets'")
        else:
            unknown = [market for market in markets if market not in self.markets]
            messages += [f"'{market}' in 'markets' have not been configured." for market in unknown]
        messages += self._check_values("product", product)
        variants = product.get("variants")
        if not isinstance(variants, dict) or not variants:
            messages.append("At least one variant is required in 'variants'")
            variants = {}
        for message in messages:
            problems.add("product", key, message)
        inner = [self._check_variant(name, variant, problems) for name, variant in variants.items()]
        return not messages and all(inner)

    def _check_variant(self, key: str, variant: Any, problems: CatalogErrors) -> bool:
        if not isinstance(variant, dict):
            problems.add("variant", key, "A variant must be an object")
            return False
        messages = self._check_values("variant", variant)
        for message in messages:
            problems.add("variant", key, message)
        return not messages

    def _check_values(self, entity: str, owner: dict[str, Any]) -> list[str]:
        defaults = owner.get("defaults", {})
        overrides = owner.get("overrides", {})
        if not isinstance(defaults, dict) or not isinstance(overrides, dict):
            return ["'defaults' and 'overrides' must be objects"]
        messages = []
        for context, values in overrides.items():
            market, _, locale = context.partition("|")
            if market != "*" and market not in self.markets:
                messages.append(f"'{market}' in 'overrides' have not been configured.")
            if locale not in ("", "*") and locale not in self.locales:
                messages.append(f"'{locale}' in 'overrides' have not been configured.")
            if not isinstance(values, dict):
                messages.append(f"'{context}' in 'overrides' must be an object")
        levels = [defaults, *(values for values in overrides.values() if isinstance(values, dict))]
        if (locale := defaults.get("dataLocale")) is not None and locale not in self.locales:
            messages.append(f"'{locale}' in 'dataLocale' have not been configured.")
        for name in MANDATORY[entity]:
            if all(level.get(name) in (None, "") for level in levels):
                messages.append(f"Missing mandatory property '{name}'")
        for level in levels:
            messages += _check_level(level)
        return messages


def _check_level(level: dict[str, Any]) -> list[str]:
    messages = []
    for name, value in level.items():
        if name in NUMBERS and value is not None and not _is_amount(value):
            messages.append(f"'{name}' must be a non-negative number")
        if isinstance(value, str) and len(value) > VALUE_LENGTH:
            messages.append(f"'{name}' is longer than {VALUE_LENGTH} characters")
        if name in ("title", "url") and value is not None and not isinstance(value, str):
            messages.append(f"'{name}' must be a string")
    return messages


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def merge(stored: Any, edit: Any) -> Any:
    """Return an entity after an edit: objects are merged, `null` removes, anything else replaces."""
    if not isinstance(stored, dict) or not isinstance(edit, dict):
        return edit
    merged = {name: value for name, value in stored.items() if edit.get(name, value) is not None}
    return merged | {name: merge(stored.get(name), value) for name, value in edit.items() if value is not None}
