"""The rights of an integration, which Magento grants by resource, and where they stand in its admin panel.

The IDs are those of the vendor's `webapi.xml` files; docs/platforms/magento.md lists which data type needs which.
"""

from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import Response, describe_denial

LABELS = {
    "Magento_Backend::store": "Stores › Settings › All Stores",
    "Magento_Cart::manage": "Sales › Operations › Carts",
    "Magento_Catalog::catalog": "Catalog",
    "Magento_Catalog::products": "Catalog › Inventory › Products",
    "Magento_Catalog::categories": "Catalog › Inventory › Categories",
    "Magento_Catalog::attributes_attributes": "Stores › Attributes › Product",
    "Magento_Customer::customer": "Customers",
    "Magento_Customer::manage": "Customers › All Customers",
    "Magento_Customer::group": "Customers › Customer Groups",
    "Magento_InventoryApi::source": "Stores › Inventory › Sources",
    "Magento_InventoryApi::stock": "Stores › Inventory › Stocks",
    "Magento_InventoryApi::stock_source_link": "Stores › Inventory › Stocks › Source Links",
    "Magento_InventoryApi::stock_source_item_assign": "Catalog › Inventory › Products › Assign Sources",
    "Magento_InventorySourceSelectionApi::source_selection_algorithm_post": "Stores › Inventory › Source Selection",
    "Magento_Logging::system_magento_logging_bulk_operations": "System › Action Logs › Bulk Actions",
    "Magento_Sales::actions_view": "Sales › Operations › Orders › Actions › View",
    "Magento_Sales::sales_creditmemo": "Sales › Operations › Credit Memos",
    "Magento_Sales::shipment": "Sales › Operations › Shipments",
    "Magento_Sales::ship": "Sales › Operations › Orders › Actions › Ship",
}


def describe_denied_right(response: Response) -> tuple[str, str]:
    """Which right is missing, and how to grant it. Magento answers alike to credentials that it does not know."""
    names = _resources(response)
    if not names:
        return describe_denial(response)
    wanted = ", ".join(f"{LABELS[name]} ({name})" if name in LABELS else name for name in names)
    return (
        f"Magento refused access to {wanted}.",
        "Grant this right to the integration (System › Integrations › API). If everything is refused, renew the keys "
        "of the connection.",
    )


def _resources(response: Response) -> list[str]:
    """The resources that a response names."""
    try:
        body = response.json()
    except TryAgainLater:
        return []
    parameters = body.get("parameters") if isinstance(body, dict) else None
    given = parameters.get("resources") if isinstance(parameters, dict) else None
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else []
