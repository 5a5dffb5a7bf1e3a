"""Base class of all platforms: accounts, routes, a readable state and a reset."""

import asyncio
import hmac
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.contracts.problems import Problem


@dataclass(frozen=True)
class Options:
    """The command-line options. `accounts` maps account names to tokens."""

    accounts: dict[str, str]
    products: int = 50
    customers: int = 0
    orders: int = 0
    seed: int = 1
    dirty: bool = True
    currency: str = "GBP"
    quota: int = 150
    window_ms: int = 30_000
    latency_ms: int = 0
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    retry_scale: float = 1.0
    markets: dict[str, list[str]] = field(default_factory=lambda: {"uk": ["en-GB"]})
    import_ms: int = 0
    contract: str = "enforce"

    async def latency(self) -> None:
        """Wait for the simulated duration of a request, so that concurrent requests really overlap."""
        if self.latency_ms:
            await asyncio.sleep(self.latency_ms / 1000)


class UnknownStateKind(ValueError):
    """Unknown account or kind of data; the message lists the known ones."""


class Platform(ABC):
    """One vendor's simulated platform, serving all its accounts."""

    name: ClassVar[str]

    def __init__(self, options: Options) -> None:
        self.options = options
        self.accounts = options.accounts

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Return the routes of the vendor's own API."""

    @abstractmethod
    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Return up to `limit` items of a kind after a key, and the key for the next page (None on the last). Raises
        `UnknownStateKind`.
        """

    @abstractmethod
    async def reset(self) -> None:
        """Restore the initial state."""

    def control_routes(self) -> list[BaseRoute]:
        """Return control routes that only this platform has."""
        return []

    def rate_limited(self) -> Response:
        """Return this vendor's answer to a request above the rate limit."""
        return json_response({"status": 429, "title": "Too many requests"}, 429)

    def invalid_request(self, problem: Problem) -> Response:
        """Return this vendor's answer to a request that breaks its contract (`sandbox/contracts`)."""
        return json_response({"status": 400, "title": problem.detail}, 400)

    def is_rejection(self, status: int, body: bytes) -> bool:
        """Return whether an answer says that the request was rejected."""
        return status >= 400

    async def stop(self) -> None:  # noqa: B027 - most platforms have nothing to end
        """Release resources. Called before the server exits."""


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"content-type": "application/json", **(headers or {})})


def token_matches(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def annotate_call(request: Request, **facts: Any) -> None:
    """Add to the call log what only the platform knows: `account`, `items`, `ignored`."""
    for name, value in facts.items():
        setattr(request.scope["sandbox.call"], name, value)


class PagedDict(dict[str, Any]):
    """A dictionary that can be read page by page in key order."""

    _order: list[str] | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self:
            self._order = None
        super().__setitem__(key, value)

    def drop(self, key: str) -> bool:
        """Remove a key. Returns False if it does not exist."""
        if key not in self:
            return False
        del self[key]
        self._order = None
        return True

    def page(self, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """Return up to `limit` keys above `after`, and the key for the next page (None on the last)."""
        start = self.position(after)
        keys = self._sorted()[start : start + limit]
        return keys, keys[-1] if keys and start + limit < len(self) else None

    def before(self, key: str, limit: int) -> list[str]:
        """Return the last `limit` keys up to and including `key`."""
        end = self.position(key)
        return self._sorted()[max(0, end - limit) : end]

    def position(self, after: str | None) -> int:
        return 0 if after is None else bisect_right(self._sorted(), after)

    def _sorted(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self)
        return self._order
