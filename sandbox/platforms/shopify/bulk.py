"""Bulk operations: a query without pages, whose result is a file of JSON Lines.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

import random
import time
from collections.abc import Iterator
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    graphql_sync,
    parse,
    validate,
)

from sandbox.platforms.shopify.schema import Context, Row
from sandbox.platforms.shopify.store import Store

MAX_AT_A_TIME = 5
MAX_CONNECTIONS = 5
MAX_DEPTH = 2


class BulkOperations:
    """The operations of one store. `outcome` is the status that the next ones end with."""

    def __init__(self, store: Store, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self.outcome = "COMPLETED"
        self.files: dict[int, bytes] = {}
        self.rows: dict[int, Row] = {}

    def start(self, schema: GraphQLSchema, query: str, *, grouped: bool) -> Row:
        """`BulkOperationRunQueryPayload`."""
        running = [row for row in self.rows.values() if self.view(row, "")["status"] == "RUNNING"]
        if len(running) >= MAX_AT_A_TIME:
            return _rejected("A bulk query operation for this app and shop is already in progress", "LIMIT_REACHED")
        try:
            document = parse(query)
            problems = validate(schema, document) or list(_rules(schema, document.definitions))
        except GraphQLError as error:
            problems = [error]
        if problems:
            return _rejected(problems[0].message, "INVALID")
        context = Context(self._store, bulk=True)
        result = graphql_sync(schema, query, context_value=context)
        if result.errors:
            return _rejected(result.errors[0].message, "INVALID")
        lines = list(_lines(result.data or {}, None))
        if not grouped:  # in no order: a part may come before what it belongs to
            random.Random(len(lines)).shuffle(lines)
        content = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        number = self._store.next_id("BulkOperation", 1)
        self.files[number] = content
        self.rows[number] = {
            "id": number,
            "outcome": self.outcome,
            "ready": time.monotonic() + self._seconds,
            "objectCount": len(lines),
        }
        return {"bulkOperation": self.view(self.rows[number], ""), "userErrors": []}

    def view(self, row: Row, url: str) -> Row:
        """`BulkOperation`; `url` is the address of the files."""
        is_ready = time.monotonic() >= row["ready"]
        status = row["outcome"] if is_ready else "RUNNING"
        size = len(self.files[row["id"]])
        link = f"{url}/bulk/{self._store.name}/{row['id']}.jsonl" if size else None
        return {
            "__typename": "BulkOperation",
            "id": row["id"],
            "status": status,
            "errorCode": "TIMEOUT" if status == "FAILED" else None,
            "objectCount": row["objectCount"] if is_ready else 0,
            "fileSize": size if status == "COMPLETED" else None,
            "url": link if status == "COMPLETED" else None,
            "partialDataUrl": link if status == "FAILED" else None,
        }


def _rejected(message: str, code: str) -> Row:
    return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": message, "code": code}]}


def _rules(schema: GraphQLSchema, definitions: Any) -> Iterator[GraphQLError]:
    """At least one connection and at most five, two levels deep; each node with its ID; no pages."""
    operation = next(each for each in definitions if isinstance(each, OperationDefinitionNode))
    depths = list(_depths(schema.query_type, operation.selection_set, 0))
    if not 0 < len(depths) <= MAX_CONNECTIONS:
        yield GraphQLError(f"Bulk queries must contain between one and {MAX_CONNECTIONS} connections.")
    if max(depths, default=0) > MAX_DEPTH:
        yield GraphQLError(f"Bulk queries can't have connections nested more than {MAX_DEPTH} levels deep.")


def _depths(kind: Any, selection: SelectionSetNode | None, depth: int) -> Iterator[int]:
    for node in selection.selections if selection else ():
        if isinstance(node, InlineFragmentNode):
            continue  # of a union: no connections are read there
        if not isinstance(node, FieldNode) or node.name.value.startswith("__"):
            continue
        named = get_named_type(kind.fields[node.name.value].type)
        is_connection = named.name.endswith("Connection")
        if is_connection:
            yield depth
        if node.selection_set is not None:
            yield from _depths(named, node.selection_set, depth + is_connection)


def _lines(value: Row, parent: str | None) -> Iterator[Row]:
    """The objects of a result, each followed by those nested in it."""
    for each in value.values():
        if isinstance(each, dict) and "edges" in each:
            for edge in each["edges"]:
                yield from _line(edge["node"], parent)
        elif isinstance(each, dict):
            yield from _lines(each, parent)


def _line(node: Row, parent: str | None) -> Iterator[Row]:
    yield _plain(node) | ({} if parent is None else {"__parentId": parent})
    yield from _lines(node, node.get("id"))


def _plain(node: Row) -> Row:
    """An object without its connections."""
    return {
        name: _plain(value) if isinstance(value, dict) else value
        for name, value in node.items()
        if not (isinstance(value, dict) and "edges" in value)
    }
