"""Variants of one product in a store, matched by SKU, or by the one that was sent last."""

from decimal import Decimal

from connectors.platforms.bigcommerce.client import PRODUCTS, VARIANTS, Row, TargetClient
from connectors.platforms.bigcommerce.error_messages import partial_error
from connectors.platforms.bigcommerce.targets.inventory import copy_stock
from connectors.platforms.bigcommerce.targets.options import ProductOptions
from connectors.platforms.bigcommerce.targets.product_payload import CODES
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.variant_matching import match_variants
from hub.kinds import Kind

VARIANTS_PER_REQUEST = 50
# Appended to the SKU of a variant that is being replaced by one with other option values, until the new one exists.
REPLACED_SUFFIX = "~replaced"
# Fields that a new variant copies from the one that it replaces, beside its stock (B9).
COPIED_FIELDS = (
    "inventory_warning_level", "bin_picking_number", "cost_price", "retail_price",
    "width", "height", "depth", "is_free_shipping", "fixed_cost_shipping_price", "image_url", "gtin",
    "purchasing_disabled_message", *CODES,
)  # fmt: skip
# Fields that are compared, so that unchanged variants are not written.
MANAGED_FIELDS = ("price", "sale_price", "weight", "purchasing_disabled", *CODES)
# The call for many variants does not have these.
SINGLE_FIELDS = ("sku", "mpn", "gtin", "image_url")


class VariantWriter:
    """Updates the variants of `product`, a row of the store with its variants, to match a payload."""

    def __init__(self, client: TargetClient, product: Row) -> None:
        self._client = client
        self._product = product
        self._path = f"{PRODUCTS}/{product['id']}/variants"
        self._options = ProductOptions(client, product["id"])

    def sync(self, operation: Operation[Row]) -> Outcome:
        outcome = Outcome(external_id=str(self._product["id"]))
        wanted = operation.content["variants"]
        existing = {each["sku"]: each for each in self._product["variants"]}
        if not wanted[0]["options"]:
            return self._link_only_variant(outcome, wanted[0])
        known = match_variants(wanted, operation.previous, existing)
        missing = [each for each in wanted if not _has_options(known.get(each["id"]), each)]
        self._options.create_missing(missing)
        changed: list[Row] = []
        replaced: dict[int, int] = {}
        for each in wanted:
            row, spare = known.get(each["id"]), existing.get(each["sku"] + REPLACED_SUFFIX)
            if row is not None and each not in missing:
                number = row["id"]
                if difference := self._difference(each, row, spare):
                    changed.append({"id": number, **difference})
            else:
                spare = row or spare
                number = self._create(each, outcome, replaced=spare)
            if spare is not None:
                replaced[spare["id"]] = number
                outcome.warnings.append(issues.VARIANT_RECREATED(sku=each["sku"]))
            outcome.links[Kind.VARIANT, each["id"]] = str(number)
        self._update(changed, outcome)
        # After a variant that was saved in part, the replaced ones are kept: the next attempt completes the new ones.
        if outcome.error is None:
            self._delete_replaced(replaced)
        kept = {each["sku"] for each in wanted} | {row["sku"] for row in known.values()}
        self._delete_gone(operation, kept)
        return outcome

    def _link_only_variant(self, outcome: Outcome, wanted: Row) -> Outcome:
        """A product without options has one variant, which is described by the product's own fields."""
        variants = self._product["variants"]
        if len(variants) != 1 or variants[0]["option_values"]:
            outcome.error = SkipRecord(issues.OPTIONS_DIFFER())
        else:
            outcome.links[Kind.VARIANT, wanted["id"]] = str(variants[0]["id"])
        return outcome

    def _create(self, wanted: Row, outcome: Outcome, *, replaced: Row | None) -> int:
        """Create a variant with new option values. The replaced variant's SKU is changed first, and it is deleted last,
        so that a variant with the fields that we do not send exists even if this is interrupted."""
        body = {
            "sku": wanted["sku"],
            "option_values": self._options.values(wanted),
            **managed_fields(self._client, wanted),
        }
        if replaced is not None:
            if not replaced["sku"].endswith(REPLACED_SUFFIX):
                renamed = {"sku": wanted["sku"] + REPLACED_SUFFIX}
                self._client.call("PUT", f"{self._path}/{replaced['id']}", body=renamed)
            body = _carried(replaced) | body
        response = self._client.call("POST", self._path, body=body)
        match response.json():
            case {"data": {"id": int(number)}}:
                outcome.error = partial_error(response) or outcome.error
                return number
        raise TryAgainLater("The store did not say which variant it created.")

    def _update(self, changed: list[Row], outcome: Outcome) -> None:
        batch = [each for each in changed if each.keys().isdisjoint(SINGLE_FIELDS)]
        for start in range(0, len(batch), VARIANTS_PER_REQUEST):
            self._client.call("PUT", VARIANTS, body=batch[start : start + VARIANTS_PER_REQUEST])
        for each in changed:
            if each not in batch:
                number = each.pop("id")
                response = self._client.call("PUT", f"{self._path}/{number}", body=each)
                outcome.error = partial_error(response) or outcome.error

    def _delete_replaced(self, replaced: dict[int, int]) -> None:
        """`replaced`: the ID of each replaced variant → that of the new one."""
        if replaced and self._product.get("inventory_tracking") == "variant":
            copy_stock(self._client, replaced)
        for number in replaced:
            self._client.call("DELETE", f"{self._path}/{number}")

    def _delete_gone(self, operation: Operation[Row], kept: set[str]) -> None:
        """Delete variants that we sent before and that no longer exist. Variants added in the store are kept."""
        before = {each["sku"] for each in (operation.previous or {}).get("variants", ())}
        for row in self._product["variants"]:
            if row["sku"] in before - kept and row["option_values"]:
                self._client.call("DELETE", f"{self._path}/{row['id']}")

    def _difference(self, wanted: Row, existing: Row, replaced: Row | None) -> Row:
        """The changed fields. The store treats zero and null alike for a missing sale price or code."""
        fields = (_carried(replaced) if replaced else {}) | managed_fields(self._client, wanted)
        fields["sku"] = wanted["sku"]
        return {name: value for name, value in fields.items() if (value or 0) != (existing.get(name) or 0)}


def new_variant(client: TargetClient, wanted: Row) -> Row:
    """A variant of a payload in the body that creates its product, the only one that takes option values by name."""
    values = [{"option_display_name": each["name"], "label": each["value"]} for each in wanted["options"]]
    return {"sku": wanted["sku"], "option_values": values, **managed_fields(client, wanted)}


def store_weight(client: TargetClient, grams: float | None) -> float | None:
    """The weight in the store's unit."""
    if grams is None:
        return None
    return float((Decimal(str(grams)) / client.grams_per_unit).quantize(Decimal("0.0001")))


def managed_fields(client: TargetClient, wanted: Row) -> Row:
    return {name: wanted[name] for name in MANAGED_FIELDS if name in wanted} | {
        "weight": store_weight(client, wanted["weight_in_grams"])
    }


def _carried(replaced: Row) -> Row:
    fields = {name: replaced.get(name) for name in COPIED_FIELDS}
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _has_options(row: Row | None, wanted: Row) -> bool:
    if row is None:
        return False
    existing = {(each["option_display_name"], each["label"]) for each in row["option_values"]}
    return existing == {(each["name"], each["value"]) for each in wanted["options"]}
