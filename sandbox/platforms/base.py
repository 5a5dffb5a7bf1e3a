"""What every platform is: accounts, routes, a state to compare with, a way back to its start."""

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


@dataclass(frozen=True)
class Options:
    """What the command line offers. `accounts` maps an account's name to its token."""

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
    inventory_lag_ms: int = 0
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    retry_scale: float = 1.0
    markets: dict[str, list[str]] = field(default_factory=lambda: {"uk": ["en-GB"]})
    import_ms: int = 0
    busy: str = "reject"

    async def latency(self) -> None:
        """The time a request takes at the vendor, so that requests sent side by side really overlap."""
        if self.latency_ms:
            await asyncio.sleep(self.latency_ms / 1000)


class UnknownStateKind(ValueError):
    """No such account or kind of data; the text names those there are."""


class Platform(ABC):
    """One vendor's stand-in, serving all its accounts."""

    name: ClassVar[str]

    def __init__(self, options: Options) -> None:
        self.options = options
        self.accounts = options.accounts

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The vendor's own interface."""

    @abstractmethod
    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Items of a kind after a key, and the key to go on from (None at the end); or `UnknownStateKind`."""

    @abstractmethod
    async def reset(self) -> None:
        """Back to the state after start."""

    def control_routes(self) -> list[BaseRoute]:
        """Control beyond what every platform has."""
        return []

    def rate_limited(self) -> Response:
        """How this vendor says that an account has asked too often."""
        return json_response({"status": 429, "title": "Too many requests"}, 429)

    async def stop(self) -> None:  # noqa: B027 - most platforms have nothing to end
        """Called before the server ends."""


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"content-type": "application/json", **(headers or {})})


def token_matches(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def annotate_call(request: Request, **facts: Any) -> None:
    """Tell the call log what only the platform knows: `account`, `items`, `ignored`."""
    for name, value in facts.items():
        setattr(request.scope["sandbox.call"], name, value)


class PagedDict(dict[str, Any]):
    """A dictionary that can be read page by page in order of key."""

    _order: list[str] | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self:
            self._order = None
        super().__setitem__(key, value)

    def drop(self, key: str) -> bool:
        """Remove a key; False if it is not there."""
        if key not in self:
            return False
        del self[key]
        self._order = None
        return True

    def page(self, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """At most `limit` keys above `after`, and the key to go on from (None at the end)."""
        start = self.position(after)
        keys = self._sorted()[start : start + limit]
        return keys, keys[-1] if keys and start + limit < len(self) else None

    def before(self, key: str, limit: int) -> list[str]:
        """The last `limit` keys up to and including `key`."""
        end = self.position(key)
        return self._sorted()[max(0, end - limit) : end]

    def position(self, after: str | None) -> int:
        return 0 if after is None else bisect_right(self._sorted(), after)

    def _sorted(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self)
        return self._order
