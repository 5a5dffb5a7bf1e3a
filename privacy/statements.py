# ruff: noqa: S608  (the conditions are this file's own)
"""What an erasure does to each table, in SQL, so that it works on any database: live, a restored backup, a copy.

Amounts, products and dates stay: a merchant has to keep them, and they identify nobody once the rest is gone. The links
to platforms stay too, with the hash of what was last received, so that an unchanged customer of the shop is not
imported again.
"""

from collections.abc import Sequence
from typing import Any

from hub import links

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
    "sync statuses": f"UPDATE synclog_itemstatus SET message = '' WHERE {links.OF_PERSON}",
    "timeline": f"UPDATE synclog_itemevent SET changes = '{{}}', message = '' WHERE {links.OF_PERSON}",
    # Of a person who was never imported there is nothing but these.
    "issues of rejected items": (
        "DELETE FROM synclog_issue AS issue USING synclog_rejecteditem AS rejected"
        " WHERE rejected.id = ANY(%(rejected_items)s) AND issue.seller_id = rejected.seller_id"
        " AND issue.job_id = rejected.job_id"
        " AND issue.external_id = split_part(rejected.kind, '@', 1) || ':' || rejected.external_id"
    ),
    "rejected items": (
        "DELETE FROM synclog_rejecteditem WHERE id IN ("
        "SELECT unnest(%(rejected_items)s::bigint[]) UNION SELECT rejected.id FROM synclog_rejecteditem AS rejected"
        f" JOIN hub_job AS job ON job.id = rejected.job_id JOIN ({links.IDS_OF_PERSON}) AS link"
        " ON link.connection_id = job.connection_id"
        " AND link.kind = rejected.kind AND link.external_id = rejected.external_id)"
    ),
    "issues": f"DELETE FROM synclog_issue WHERE {links.OF_PERSON}",
    "comparison results": f"DELETE FROM hub_runitem WHERE {links.OF_PERSON}",
}
# A backup of release 0.1.0 lacks this table.
_NEWER = {"issues of rejected items": "synclog_rejecteditem", "rejected items": "synclog_rejecteditem"}


def erase(
    cursor: Any,
    *,
    customer_ids: Sequence[int] = (),
    order_ids: Sequence[int] = (),
    rejected_item_ids: Sequence[int] = (),
) -> dict[str, int]:
    """Run all statements on a cursor. Returns the number of rows of each."""
    ids = {"customers": list(customer_ids), "orders": list(order_ids), "rejected_items": list(rejected_item_ids)}
    found = {}
    for name, statement in STATEMENTS.items():
        if name in _NEWER and not _exists(cursor, _NEWER[name]):
            continue
        cursor.execute(statement, ids)
        found[name] = cursor.rowcount
    return found


def erase_again(
    cursor: Any, *, customer_ids: Sequence[int], order_ids: Sequence[int], rejected_item_ids: Sequence[int]
) -> None:
    """Erase in a database that may be older than the erasure.

    Its sequences may be too: they skip these IDs, so that the ledger never erases somebody who got one of them later.
    """
    erase(cursor, customer_ids=customer_ids, order_ids=order_ids, rejected_item_ids=rejected_item_ids)
    tables = {"orders_customer": customer_ids, "orders_order": order_ids, "synclog_rejecteditem": rejected_item_ids}
    for table, ids in tables.items():
        if ids and _exists(cursor, table):
            cursor.execute(
                "SELECT setval(sequence::regclass, greatest(nextval(sequence::regclass), %s))"
                " FROM pg_get_serial_sequence(%s, 'id') AS sequence",
                [max(ids), f"public.{table}"],
            )


def _exists(cursor: Any, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
    return bool(cursor.fetchone()[0])
