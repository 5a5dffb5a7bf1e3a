"""Which inventory source ships which pieces of an order."""

from collections import defaultdict
from collections.abc import Sequence

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.targets.order_contents import OrderContents, Pieces


def by_source(client: ShopClient, contents: OrderContents | None, pieces: Pieces) -> dict[str, Pieces]:
    """Source → what it ships: all from the one of the settings, else from those that supply the order's website.

    Without a source in the request, the shop takes from `default`, even if the website is supplied by others. Several
    sources are chosen by the shop's own algorithm. The empty source lets the shop choose.
    """
    if client.settings.ship_from or contents is None:
        return {client.settings.ship_from: pieces}
    stock_id = client.inventory.stock_of_store(contents.store_id)
    sources = client.inventory.sources_of(stock_id) if stock_id is not None else []
    if stock_id is None or len(sources) < 2:
        return {sources[0] if sources else "": pieces}
    demand: dict[str, float] = defaultdict(float)
    for item_id, quantity in pieces.items():
        for sku, each in contents.pieces_per_unit(item_id).items():
            demand[sku] += quantity * each
    return _allocated(contents, pieces, sources, client.inventory.select_sources(stock_id, demand))


def _allocated(
    contents: OrderContents, pieces: Pieces, sources: Sequence[str], selected: dict[str, dict[str, float]]
) -> dict[str, Pieces]:
    """What no source can supply is left to the first one, and the shop says what is wrong. A bundle that ships as one
    is not divided."""
    found: dict[str, Pieces] = defaultdict(dict)
    for item_id, quantity in pieces.items():
        skus = list(contents.pieces_per_unit(item_id))
        if len(skus) > 1:
            source = next((each for each in sources if all(sku in selected.get(each, {}) for sku in skus)), sources[0])
            found[source][item_id] = quantity
            continue
        left = quantity
        for source in sources:
            supply = selected.get(source, {})
            taken = min(left, supply.get(skus[0], 0)) if skus else 0
            if taken > 0:
                found[source][item_id] = taken
                supply[skus[0]] -= taken
                left -= taken
        if left > 0:
            found[sources[0]][item_id] = found[sources[0]].get(item_id, 0) + left
    return dict(found)
