"""Compares the shops' answers with staging's links, in the database: one statement per step for any number of IDs."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection as database

from hub.kinds import Kind
from staging_copy.checking.tally import Tally

# The external IDs that staging knows: its links, and the seller IDs in the settings of connections.
_KNOWN = """
    (SELECT connection_id, kind, external_id, item_id FROM hub_link
     UNION ALL
     SELECT own.id, 'seller'::varchar, (own.settings ->> 'seller')::varchar, own.seller_id FROM hub_connection AS own
     WHERE own.seller_id IS NOT NULL AND own.settings ->> 'seller' <> '' AND NOT EXISTS (
        SELECT FROM hub_link AS link
        WHERE link.connection_id = own.id AND link.kind = 'seller' AND link.external_id = own.settings ->> 'seller')
    ) AS known
"""
_NEXT_IDS = f"""
    SELECT external_id FROM {_KNOWN}
    WHERE connection_id = %s AND kind = %s AND external_id > %s ORDER BY external_id LIMIT %s
"""  # noqa: S608
_INSERT_MISSING = f"""
    INSERT INTO staging_copy_finding (connection_id, kind, external_id, item_id, verdict)
    SELECT connection_id, %s, external_id, item_id, 'missing' FROM {_KNOWN}
    WHERE connection_id = %s AND kind = %s AND external_id = ANY(%s) ON CONFLICT DO NOTHING
"""  # noqa: S608
# A temporary table, which writes no WAL: the shop's list is not needed after the check.
_EMPTY_LIST = """
    CREATE TEMPORARY TABLE IF NOT EXISTS shop_list (external_id text NOT NULL);
    TRUNCATE shop_list;
    DELETE FROM staging_copy_finding WHERE connection_id = ANY(%(connections)s) AND kind = %(kind)s AND verdict = 'only'
"""
# One JSON string is faster than thousands of parameters.
_ADD_TO_LIST = "INSERT INTO shop_list SELECT json_array_elements_text(%s)"
_MARK_CONTRADICTED = """
    UPDATE staging_copy_finding AS finding SET verdict = 'contradicted'
    WHERE connection_id = ANY(%(connections)s) AND kind = %(kind)s AND verdict = 'missing'
      AND EXISTS (SELECT FROM shop_list WHERE shop_list.external_id = finding.external_id)
"""
_INSERT_UNKNOWN = f"""
    INSERT INTO staging_copy_finding (connection_id, kind, external_id, verdict)
    SELECT DISTINCT (%(connections)s)[1], %(kind)s, external_id, 'only' FROM shop_list
    WHERE NOT EXISTS (
        SELECT FROM {_KNOWN}
        WHERE connection_id = ANY(%(connections)s) AND kind = ANY(%(link_kinds)s)
          AND known.external_id = shop_list.external_id)
    ON CONFLICT DO NOTHING
"""  # noqa: S608
_COUNT_UNLISTED = f"""
    SELECT count(DISTINCT external_id) FROM {_KNOWN}
    WHERE connection_id = ANY(%(connections)s) AND kind = ANY(%(link_kinds)s)
      AND NOT EXISTS (SELECT FROM shop_list WHERE shop_list.external_id = known.external_id)
      AND NOT EXISTS (
        SELECT FROM staging_copy_finding AS finding
        WHERE finding.connection_id = ANY(%(connections)s) AND finding.kind = %(kind)s
          AND finding.external_id = known.external_id AND finding.verdict = 'missing')
"""  # noqa: S608
_COUNT_FINDINGS = """
    SELECT count(*) FILTER (WHERE verdict = 'missing'), count(*) FILTER (WHERE verdict = 'contradicted'),
           count(*) FILTER (WHERE verdict = 'only'),
           count(*) FILTER (WHERE verdict = 'missing' AND product.status IN ('discontinued', 'deleted'))
    FROM staging_copy_finding AS finding
    LEFT JOIN catalog_product AS product ON finding.kind = 'product' AND product.id = finding.item_id
    WHERE connection_id = ANY(%(connections)s) AND kind = %(kind)s
"""
_COUNT_NOT_OFFERED = """
    SELECT count(*) FROM hub_link AS link JOIN catalog_product AS product ON product.id = link.item_id
    WHERE link.connection_id = ANY(%(connections)s) AND link.kind = 'product'
      AND product.status IN ('discontinued', 'deleted')
"""
_CATEGORY_KINDS = """
    SELECT DISTINCT kind FROM hub_link
    WHERE connection_id = ANY(%s) AND (kind = 'category' OR kind LIKE 'category@%%') ORDER BY kind
"""


class Scope(NamedTuple):
    """A kind of item in one shop: the connections to the shop, and the link kinds that they use for it."""

    connections: list[int]
    kind: str
    link_kinds: list[str]


def scope(connections: list[int], kind: str) -> Scope:
    """The scope of a kind. Categories are linked per storefront (`category@2`), other kinds under their own name."""
    if kind != Kind.CATEGORY:
        return Scope(connections, kind, [kind])
    with database.cursor() as cursor:
        cursor.execute(_CATEGORY_KINDS, [connections])
        return Scope(connections, kind, [link_kind for (link_kind,) in cursor.fetchall()])


def ids_after(connection: int, link_kind: str, external_id: str, *, limit: int) -> list[str]:
    """The next external IDs that staging knows, in the database's order."""
    with database.cursor() as cursor:
        cursor.execute(_NEXT_IDS, [connection, link_kind, external_id, limit])
        return [found for (found,) in cursor.fetchall()]


def record_missing(connection: int, kind: str, link_kind: str, external_ids: Sequence[str]) -> None:
    if external_ids:
        _execute(_INSERT_MISSING, [kind, connection, link_kind, list(external_ids)])


def start_list(of: Scope) -> None:
    """Clears the list and the findings of an earlier listing of this kind."""
    _execute(_EMPTY_LIST, of._asdict())


def add_to_list(external_ids: Sequence[str]) -> None:
    _execute(_ADD_TO_LIST, [json.dumps([*external_ids])])


def compare_list(of: Scope) -> int:
    """Records the items that only the shop has (L15), and marks missing items that the shop lists as contradicted.

    Returns the number of IDs that the lookup found but the list lacks; it is 0 for a complete list.
    """
    _execute("ANALYZE shop_list", None)
    _execute("ANALYZE staging_copy_finding", None)
    _execute(_MARK_CONTRADICTED, of._asdict())
    _execute(_INSERT_UNKNOWN, of._asdict())
    [unlisted] = _row(_COUNT_UNLISTED, of)
    return int(unlisted)


def count(of: Scope, tally: Tally) -> None:
    """Fills in the tally's counts from the recorded findings."""
    tally.missing, tally.contradicted, only_in_shop, expected = _row(_COUNT_FINDINGS, of)
    tally.only_in_shop = None if tally.note else only_in_shop
    tally.offered, tally.offered_missing = tally.checked, tally.missing - expected
    if of.kind == Kind.PRODUCT:
        tally.offered -= _row(_COUNT_NOT_OFFERED, of)[0]


def _execute(sql: str, parameters: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)


def _row(sql: str, of: Scope) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(sql, of._asdict())
        row: tuple[Any, ...] = cursor.fetchone()
    return row
