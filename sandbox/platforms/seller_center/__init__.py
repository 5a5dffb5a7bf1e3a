"""The common part of Seller Center's simulated shop and OMS: signed calls, listings, control routes.

Every call is a POST with a JSON body, signed in its query string: ServiceName (the account's name), Timestamp (at most
five minutes off), Signature (hex HMAC-SHA256 with the account's token over all other parameters, sorted, encoded by RFC
3986).

All accounts of one server start with the same data, like a live system and its staging copy; control calls then make
them diverge. Control routes: `POST delete {"account", "kind", "ids"}` deletes items; `POST sequence {"account", "kind",
"next"}` sets the next ID, even to one that is in use.
"""

import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, PagedDict, Platform, UnknownStateKind, annotate_call, json_response

MAX_IDS = 1000
TOLERANCE = timedelta(minutes=5)
Row = dict[str, Any]


class InvalidRequest(ValueError):
    """The request is invalid; the message says why."""


class ChangeOrderedTable:
    """Items of one kind, by ID and in order of change."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.rows = PagedDict()
        self._changes = PagedDict()
        self.next_id = 1

    def allocate_id(self) -> str:
        self.next_id += 1
        return str(self.next_id - 1)

    def put(self, row: Row, *, at: datetime | None = None) -> None:
        """Store a row under its `id` and update its modification time, unless told otherwise or nothing changed."""
        before = self.rows.get(row["id"])
        if before is not None:
            if {**before, **row} == before and before.keys() == row.keys() | {"updated_at"}:
                return
            self._changes.drop(_position(before))
        row = {**row, "updated_at": (at or self._clock.now()).isoformat(timespec="microseconds")}
        self.rows[row["id"]] = row
        self._changes[_position(row)] = row

    def drop(self, row_id: str) -> bool:
        row = self.rows.get(row_id)
        if row is not None:
            self._changes.drop(_position(row))
        return self.rows.drop(row_id)

    def changes(
        self, since: str | None, after: Row | None, limit: int, overlap: int, wanted: Row
    ) -> tuple[list[Row], Any]:
        """Return rows in order of change that match `wanted`, and the cursor for the next page (None on the last)."""
        position = _position(after) if after else _start_position(since)
        found: list[Row] = (
            [self._changes[key] for key in self._changes.before(position, overlap)] if after and position else []
        )
        read = 0
        while True:
            keys, following = self._changes.page(position, MAX_IDS)
            for key in keys:
                row = self._changes[key]
                if all(row.get(name) == value for name, value in wanted.items()):
                    if read == limit:
                        return found, {"updated_at": found[-1]["updated_at"], "id": found[-1]["id"]}
                    found.append(row)
                    read += 1
            if following is None:
                return found, None
            position = following


def _position(row: Row) -> str:
    return f"{datetime.fromisoformat(row['updated_at']).astimezone(UTC).isoformat(timespec='microseconds')} {row['id']}"


def _start_position(since: str | None) -> str | None:
    if since is None:
        return None
    return datetime.fromisoformat(since).astimezone(UTC).isoformat(timespec="microseconds")


class Clock:
    """A clock that never returns the same time twice, so that later changes always sort later."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last


class Account:
    """The data of one account: one table per kind."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.clock = Clock()
        self.tables = {kind: ChangeOrderedTable(self.clock) for kind in kinds}


A = TypeVar("A", bound=Account)


class SellerCenter(Platform, Generic[A]):
    """Signed POSTs, `/lookup`, `/list` and `/read` for the available kinds, and control routes."""

    listed: tuple[str, ...]
    readable: tuple[str, ...]

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.data: dict[str, A] = {name: self.fill() for name in self.accounts}

    @abstractmethod
    def fill(self) -> A:
        """Create the initial data of an account."""

    @abstractmethod
    async def push(self, name: str, account: A, body: Row, request: Request) -> Response:
        """Handle the vendor's own call, at the root URL."""

    def routes(self) -> list[BaseRoute]:
        answers: list[tuple[str, Any]] = [("/", self.push), ("/read", self._read)]
        if self.listed:
            answers += [("/lookup", self._lookup), ("/list", self._list)]
        return [Route(path, self._signed(answer), methods=["POST"]) for path, answer in answers]

    def control_routes(self) -> list[BaseRoute]:
        return [self.control("delete", self._delete), self.control("sequence", self._sequence)]

    def control(self, name: str, action: Callable[[A, Row], Any]) -> Route:
        """Return the route `POST /_sandbox/{name}`. `action` gets the account named in the body, and the body."""

        async def endpoint(request: Request) -> Response:
            try:
                body = _object(await request.body())
                account = self.data.get(body.get("account") or next(iter(self.data)))
                if account is None:
                    raise InvalidRequest(f"accounts: {', '.join(self.data)}")
                return json_response(action(account, body))
            except (InvalidRequest, KeyError, TypeError) as error:
                return json_response({"error": str(error)}, 400)

        return Route(f"/_sandbox/{name}", endpoint, methods=["POST"])

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        if account not in self.data or kind not in self.data[account].tables:
            kinds = next(iter(self.data.values())).tables
            raise UnknownStateKind(f"accounts: {', '.join(self.data)}; kinds: {', '.join(kinds)}")
        rows = self.data[account].tables[kind].rows
        keys, following = rows.page(after, limit)
        return [rows[key] for key in keys], following

    async def reset(self) -> None:
        self.data = {name: self.fill() for name in self.accounts}

    def invalid_request(self, problem: Problem) -> Response:
        return error_response(400, problem.detail)

    def is_rejection(self, status: int, body: bytes) -> bool:
        """Rejected calls are answered with status 200, and an error in the body."""
        return status >= 400 or b'"error"' in body or b'"ErrorResponse"' in body

    # Calls

    def _signed(self, answer: Callable[[str, A, Row, Request], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            parameters = dict(request.query_params)
            name = parameters.get("ServiceName", "")
            token = self.accounts.get(name)
            if token is None or not is_signed(parameters, token):
                return error_response(401, "ServiceName, Timestamp and Signature must be valid")
            annotate_call(request, account=name)
            if request.headers.get("content-type", "").partition(";")[0] != "application/json":
                return error_response(415, "Content-Type must be application/json")
            try:
                return await answer(name, self.data[name], _object(await request.body()), request)
            except InvalidRequest as invalid:
                return error_response(400, str(invalid))

        return endpoint

    async def _lookup(self, name: str, account: A, body: Row, request: Request) -> Response:
        check_fields(body, "kind", "ids")
        rows = account.tables[_kind(body, self.listed)].rows
        ids = string_list(body, "ids")
        annotate_call(request, items=len(ids))
        return json_response({"found": [each for each in ids if each in rows]})

    async def _list(self, name: str, account: A, body: Row, request: Request) -> Response:
        check_fields(body, "kind", "after", "limit")
        rows = account.tables[_kind(body, self.listed)].rows
        after = body.get("after")
        keys, following = rows.page(after, _limit(body))
        if after is not None and (overlap := request.scope.get("sandbox.overlap")):
            keys = rows.before(after, overlap) + keys
        annotate_call(request, items=len(keys))
        return json_response({"ids": keys, "next": following})

    async def _read(self, name: str, account: A, body: Row, request: Request) -> Response:
        table = account.tables[_kind(body, self.readable)]
        wanted = {"seller": body["seller"]} if "seller" in body else {}
        if "ids" in body:
            check_fields(body, "kind", "ids", "seller")
            rows = [table.rows[each] for each in dict.fromkeys(string_list(body, "ids")) if each in table.rows]
            rows = [row for row in rows if row.get("seller") == wanted.get("seller", row.get("seller"))]
            annotate_call(request, items=len(rows))
            return json_response({"items": rows})
        check_fields(body, "kind", "updated_since", "after", "limit", "seller")
        overlap = request.scope.get("sandbox.overlap", 0)
        try:
            rows, following = table.changes(body.get("updated_since"), body.get("after"), _limit(body), overlap, wanted)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidRequest(
                f"updated_since must be a time, and after a value returned as next: {error}"
            ) from error
        annotate_call(request, items=len(rows))
        return json_response({"items": rows, "next": following})

    # Control routes

    def _delete(self, account: A, body: Row) -> Row:
        table = account.tables[_kind(body, tuple(account.tables))]
        return {"deleted": [each for each in string_list(body, "ids") if table.drop(each)]}

    def _sequence(self, account: A, body: Row) -> Row:
        following = body.get("next")
        if not isinstance(following, int) or following < 1:
            raise InvalidRequest("next must be a positive integer")
        account.tables[_kind(body, tuple(account.tables))].next_id = following
        return {"next": following}


def is_signed(parameters: dict[str, str], token: str) -> bool:
    given = parameters.pop("Signature", "")
    text = "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))
    wanted = hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(parameters.get("Timestamp", ""))
    except (ValueError, TypeError):
        return False
    return hmac.compare_digest(wanted, given) and abs(age) <= TOLERANCE


def _object(body: bytes) -> Row:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(str(error)) from error
    if not isinstance(parsed, dict):
        raise InvalidRequest("the body must be an object")
    return parsed


def check_fields(body: Row, *names: str) -> None:
    if unknown := body.keys() - set(names):
        raise InvalidRequest(f"unknown fields: {', '.join(sorted(unknown))}; known: {', '.join(names)}")


def string_list(body: Row, name: str, maximum: int = MAX_IDS) -> list[str]:
    given = body.get(name)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given) or len(given) > maximum:
        raise InvalidRequest(f"{name} must be a list of at most {maximum} strings")
    return given


def _kind(body: Row, kinds: tuple[str, ...]) -> str:
    if body.get("kind") not in kinds:
        raise InvalidRequest(f"kind must be one of {', '.join(kinds)}")
    return str(body["kind"])


def _limit(body: Row) -> int:
    limit = body.get("limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_IDS:
        raise InvalidRequest(f"limit must be an integer from 1 to {MAX_IDS}")
    return limit


def error_response(status: int, message: str) -> Response:
    return json_response({"error": {"message": message}}, status)
