"""What SparkLayer calls our items: it stands on a shop, and knows products and customers by the shop's ids."""

from connectors.contract import References


def external_id(refs: References, kind: str, item_id: int) -> str:
    """The shop's id; of what the shop does not have, one of ours that cannot be taken for another's."""
    return refs.at_shop(kind, item_id) or f"synccenter-{item_id}"
