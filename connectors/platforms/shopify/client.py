"""Calls to the Admin API (GraphQL) of one store: cost, version, errors, pages.

Sources: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits, https://shopify.dev/docs/api/usage/versioning
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.authentication import secret_of
from connectors.platforms.shopify.error_messages import THROTTLED, denied, is_about_node, is_denied, unavailable
from connectors.sdk import clock
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.details import details_problem, failed_mark
from connectors.sdk.errors import ConnectorError, ListingRepeats, NeedsAttention, TryAgainLater
from connectors.sdk.graphql import Answer, GraphQLClient, GraphQLError
from connectors.sdk.http import HttpClient
from connectors.sdk.isolation import Isolation
from connectors.sdk.paging import numeric_ids
from connectors.sdk.responses import RequestRejected

# Supported until 2027-07-01: each version is, for a year.
API_VERSION = "2026-07"
PATH = f"/admin/api/{API_VERSION}/graphql.json"
VERSION_HEADER = "X-Shopify-API-Version"
# The most IDs of one `nodes` query, and the most entries of a list in a variable.
IDS_PER_REQUEST = 250
# How long to wait after a throttled call whose answer does not tell, and at most.
_DEFAULT_WAIT = timedelta(seconds=2)
_MAX_WAIT = timedelta(minutes=1)

Row = dict[str, Any]


class ShopifyClient:
    """The API of one store. `settings`, `field_map`, `credentials` and `connection_key` are those of the connection."""

    def __init__(self, account: Account[Any, Any, Any], http: HttpClient) -> None:
        self.http = http
        self.settings = account.settings
        self.field_map = account.field_map
        self.credentials = account.credentials
        self.app_secret = secret_of(account)
        self.connection_key = account.connection_key
        self.version = API_VERSION
        self._wait = _DEFAULT_WAIT
        self._graphql = GraphQLClient(http, PATH, translate=self._translate, observe=self._observe)

    def query(self, document: str, **variables: Any) -> Row:
        """The data of a query or mutation. NeedsAttention if there is no such store, if it is frozen, or if it answers
        by another version than ours."""
        return self._execute(document, variables).data

    def query_nodes(self, document: str, path: tuple[str, ...], **variables: Any) -> Row:
        """The data of a query for a list of nodes, which is at `path`. A node that an error is about has its ID, if the
        store tells it, and is marked (`details_problem`), so that it costs none of the others; TryAgainLater unless
        `http.isolation` says that it is the item's fault."""
        answer = self._execute(document, variables, tolerates=lambda error: is_about_node(error, path))
        if answer.errors and self.http.isolation is Isolation.NEVER:
            raise TryAgainLater(_reported(answer.errors[0]))
        nodes: Any = answer.data
        for name in path if answer.errors else ():
            nodes = nodes.get(name) if isinstance(nodes, dict) else None
        for error in answer.errors:
            index: Any = error.path[len(path)]
            if not isinstance(nodes, list) or not 0 <= index < len(nodes):
                raise malformed(".".join(path))
            node = nodes[index] if isinstance(nodes[index], dict) else {}
            nodes[index] = {"id": node.get("id"), **failed_mark(_reported(error))}
        return answer.data

    def _execute(self, document: str, variables: Row, **options: Any) -> Answer:
        try:
            return self._graphql.execute(document, variables, **options)
        except RequestRejected as error:
            if found := unavailable(error):
                raise found from error
            raise

    def _observe(self, extensions: Row, headers: Mapping[str, str]) -> None:
        self._check_version(headers.get(VERSION_HEADER, ""))
        self._wait = self._regain_cost(extensions.get("cost"))

    def _check_version(self, version: str) -> None:
        """A version that has expired is silently replaced by the oldest one that is supported."""
        if version and version != API_VERSION:
            raise NeedsAttention(
                f"Shopify answered by version {version} of its API instead of {API_VERSION}, which has expired.",
                fix="Update SyncCenter to a release that supports a current version.",
            )

    def _regain_cost(self, cost: Any) -> timedelta:
        """When a call as expensive as the last one is affordable again. Until then, no worker makes a call."""
        match cost:
            case {
                "requestedQueryCost": int() | float() as wanted,
                "throttleStatus": {
                    "currentlyAvailable": int() | float() as left,
                    "restoreRate": int() | float() as rate,
                },
            } if rate > 0 and math.isfinite(wanted) and math.isfinite(left):
                wait = min(timedelta(seconds=max(0.0, wanted - left) / rate), _MAX_WAIT)
                if wait and self.http.budget:
                    self.http.budget.block(clock.now() + wait)
                return wait or _DEFAULT_WAIT
        return _DEFAULT_WAIT

    def _translate(self, error: GraphQLError) -> ConnectorError | None:
        if error.code == THROTTLED:
            return TryAgainLater(
                "The store's rate limit is used up.", not_before=clock.now() + self._wait, sent=False, status=429
            )
        if is_denied(error):
            return denied(error)
        if error.code in ("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE") or not error.code:
            return TryAgainLater(f"Shopify could not answer: {error.message[:300]}")
        return None

    def page(
        self, document: str, name: str, *, node_errors: bool = False, **variables: Any
    ) -> tuple[list[Any], str | None]:
        """The nodes of a page of the connection `name`, and the cursor of the next page. With `node_errors`, some of
        the nodes may be errors (`query_nodes`)."""
        path = (name, "nodes")
        data = self.query_nodes(document, path, **variables) if node_errors else self.query(document, **variables)
        return page_of(data, name, after=variables.get("after"))

    def complete(self, owner: Row, field: str, document: str) -> None:
        """Replace the connection `field` of an object by the list of all its nodes. `document` pages it by the object's
        ID: `node(id: $id)`."""
        nodes, after = connection_page(owner.get(field), field)
        while after is not None:
            node = self.query(document, id=owner["id"], after=after).get("node")
            more, following = connection_page(node.get(field) if isinstance(node, dict) else None, field)
            if following == after:
                raise ListingRepeats(f"Shopify returned the same page of {field} again: it ignores the cursor.")
            nodes, after = nodes + more, following
        owner[field] = nodes

    def nodes(
        self, document: str, ids: Sequence[str], *, size: int = IDS_PER_REQUEST, node_errors: bool = False
    ) -> list[Row]:
        """Those of the objects that exist, `size` per call. Raises instead of returning an incomplete result (L11).
        With `node_errors`, some of them may be errors (`query_nodes`)."""
        found: list[Row] = []
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            data = self.query_nodes(document, ("nodes",), ids=chunk) if node_errors else self.query(document, ids=chunk)
            nodes = data.get("nodes")
            if not isinstance(nodes, list) or len(nodes) != len(chunk):
                raise malformed("nodes")
            for asked, node in zip(chunk, nodes, strict=True):
                if details_problem(node):
                    node["id"] = asked
            # An ID of another type is answered by an object without fields.
            found += [each for each in nodes if isinstance(each, dict) and each.get("id")]
        return found

    def locations(self) -> list[Row]:
        """All locations of the store, also those that are inactive."""
        found: list[Row] = []
        after, first = None, True
        while first or after:
            rows, after = self.page(documents.LOCATIONS, "locations", after=after)
            first, found = False, found + [row for row in rows if isinstance(row, dict)]
        return found

    @cached_property
    def shop(self) -> Row:
        """Name, currency, time zone, domains and the granted scopes."""
        data = self.query(documents.SHOP)
        match data:
            case {"shop": {"id": str(), "currencyCode": str()} as shop, "currentAppInstallation": dict(installation)}:
                return {**shop, "scopes": installation.get("accessScopes")}
        raise malformed("shop")

    @property
    def scopes(self) -> set[str]:
        """The granted scopes. A scope to write includes the one to read."""
        handles = {str(each.get("handle")) for each in self.shop["scopes"] or () if isinstance(each, dict)}
        return handles | {each.replace("write_", "read_", 1) for each in handles if each.startswith("write_")}

    def clear_cache(self) -> None:
        """Fetch the store's information again on next use, because it may have changed."""
        vars(self).pop("shop", None)

    def link(self, page: str) -> str:
        """The page of the store's admin where a merchant edits an item."""
        host = self.http.base_url.partition("://")[2]
        return f"{self.http.base_url.partition('://')[0]}://{host}/admin/{page}"


def _reported(error: GraphQLError) -> str:
    return f"Shopify reports: {(error.message or error.code)[:300]}"


def page_of(data: Row, name: str, *, after: str | None) -> tuple[list[Any], str | None]:
    """The same of an answer. ListingRepeats if the next page is the one `after` which this one was asked for."""
    nodes, following = connection_page(data.get(name), name)
    if following is not None and following == after:
        raise ListingRepeats(f"Shopify returned the same page of {name} again: it ignores the cursor.")
    return nodes, following


def connection_page(connection: Any, name: str) -> tuple[list[Any], str | None]:
    """The nodes of a page of a connection, and the cursor of the next page."""
    match connection:
        case {"nodes": list(nodes), "pageInfo": {"hasNextPage": False}}:
            return nodes, None
        case {"nodes": list(nodes), "pageInfo": {"hasNextPage": True, "endCursor": str(after)}}:
            return nodes, after
    raise malformed(name)


def malformed(name: str) -> TryAgainLater:
    return TryAgainLater(f"{name}: Shopify returned data in an unexpected format.")


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(identifier: Any) -> str:
    """The number of a global ID, `gid://shopify/Product/17` or with a query behind it; empty if it is none."""
    if not isinstance(identifier, str) or not identifier.startswith("gid://shopify/"):
        return ""
    text = identifier.partition("?")[0].rpartition("/")[2]
    return text if whole_number(text) is not None else ""


def gids(kind: str, external_ids: Iterable[str]) -> list[str]:
    """Global IDs of those that are numbers, once each; others cannot exist in Shopify."""
    return [gid(kind, number) for number in numeric_ids(external_ids)]
