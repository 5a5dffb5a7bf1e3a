"""Calls to a system that implements the protocol of docs/platforms/rest.md."""

from collections.abc import Sequence
from typing import Any

from connectors.sdk.account import Account
from connectors.sdk.errors import BatchRejected, NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

BATCH_SIZE = 100
PAGE_SIZE = 100

Row = dict[str, Any]


class RestClient:
    """The API of one system. `path` is a collection of the protocol, such as `products`."""

    def __init__(self, account: Account[Any, Any, Any], http: HttpClient) -> None:
        self.settings = account.settings
        self.http = http

    def list_page(self, path: str, **query: Any) -> Row:
        """A page of a collection: `{"items": […], "next": cursor or null}`."""
        answer = self._read("GET", f"/v1/{path}", params=query)
        match answer:
            case {"items": list(), "next": str() | int() | None}:
                return answer
        raise TryAgainLater(f"/v1/{path} did not return a list of items.")

    def keyed_page(self, path: str, cursor: Any) -> Row:
        """A page of a collection. TryAgainLater if an item has no key."""
        answer = self.list_page(path, limit=PAGE_SIZE, **({} if cursor is None else {"after": cursor}))
        if not all(isinstance(each, dict) and isinstance(each.get("key"), str | int) for each in answer["items"]):
            raise TryAgainLater(f"/v1/{path} returned items without keys.")
        return answer | {"items": [each | {"key": str(each["key"])} for each in answer["items"]]}

    def find(self, path: str, keys: Sequence[str]) -> list[Row]:
        """The objects that exist under the keys, with one call per hundred keys."""
        found: list[Row] = []
        for start in range(0, len(keys), BATCH_SIZE):
            requested = list(keys[start : start + BATCH_SIZE])
            match self._read("POST", f"/v1/{path}/find", body=requested):
                case {"items": list(items)} if all(
                    isinstance(each, dict) and str(each.get("key")) in requested for each in items
                ):
                    found += items
                case _:
                    raise TryAgainLater(f"/v1/{path}/find did not return a list of the requested items.")
        return found

    def write(self, method: str, path: str, body: list[Any]) -> list[Any]:
        """One result for each object of the body. BatchRejected if the system rejects the whole batch."""
        try:
            answer = self.http.request(method, f"/v1/{path}", body=body).json()
        except RequestRejected as error:
            if error.status in (404, 405):
                raise _unsuitable(f"/v1/{path}", error) from error
            raise BatchRejected(str(error)) from error
        match answer:
            case {"results": list(results)} if len(results) == len(body):
                return results
        raise TryAgainLater(f"{method} /v1/{path} did not return one result for each of {len(body)} objects.")

    def _read(self, method: str, path: str, **options: Any) -> Any:
        try:
            return self.http.request(method, path, **options).json()
        except RequestRejected as error:
            raise _unsuitable(path, error) from error


def _unsuitable(path: str, error: RequestRejected) -> NeedsAttention:
    return NeedsAttention(
        f"The system has no {path} ({error.status}).",
        fix="Correct the connection's URL, or add this collection to the system (docs/platforms/rest.md).",
        status=error.status,
    )
