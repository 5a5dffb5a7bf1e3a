"""From an HTTP request to a handler: token, rate limit, concurrency, JSON body, error answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.limits import ConcurrencyLimiter, RateLimitWindow
from sandbox.platforms.base import Options, annotate_call, token_matches
from sandbox.platforms.bigcommerce.responses import ApiError, V2ApiError, not_found
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row


@dataclass
class ApiRequest:
    """One request as a handler sees it. `path` holds the numbers in the URL, `body` the parsed JSON."""

    store: Store
    path: dict[str, int]
    query: dict[str, str]
    body: Any
    overlap: int
    request: Request

    def annotate_call(self, **facts: Any) -> None:
        annotate_call(self.request, **facts)

    def product(self) -> Row:
        """The product named in the URL. Raises a 404 if it does not exist."""
        product = self.store.products.get(self.path["product_id"])
        if product is None:
            raise not_found("Product")
        return product


Handler = Callable[[ApiRequest], Response]


@dataclass(frozen=True)
class Operation:
    """One method on one path. A store runs at most `max_concurrent` requests of the same `concurrency_group` at a
    time.
    """

    method: str
    path: str
    handle: Handler
    concurrency_group: str | None = None
    max_concurrent: int = 1


class Account:
    """A store with its token, its rate limit and its requests in progress."""

    def __init__(self, name: str, token: str, options: Options) -> None:
        self.name = name
        self.token = token
        self.window = RateLimitWindow(options.quota, options.window_ms)
        self.concurrency = ConcurrencyLimiter()
        self.store = Store(name, options)

    def limit_headers(self) -> dict[str, str]:
        return {
            "X-Rate-Limit-Time-Window-Ms": str(self.window.window_ms),
            "X-Rate-Limit-Time-Reset-Ms": str(self.window.reset_ms),
            "X-Rate-Limit-Requests-Quota": str(self.window.quota),
            "X-Rate-Limit-Requests-Left": str(self.window.left),
        }


def routes(accounts: dict[str, Account], options: Options, operations: Iterable[Operation]) -> list[Route]:
    """Return the Starlette routes of the operations, all under `/stores/{hash}`."""
    return [
        Route(
            "/stores/{hash}" + operation.path,
            _endpoint(accounts, options, operation),
            methods=[operation.method],
        )
        for operation in operations
    ]


def _endpoint(accounts: dict[str, Account], options: Options, operation: Operation) -> Callable[[Request], Any]:
    error_class = V2ApiError if operation.path.startswith("/v2") else ApiError

    async def endpoint(request: Request) -> Response:
        account = accounts.get(request.path_params["hash"])
        given = request.headers.get("x-auth-token", "")
        if account is None or not token_matches(given, account.token):
            return error_class(401, "Unauthorized: the X-Auth-Token is not valid for this store").response()
        annotate_call(request, account=account.name)
        if not account.window.consume():
            answer = error_class(429, "Too many requests").response()
        else:
            with account.concurrency.enter(
                operation.concurrency_group or request, operation.max_concurrent
            ) as has_capacity:
                answer = await served(request, account) if has_capacity else _too_many_concurrent(operation).response()
        answer.headers.update(account.limit_headers())
        return answer

    async def served(request: Request, account: Account) -> Response:
        try:
            body = await _body(request, error_class)
            await options.latency()
            path = {name: value for name, value in request.path_params.items() if name != "hash"}
            overlap = request.scope.get("sandbox.overlap", 0)
            return operation.handle(ApiRequest(account.store, path, dict(request.query_params), body, overlap, request))
        except ApiError as error:
            return error.response()

    return endpoint


async def _body(request: Request, error_class: type[ApiError]) -> Any:
    if request.method == "GET" or (request.method == "DELETE" and not await request.body()):
        return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise error_class(415, "Content-Type must be application/json")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise error_class(400, f"Input is invalid JSON: {error}") from error
    annotate_call(request, items=len(body) if isinstance(body, list) else 1)
    return body


def _too_many_concurrent(operation: Operation) -> ApiError:
    return ApiError(429, f"At most {operation.max_concurrent} of these requests can run at the same time")
