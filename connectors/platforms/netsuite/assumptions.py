"""What Oracle's documentation leaves open, and how a connection test settles it (V6)."""

import re
from collections.abc import Callable

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.suiteql import SOLD_LINES, Row, required_int
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.errors import NeedsAttention

_STATUS = re.compile(r"^([A-Za-z]+:)?[A-Z]$")
_ROWS = 20


def _rows(client: NetSuiteClient, query: str) -> list[Row] | str:
    """A few rows, or why NetSuite rejected the query."""
    try:
        return client.page(query, limit=_ROWS)[0]
    except NeedsAttention as error:
        return str(error)


def _answers(query: str, **settings: object) -> Callable[[NetSuiteClient], Finding]:
    """Whether NetSuite answers a query; `settings` are those that avoid it."""

    def check(client: NetSuiteClient) -> Finding:
        found = _rows(client, query)
        if isinstance(found, str):
            return refuted(found, **settings)
        return confirmed("NetSuite answers the query.") if found else unknown("NetSuite answers, but has no rows.")

    return check


def _has_stock_table(client: NetSuiteClient) -> Finding:
    table = client.settings.stock_table
    found = _rows(client, f"SELECT stock.item, stock.location FROM {table} stock ORDER BY stock.item, stock.location")
    if not isinstance(found, str):
        return confirmed(f"{table} can be read.")
    tables = {"inventoryitemlocations", "aggregateitemlocation"}
    return refuted(found, stock_table=next(iter(tables - {table})))


def _texts_stay(client: NetSuiteClient) -> Finding:
    found = _rows(client, "SELECT item.id, item.itemid, BUILTIN.DF(item.itemid) AS shown FROM item ORDER BY item.id")
    if isinstance(found, str):
        return refuted(found)
    if not found:
        return unknown("The account has no items.")
    other = sum(row.get("itemid") != row.get("shown") for row in found)
    return refuted(f"{other} of {len(found)} texts differ.") if other else confirmed(f"True for {len(found)} items.")


def _statuses_are_letters(client: NetSuiteClient) -> Finding:
    found = _rows(client, "SELECT so.id, so.status FROM transaction so WHERE so.type = 'SalesOrd' ORDER BY so.id")
    statuses = {str(row.get("status")) for row in found} if not isinstance(found, str) else set()
    if isinstance(found, str) or not statuses:
        return unknown(found if isinstance(found, str) else "The account has no sales orders.")
    wrong = sorted(each for each in statuses if not _STATUS.match(each))
    return refuted(f"There is the status {wrong[0][:20]!r}.") if wrong else confirmed(", ".join(sorted(statuses)))


def _line_numbers_agree(client: NetSuiteClient) -> Finding:
    query = "SELECT so.id FROM transaction so WHERE so.type = 'SalesOrd' ORDER BY so.id DESC"
    found = _rows(client, query)
    if isinstance(found, str) or not found:
        return unknown(found if isinstance(found, str) else "The account has no sales orders.")
    order = str(required_int(found[0], "id"))
    items = client.read("salesOrder", order).get("item", {}).get("items", ())
    rows = _rows(
        client,
        f"SELECT line.id FROM transactionline line WHERE {SOLD_LINES} AND line.transaction = {order} ORDER BY line.id",
    )
    numbers = {required_int(row, "id") for row in rows} if not isinstance(rows, str) else set()
    shown = {each.get("line") for each in items}
    if shown and shown <= numbers:
        return confirmed(f"True for the {len(shown)} lines of an order.")
    return refuted("REST and SuiteQL number the lines of an order differently.")


def _suitetax(client: NetSuiteClient) -> Finding:
    if not client.settings.tax_codes:
        return confirmed("The settings have no tax codes: NetSuite works out the tax.")
    if "taxDetailsOverride" in client.fields_of("salesOrder"):
        return confirmed("The account has SuiteTax.")
    return refuted("The account has no SuiteTax: the tax of orders is not sent.", tax_codes={})


ASSUMPTIONS = (
    Assumption(
        "line_numbers",
        "`line` of a line in REST is `transactionline.id` in SuiteQL, to which fulfillments refer.",
        _line_numbers_agree,
    ),
    Assumption("statuses", "A status in SuiteQL is a letter, alone or after the type.", _statuses_are_letters),
    Assumption(
        "matrix_column",
        "`item.matrixtype` tells matrix items from others.",
        _answers("SELECT item.id, item.matrixtype FROM item ORDER BY item.id", matrix_items=False),
    ),
    Assumption(
        "stock_table", "The table of the setting `stock_table` has the stock of each location.", _has_stock_table
    ),
    Assumption(
        "price_table",
        "Prices are in the table `pricing`.",
        _answers("SELECT price.item, price.unitprice FROM pricing price ORDER BY price.item", price_level=""),
    ),
    Assumption("display_texts", "`BUILTIN.DF` returns the text of fields that are no lists unchanged.", _texts_stay),
    Assumption(
        "kit_members",
        "The members of kits are in the table `itemmember`.",
        _answers(
            "SELECT member.parentitem, member.item FROM itemmember member ORDER BY member.parentitem, member.item"
        ),
    ),
    Assumption("suitetax", "An account for which tax codes are entered has SuiteTax.", _suitetax),
    Assumption("tax_references", "`taxDetailsReference` can be set on lines, and `taxDetails` refers to it."),
    Assumption("stock_changes", "`lastquantityavailablechange` changes with every change of the available quantity."),
    Assumption("price_changes", "A change of a price is a modification of its item."),
    Assumption("concurrency", "A call beyond the limit of concurrent calls is answered with the status 429."),
    Assumption("times", "SuiteQL compares times in the time zone of the user who is logged in."),
    Assumption("file_host", "Files of the File Cabinet are served by the host `ACCOUNT.app.netsuite.com`."),
)
