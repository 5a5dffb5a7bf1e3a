"""Stock and prices of what a shop sells, by SKU: absolute figures, so that a repetition changes nothing.

The shop takes figures for SKUs that it does not have, or tells them apart by words alone; so they are looked up first.
Items are known by the number of the product there, which stays when its SKU changes.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from catalog.items import PriceItem, VariantItem
from connectors.contract import Action, Operation, Outcome
from connectors.errors import BatchRefused, NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.magento.client import MagentoClient, fill_placeholders, is_product, message_of, number

SOLD_STATUSES = ("live", "suspended")
ALL_STORE_VIEWS = 0  # the number of all store views together
Entry = dict[str, Any]


def stock(item: VariantItem, source: str) -> Entry | None:
    """All our locations together go into one source; oversold is sold out. None where nothing is counted."""
    if item.status not in SOLD_STATUSES or not item.stock:
        return None
    total = max(Decimal(0), sum((each.quantity for each in item.stock), Decimal(0)))
    return {"sku": _sku(item), "source_code": source, "quantity": number(total), "status": int(total > 0)}


def price(item: VariantItem, price_list: str) -> Entry | None:
    """The price to be paid for a single piece."""
    default = default_price(item, price_list)
    if item.status not in SOLD_STATUSES or default is None:
        return None
    return {"sku": _sku(item), "price": number(default.amount), "store_id": ALL_STORE_VIEWS}


def default_price(item: VariantItem, price_list: str) -> PriceItem | None:
    """Of the list named or else of the first."""
    single = (each for each in item.prices if each.min_quantity == 1)
    return next((each for each in single if price_list in ("", each.price_list)), None)


def _sku(item: VariantItem) -> str:
    if not item.sku:
        raise SkipRecord("It has no SKU.", code="sku_missing", fix="Give it an SKU; Magento knows products by it.")
    return item.sku


def send_stock(client: MagentoClient, operations: Sequence[Operation]) -> list[Outcome]:
    """What is no longer offered or counted is out of stock there."""
    source = client.settings.source_code

    def save(entries: list[Entry]) -> dict[str, str]:
        try:
            answer = client.post("/inventory/source-items", {"sourceItems": entries})
        except Refused as refused:
            _check_source(client, source)
            raise BatchRefused(f"Magento refuses the stock: {message_of(refused)}", code=refused.code) from refused
        if answer != []:
            raise TryAgainLater("Magento did not say that it took the stock.")
        return {}

    def sold_out(sku: str) -> Entry:
        return {"sku": sku, "source_code": source, "quantity": 0, "status": 0}

    return _send(client, operations, save, sold_out)


def _check_source(client: MagentoClient, source: str) -> None:
    """A source that is not there is refused with each and every item: that is one matter for one person."""
    try:
        client.http.get(client.path(f"/inventory/sources/{source}"))
    except Refused as refused:
        raise NeedsAttention(
            f"The shop has no inventory source {source!r}: {message_of(refused)}",
            fix="Correct the source in the connection's settings.",
        ) from refused


def send_prices(client: MagentoClient, operations: Sequence[Operation]) -> list[Outcome]:
    """The shop takes the good ones and tells the others. A price once set stays: there is no product without one."""

    def save(entries: list[Entry]) -> dict[str, str]:
        try:
            answer = client.post("/products/base-prices", {"prices": entries})
        except Refused as refused:
            raise BatchRefused(f"Magento refuses the prices: {message_of(refused)}", code=refused.code) from refused
        return _rejected_prices(answer, [each["sku"] for each in entries])

    return _send(client, operations, save, lambda sku: None)


def _rejected_prices(answer: Any, skus: Sequence[str]) -> dict[str, str]:
    """SKU → why its price was refused."""
    if not isinstance(answer, list) or not all(isinstance(each, dict) and "message" in each for each in answer):
        raise TryAgainLater("Magento did not say which prices it took.")
    found = {}
    for each in answer:
        parameters = each.get("parameters")
        given = list(parameters.values()) if isinstance(parameters, dict) else parameters or []
        message = fill_placeholders(each["message"], parameters)
        culprit = next((sku for sku in skus if sku in given), None)
        if culprit is None:
            raise BatchRefused(f"Magento refuses some of the prices: {message}")
        found[culprit] = message
    return found


def _send(
    client: MagentoClient,
    operations: Sequence[Operation],
    save: Callable[[list[Entry]], dict[str, str]],
    removal: Callable[[str], Entry | None],
) -> list[Outcome]:
    """Look up what there is, then save as many entries a call as the connection allows.

    `save` returns SKU → reason for those that were refused; `removal` makes the entry of what is no longer offered.
    """
    existing = client.products_by_sku([each.payload["sku"] for each in operations if each.payload])
    gone = [each.external_id for each in operations if each.action is Action.REMOVE and each.external_id]
    products_to_remove = {
        str(row["id"]): row["sku"] for row in client.fetch_by_values("/products", "entity_id", gone) if is_product(row)
    }
    outcomes: list[Outcome] = []
    entries: dict[int, Entry] = {}
    for index, operation in enumerate(operations):
        outcomes.append(Outcome(external_id=operation.external_id))
        if operation.action is Action.REMOVE:
            if not operation.external_id:
                outcomes[index].error = removal_without_id_error()
            elif (sku := products_to_remove.get(operation.external_id)) and (entry := removal(sku)) is not None:
                entries[index] = entry
        elif (row := existing.get(operation.payload["sku"].lower())) is None:
            outcomes[index].error = _unknown_sku_error(operation.payload["sku"])
        else:
            outcomes[index].external_id = str(row["id"])
            entries[index] = operation.payload
    for chunk in _chunks(entries, client.settings.entities_a_call):
        refused = save([entries[index] for index in chunk])
        for index in chunk:
            if reason := refused.get(entries[index]["sku"]):
                outcomes[index].error = SkipRecord(reason, fix="Compare the product here and in Magento.")
    return outcomes


def _chunks(entries: dict[int, Entry], size: int) -> Iterator[list[int]]:
    places = list(entries)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _unknown_sku_error(sku: str) -> SkipRecord:
    return SkipRecord(
        f"The shop has no product with the SKU {sku}.",
        code="not_there_yet",
        fix="Create the product in Magento, then retry.",
    )


def removal_without_id_error() -> SkipRecord:
    return SkipRecord(
        "It is no longer offered, and whether Magento took the last figure for it was not answered.",
        code="removal_unknown",
        fix="Look at the product in Magento.",
    )
