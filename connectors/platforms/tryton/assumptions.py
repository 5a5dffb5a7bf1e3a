"""What Tryton's documentation leaves open, and how a connection test finds it out."""

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.sources.stock_levels import warehouses
from connectors.platforms.tryton.values import decimal_or_none
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown

SAMPLE = 20


def _modules(client: TrytonClient) -> Finding:
    missing = [
        name
        for name, model, field in (
            ("sale", "sale.sale", "id"),
            ("stock", "stock.shipment.out", "id"),
        )
        if not client.has(model, field)
    ]
    if missing:
        return refuted(f"Not activated, or not readable for the user: {', '.join(missing)}.")
    return confirmed("The modules sale and stock are active.")


def _amendments(client: TrytonClient) -> Finding:
    if client.has("sale.amendment"):
        return confirmed("The module sale_amendment is active.")
    return refuted("Sales in processing cannot be changed or cancelled: the module sale_amendment is not active.")


def _company_records(client: TrytonClient) -> Finding:
    rows, _ = client.page("account.tax", [["company", "=", client.company]], ["rate"], size=1)
    if rows:
        return confirmed("The taxes of the company can be read.")
    return refuted("No tax of the company can be read. Set the filter for companies in the preferences of the user.")


def _warehouses(client: TrytonClient) -> Finding:
    return confirmed(f"Stock is read for {', '.join(str(row.get('name')) for row in warehouses(client))}.")


def _prices(client: TrytonClient) -> Finding:
    fields = ["code", "list_price_used"]
    rows, _ = client.page("product.product", [["active", "=", True]], fields, size=SAMPLE, context=client.context())
    if not rows:
        return unknown("There are no products.")
    priced = sum(decimal_or_none(row.get("list_price_used")) is not None for row in rows)
    if not priced:
        return refuted(f"None of the first {len(rows)} products has a list price for the company.")
    return confirmed(f"{priced} of the first {len(rows)} products have a list price.")


def _unique_codes(client: TrytonClient) -> Finding:
    name = client.field_map.products.sku
    rows, _ = client.page("product.product", [["active", "=", True], [name, "!=", None]], [name], size=500)
    codes = [row.get(name) for row in rows]
    if not codes:
        return unknown("There are no products with a code.")
    double = sorted({str(code) for code in codes if codes.count(code) > 1})
    if double:
        return refuted(f"Several products have the code {double[0]}: lines with it are refused.")
    return confirmed(f"True for the first {len(codes)} products.")


ASSUMPTIONS = (
    Assumption("modules", "The database has the modules `sale` and `stock`.", _modules),
    Assumption("amendments", "Sales in processing can be changed by the module `sale_amendment`.", _amendments),
    Assumption("company_records", "The user can read the records of the company.", _company_records),
    Assumption("warehouses", "Each warehouse of the settings has a stock of its own.", _warehouses),
    Assumption("list_prices", "`list_price_used` is the price of a product for the company.", _prices),
    Assumption("unique_codes", "No two active products have the same code.", _unique_codes),
    Assumption("price_decimals", "The server takes as many decimal places of prices as the settings say."),
    Assumption("free_lines", "Lines without a product are taken: the company has a default revenue account."),
)
