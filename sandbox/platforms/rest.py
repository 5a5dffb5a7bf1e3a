"""A custom system with our own small upsert-by-key protocol: "Custom system (REST)".

Bearer token. `PUT /v1/{kind}` takes up to 100 objects with a `key`, each replacing the object with that key; `DELETE
/v1/{kind}` takes up to 100 keys. Both answer `{"results": [{"key", "status", "errors"}]}` by position: an invalid item
fails alone. `GET /v1/{kind}?after=&limit=` reads in key order, `POST /v1/{kind}/find` returns the objects with up to
100 keys.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import (
    Options,
    PagedDict,
    Platform,
    UnknownStateKind,
    annotate_call,
    json_response,
    token_matches,
)

BATCH = 100
PAGE = 500
KEY_LENGTH = 191
Error = dict[str, str]
Check = Callable[[Any], str | None]


def text(max_length: int, *, empty: bool = True) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or len(value) > max_length or not (value or empty):
            return f"must be a string of {0 if empty else 1} to {max_length} characters"
        return "must not contain a NUL character" if "\0" in value else None

    return check


def number(minimum: float | None = None) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        return f"must be at least {minimum}" if minimum is not None and value < minimum else None

    return check


def email(value: Any) -> str | None:
    return None if isinstance(value, str) and value.count("@") == 1 else "must be an email address"


# Fields that are validated if present; those marked True are required. Other fields are stored unchanged.
KINDS: dict[str, dict[str, tuple[bool, Check]]] = {
    "products": {
        "title": (True, text(250, empty=False)),
        "sku": (False, text(255)),
        "price": (False, number(0)),
        "weight": (False, number(0)),
    },
    "stock": {"quantity": (True, number())},
    "prices": {"amount": (True, number(0)), "currency": (False, text(3, empty=False))},
    "customers": {"email": (True, email)},
    "orders": {"lines": (False, lambda value: None if isinstance(value, list) else "must be a list")},
    "categories": {"name": (True, text(255, empty=False))},
    "brands": {"name": (True, text(255, empty=False))},
}


def check_key(key: Any) -> list[Error]:
    problem = text(KEY_LENGTH, empty=False)(key)
    return [{"code": "invalid_key", "message": f"key {problem}", "property": "key"}] if problem else []


def check_item(kind: str, item: Any) -> list[Error]:
    """Return the errors of an item, field by field."""
    if not isinstance(item, dict):
        return [{"code": "not_an_object", "message": "an item must be an object with a key", "property": ""}]
    errors = check_key(item.get("key"))
    for name, (required, check) in KINDS[kind].items():
        if item.get(name) is None:
            if required:
                errors.append({"code": "missing", "message": f"{name} is required", "property": name})
        elif problem := check(item[name]):
            errors.append({"code": "invalid", "message": f"{name} {problem}", "property": name})
    return errors


class Account:
    """The data of one account, and the number of writes of each key."""

    def __init__(self) -> None:
        self.items = {kind: PagedDict() for kind in KINDS}
        self.writes: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}

    def put(self, kind: str, item: Any) -> dict[str, Any]:
        errors = check_item(kind, item)
        key = item.get("key") if isinstance(item, dict) else None
        if errors:
            return {"key": key, "status": "error", "errors": errors}
        self.items[kind][item["key"]] = item
        self.writes[kind][item["key"]] += 1
        return {"key": key, "status": "ok", "errors": []}

    def delete(self, kind: str, key: Any) -> dict[str, Any]:
        """Deleting a missing key succeeds, so that a call can be repeated."""
        if errors := check_key(key):
            return {"key": key, "status": "error", "errors": errors}
        if self.items[kind].drop(key):
            self.writes[kind][key] += 1
        return {"key": key, "status": "ok", "errors": []}


class Rest(Platform):
    """The custom system, with one `Account` per token."""

    name = "rest"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.data = {name: Account() for name in self.accounts}

    def routes(self) -> list[BaseRoute]:
        # The contract has rules of its own for the objects of these kinds.
        return [
            route
            for kind in ("customers", "orders", "{kind}")
            for route in (
                Route(f"/v1/{kind}", self._guarded(self._put), methods=["PUT"]),
                Route(f"/v1/{kind}", self._guarded(self._delete), methods=["DELETE"]),
                Route(f"/v1/{kind}", self._guarded(self._list)),
                Route(f"/v1/{kind}/find", self._guarded(self._find), methods=["POST"]),
            )
        ]

    def invalid_request(self, problem: Problem) -> Response:
        return error_response(413 if problem.rule == "maxItems" else 400, "contract", problem.detail)

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Items by key. Kind `writes:<kind>` has `{"key", "writes"}`, the number of writes of each key."""
        counting = kind.startswith("writes:")
        kind = kind.removeprefix("writes:")
        if account not in self.data or kind not in KINDS:
            raise UnknownStateKind(
                f"accounts: {', '.join(self.data)}; kinds: {', '.join(KINDS)}, each also as writes:…"
            )
        stored = PagedDict(self.data[account].writes[kind]) if counting else self.data[account].items[kind]
        keys, following = stored.page(after, limit)
        return [{"key": key, "writes": stored[key]} if counting else stored[key] for key in keys], following

    async def reset(self) -> None:
        self.data = {name: Account() for name in self.accounts}

    def _guarded(self, handle: Callable[[Request, Account, str], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            name = next((n for n, token in self.accounts.items() if token_matches(given, token)), None)
            if name is None:
                return error_response(401, "unauthorized", "a valid token is required as Authorization: Bearer TOKEN")
            annotate_call(request, account=name)
            kind = request.path_params.get("kind") or request.url.path.split("/")[2]
            if kind not in KINDS:
                return error_response(404, "unknown_kind", f"kind must be one of {', '.join(KINDS)}")
            return await handle(request, self.data[name], kind)

        return endpoint

    async def _put(self, request: Request, account: Account, kind: str) -> Response:
        return await self._batch(request, lambda items: results(account.put(kind, item) for item in items))

    async def _delete(self, request: Request, account: Account, kind: str) -> Response:
        return await self._batch(request, lambda keys: results(account.delete(kind, key) for key in keys))

    async def _find(self, request: Request, account: Account, kind: str) -> Response:
        def find(keys: list[Any]) -> Response:
            if errors := [error for key in keys for error in check_key(key)]:
                return error_response(400, errors[0]["code"], errors[0]["message"])
            stored = account.items[kind]
            return json_response({"items": [stored[key] for key in dict.fromkeys(keys) if key in stored]})

        return await self._batch(request, find)

    async def _batch(self, request: Request, answer: Callable[[list[Any]], Response]) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return error_response(415, "content_type", "Content-Type must be application/json")
        try:
            batch = orjson.loads(await request.body())
        except orjson.JSONDecodeError as error:
            return error_response(400, "not_json", str(error))
        if not isinstance(batch, list) or not batch:
            return error_response(400, "not_a_list", "the body must be a list with at least one item")
        if len(batch) > BATCH:
            return error_response(413, "too_many", f"at most {BATCH} items per call")
        annotate_call(request, items=len(batch))
        return answer(batch)

    async def _list(self, request: Request, account: Account, kind: str) -> Response:
        limit = request.query_params.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= PAGE:
            return error_response(400, "limit", f"limit must be an integer from 1 to {PAGE}")
        stored = account.items[kind]
        after = request.query_params.get("after")
        keys, following = stored.page(after, int(limit))
        if after is not None and (overlap := request.scope.get("sandbox.overlap")):
            keys = stored.before(after, overlap) + keys
        annotate_call(request, items=len(keys))
        return json_response({"items": [stored[key] for key in keys], "next": following})


def results(each: Iterable[dict[str, Any]]) -> Response:
    return json_response({"results": list(each)})


def error_response(status: int, code: str, message: str) -> Response:
    return json_response({"error": {"code": code, "message": message}}, status)
