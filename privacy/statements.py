# ruff: noqa: S608  (the conditions are this file's own)
"""What an erasure does to each table, in SQL, so that it works on any database: live, a restored backup, a copy.

Amounts, products and dates stay: a merchant has to keep them, and they identify nobody once the rest is gone. The links
to platforms stay too, with the hash of what was last received, so that an unchanged customer of the shop is not
imported again.
"""

from collections.abc import Sequence
from typing import Any

from hub import links

_OF_PERSON = "(kind = 'customer' AND item_id = ANY(%(customers)s)) OR (kind = 'order' AND item_id = ANY(%(orders)s))"

# Name in the report → statement.
STATEMENTS = {
    "customers": (
        "UPDATE orders_customer SET email = '', first_name = '', last_name = '', company_name = '', phone = '',"
        " tax_id = '', accounting_id = '', sales_agent_groups = '{}', note = '', parent_id = NULL, b2b_enabled = false,"
        " status = 'deleted' WHERE id = ANY(%(customers)s)"
    ),
    "orders": (
        "UPDATE orders_order SET customer_note = '', internal_note = '', ip_address = NULL, cart_id = ''"
        " WHERE id = ANY(%(orders)s)"
    ),
    "addresses": ("DELETE FROM orders_address WHERE customer_id = ANY(%(customers)s) OR order_id = ANY(%(orders)s)"),
    # Personalized goods have a name in their title; a code of a gift card or coupon may belong to one person.
    "order lines": "UPDATE orders_orderline SET title = sku WHERE order_id = ANY(%(orders)s)",
    "charges": "UPDATE orders_orderadjustment SET code = '', title = '' WHERE order_id = ANY(%(orders)s)",
    "shipments": (
        "UPDATE orders_shipment SET tracking_number = '', tracking_numbers = '[]' WHERE order_id = ANY(%(orders)s)"
    ),
    "payloads": links.EMPTY_PAYLOADS,
    "timeline": f"UPDATE synclog_itemevent SET changes = '{{}}', message = '' WHERE {_OF_PERSON}",
    "rejected items": (
        "DELETE FROM synclog_rejecteditem AS rejected"
        f" USING hub_job AS job, ({links.IDS_OF_PERSON}) AS link"
        " WHERE job.id = rejected.job_id AND link.connection_id = job.connection_id"
        " AND link.kind = rejected.kind AND link.external_id = rejected.external_id"
    ),
    "issues": f"DELETE FROM synclog_issue WHERE {_OF_PERSON}",
    "comparison results": f"DELETE FROM hub_runitem WHERE {_OF_PERSON}",
}
# A backup of release 0.1.0 lacks this table.
_NEWER = {"rejected items": "synclog_rejecteditem"}


def erase(cursor: Any, *, customer_ids: Sequence[int], order_ids: Sequence[int]) -> dict[str, int]:
    """Run all statements on a cursor. Returns the number of rows of each."""
    found = {}
    for name, statement in STATEMENTS.items():
        if name in _NEWER and not _exists(cursor, _NEWER[name]):
            continue
        cursor.execute(statement, {"customers": list(customer_ids), "orders": list(order_ids)})
        found[name] = cursor.rowcount
    return found


def _exists(cursor: Any, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
    return bool(cursor.fetchone()[0])
