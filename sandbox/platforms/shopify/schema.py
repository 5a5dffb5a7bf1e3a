"""Executes GraphQL documents by the schema of the contract: validation, connections, global IDs, and costs.

Costs follow https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits: an object costs a point, a connection
`first` times what a node of it costs, a mutation ten.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_object_type,
    value_from_ast_untyped,
)

from sandbox.contracts import document_of

MAX_COST = 1000
MAX_FIRST = 250
MUTATION_COST = 10
Row = dict[str, Any]
# What resolves a field: the object, its arguments, and the context of the request.
Resolver = Callable[[Any, Row, "Context"], Any]


class Context:
    """What resolvers need of a request. `bulk`: connections return everything."""

    def __init__(self, store: Any, *, bulk: bool = False, idempotency_key: str = "") -> None:
        self.store = store
        self.bulk = bulk
        self.idempotency_key = idempotency_key
        # Of a request: the account that is called, and the address under which its files are.
        self.account: Any = None
        self.find_order: Callable[[str], Row | None] = lambda identifier: None
        self.url = ""


def load_schema(resolvers: Mapping[str, Mapping[str, Resolver]]) -> GraphQLSchema:
    """The schema with its resolvers: type → field → function. A connection's function returns its sorted rows."""
    schema = build_schema(document_of("shopify")["x-graphql-schema"])
    for name, kind in schema.type_map.items():
        for field_name, field in getattr(kind, "fields", {}).items():
            if not is_object_type(kind):
                continue
            found = resolvers.get(name, {}).get(field_name)
            if get_named_type(field.type).name.endswith("Connection"):
                field.resolve = _connection_resolver(found)
            elif found is not None:
                field.resolve = _resolver(found)
            elif field_name == "id":
                field.resolve = lambda row, info, **_: gid(info.parent_type.name, row["id"])
    for name in ("Node", "Media", "PurchasingEntity", "DiscountApplication", "ProductOperation"):
        if name in schema.type_map:
            schema.type_map[name].resolve_type = lambda row, info, kind: row["__typename"]  # type: ignore[attr-defined]
    return schema


def _resolver(function: Resolver) -> Callable[..., Any]:
    return lambda row, info, **arguments: function(row, arguments, info.context)


def _connection_resolver(function: Resolver | None) -> Callable[..., Any]:
    def resolve(row: Any, info: GraphQLResolveInfo, **arguments: Any) -> Row:
        rows = row[info.field_name] if function is None else function(row, arguments, info.context)
        return connection(rows, arguments, bulk=info.context.bulk)

    return resolve


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def sort_key(row: Any) -> Any:
    """Where a row stands in its connection; rows of strings by themselves."""
    return row.get("_sort", row["id"]) if isinstance(row, dict) else row


def connection(rows: Sequence[Any], arguments: Row, *, bulk: bool = False) -> Row:
    """A page of rows, which are sorted by `sort_key`. A cursor is a place in the order, whatever is there now."""
    first, after = arguments.get("first"), arguments.get("after")
    if not bulk:
        if first is None:
            raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
        if not 0 < first <= MAX_FIRST:
            raise GraphQLError(f"first must be between 1 and {MAX_FIRST}", extensions={"code": "BAD_REQUEST"})
    if after is not None:
        place = _position(after)
        rows = [row for row in rows if sort_key(row) > place]
    chosen = rows if first is None else rows[:first]
    cursors = [_cursor(row) for row in chosen]
    return {
        "nodes": chosen,
        "edges": [{"node": row, "cursor": cursor} for row, cursor in zip(chosen, cursors, strict=True)],
        "pageInfo": {
            "hasNextPage": len(rows) > len(chosen),
            "hasPreviousPage": after is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(row: Any) -> str:
    return base64.b64encode(orjson.dumps(sort_key(row))).decode()


def _position(cursor: str) -> Any:
    try:
        place = orjson.loads(base64.b64decode(cursor, validate=True))
    except ValueError as error:
        raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"}) from error
    return tuple(place) if isinstance(place, list) else place


def requested_cost(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, given: Row
) -> int:
    """What an operation may cost at most. `given` are its variables."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    root = schema.get_root_type(operation.operation)
    is_mutation = operation.operation.value == "mutation"
    cost = _selection_cost(schema, root, operation.selection_set, fragments, given)
    return cost + (MUTATION_COST if is_mutation else 0)


def actual_cost(value: Any) -> int:
    """What an answer has cost: a point for each object that it contains."""
    if isinstance(value, list):
        return sum(map(actual_cost, value))
    if not isinstance(value, dict):
        return 0
    own = not {"nodes", "edges", "node", "hasNextPage"} & value.keys()
    return own + sum(map(actual_cost, value.values()))


def _selection_cost(
    schema: GraphQLSchema,
    kind: Any,
    selection: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    given: Row,
) -> int:
    cost, alternatives = 0, [0]
    for node in selection.selections:
        if isinstance(node, FragmentSpreadNode):
            node_kind = schema.type_map[fragments[node.name.value].type_condition.name.value]
            cost += _selection_cost(schema, node_kind, fragments[node.name.value].selection_set, fragments, given)
        elif isinstance(node, InlineFragmentNode):
            node_kind = schema.type_map[node.type_condition.name.value] if node.type_condition else kind
            alternatives.append(_selection_cost(schema, node_kind, node.selection_set, fragments, given))
        elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
            cost += _field_cost(schema, kind, node, fragments, given)
    return cost + max(alternatives)  # a union or an interface costs as much as its most expensive member


def _field_cost(
    schema: GraphQLSchema, kind: Any, node: FieldNode, fragments: Mapping[str, FragmentDefinitionNode], given: Row
) -> int:
    named = get_named_type(kind.fields[node.name.value].type)
    if is_leaf_type(named) or node.selection_set is None:
        return 0
    nested = _selection_cost(schema, named, node.selection_set, fragments, given)
    if named.name == "PageInfo" or node.name.value == "edges":
        return nested
    arguments = {each.name.value: value_from_ast_untyped(each.value, given) for each in node.arguments or ()}
    if named.name.endswith("Connection"):
        return int(arguments.get("first") or 0) * max(1, nested)
    if node.name.value == "nodes" and kind.name.endswith("Connection"):
        return 1 + nested
    if node.name.value == "node" and kind.name.endswith("Edge"):
        return 1 + nested
    if node.name.value == "nodes":
        return len(arguments.get("ids") or ()) * (1 + nested)
    if isinstance(first := arguments.get("first"), int):
        return first * (1 + nested)  # a list with a limit
    return 1 + nested
