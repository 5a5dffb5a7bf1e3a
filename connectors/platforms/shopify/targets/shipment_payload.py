"""What other systems report as shipped, with the store's IDs of the order's lines."""

from collections import defaultdict
from collections.abc import Mapping

from connectors.platforms.shopify.client import Row
from orders.items import OrderItem


def shipment_payloads(item: OrderItem, known: Mapping[int, str]) -> list[Row]:
    """`[{"numbers", "carrier", "lines": {order line: pieces}}]`, by tracking number. `known`: our line → the store's.

    A fulfillment has no key of ours, so it is recognized by its tracking numbers. Shipments without one are one.
    """
    carriers: dict[tuple[str, ...], str] = {}
    lines: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for shipment in item.shipments:
        if shipment.reported_by is None:
            continue  # imported from the store
        numbers = tuple(shipment.tracking_numbers)
        carriers[numbers] = carriers.get(numbers) or shipment.carrier
        for line, quantity in shipment.lines.items():
            if line in known and int(quantity) > 0:
                lines[numbers][known[line]] += int(quantity)
    return [
        {"numbers": list(numbers), "carrier": carriers[numbers], "lines": dict(sorted(parts.items()))}
        for numbers, parts in sorted(lines.items())
    ]
