"""The schema of the contract with the functions that answer its fields."""

from functools import cache
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema

from sandbox.contracts import document_of
from sandbox.platforms.vendure import mutations
from sandbox.platforms.vendure.lists import Row, page

# Field of a query → the rows that it lists.
LISTS = {
    "products": "products",
    "productVariants": "variants",
    "collections": "collections",
    "facets": "facets",
    "facetValues": "facet_values",
    "customers": "customers",
    "orders": "orders",
}


@cache
def schema() -> GraphQLSchema:
    built = build_schema(document_of("vendure")["x-graphql-schema"])
    query = built.query_type
    assert query is not None
    for name, kind in LISTS.items():
        query.fields[name].resolve = _list_of(kind)
    query.fields["productVariants"].resolve = _variants
    query.fields["stockLocations"].resolve = lambda _, info, options=None: page(info.context.locations, options)
    query.fields["activeChannel"].resolve = lambda _, info: info.context.channel
    query.fields["globalSettings"].resolve = lambda _, info: info.context.globals
    built.type_map["Order"].fields["history"].resolve = (  # type: ignore[attr-defined]
        lambda order, info, options=None: page(order["history"], options)
    )
    built.type_map["ProductVariant"].fields["product"].resolve = (  # type: ignore[attr-defined]
        lambda variant, info: info.context.products[variant["productId"]]
    )
    mutation = built.mutation_type
    assert mutation is not None
    for name, act in mutations.BY_NAME.items():
        mutation.fields[name].resolve = _acting(act)
    return built


def _acting(act: Any) -> Any:
    return lambda _, info, **arguments: act(info.context, **arguments)


def _list_of(kind: str) -> Any:
    return lambda _, info, options=None: page(getattr(info.context, kind).values(), options)


def _variants(_: Any, info: GraphQLResolveInfo, options: Row | None = None, productId: str | None = None) -> Row:
    rows = info.context.variants.values()
    return page([row for row in rows if productId in (None, row["productId"])], options)
