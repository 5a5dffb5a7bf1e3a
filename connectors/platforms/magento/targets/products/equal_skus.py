"""Products whose SKUs the shop would not tell apart are rejected before anything is written, so that none of them
overwrites another."""

from collections.abc import Mapping, Sequence

from connectors.platforms.magento.client import Row
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.products.payloads import Payload
from connectors.sdk import issues
from connectors.sdk.operations import Operation
from connectors.sdk.records import Problem


def rejected_as_equal(
    operations: Sequence[Operation[Payload]], known: Mapping[str, Row], queued: Mapping[str, str]
) -> dict[int, Problem]:
    """Position → why it is rejected. Products that the shop has already precede new ones; else the first one wins.

    A product of the shop whose SKU is spelled otherwise is not taken over, since it may be another variant of the hub:
    unless this variant was sent before, then its spelling has changed. `known`: `sku_key` → the shop's product;
    `queued`: `sku_key` → the SKU of a product that the shop has yet to save.
    """
    taken: dict[str, str] = {}
    rejected: dict[int, Problem] = {}
    for position in sorted(range(len(operations)), key=lambda each: not operations[each].external_id):
        operation = operations[position]
        sent = _keys(operation.previous)
        own: dict[str, str] = {}
        for each in operation.payload["variants"] if operation.payload else ():
            key, sku = sku_key(each["sku"]), each["sku"]
            other = taken.get(key) or own.get(key)
            if other is None and (each["id"], key) not in sent:
                stored = known[key]["sku"] if key in known else queued.get(key, sku)
                other = stored if stored != sku else None
            if other is not None:
                rejected[position] = issues.SKU_EQUAL(sku=f"“{sku}”", other=f"“{other}”")
                break
            own[key] = sku
        else:
            taken |= own
    return rejected


def _keys(payload: Payload | None) -> set[tuple[int, str]]:
    return {(each["id"], sku_key(each["sku"])) for each in payload["variants"]} if payload else set()
