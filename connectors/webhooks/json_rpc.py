"""Callbacks as a JSON-RPC batch with the API key in the body: verification, calls to store, response.

`[{"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": …}}, {"jsonrpc": "2.0", "method": …, "params": …, "id": …}]`

A call may also stand alone, without a list. It has no room for the key, so it carries it in the header
`X-SyncCenter-Secret`: how such a call is authenticated is not documented.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from connectors.webhooks.schemes import SECRET_HEADER, Untrusted

_UNAUTHORIZED = {"code": -32001, "message": "Could not authorize request"}


def verify(secret: str, batch: Any) -> None:
    """Verify that the first call of the batch contains the key. Raises Untrusted with an answer in JSON-RPC format."""
    match batch:
        case [{"method": "auth", "params": {"apiKey": str(given)}}, *_] if secret:
            if not hmac.compare_digest(given.encode(), secret.encode()):
                raise Untrusted("wrong secret", answer=answer(batch, _UNAUTHORIZED))
            return
    raise Untrusted(
        "no known signature",
        answer=answer(batch, _UNAUTHORIZED) if isinstance(batch, list) else None,
    )


def verify_single(secret: str, call: dict[str, Any], headers: Mapping[str, str]) -> None:
    """Verify that the headers of a single call contain the key. Raises Untrusted with an answer in JSON-RPC format."""
    given = headers.get(SECRET_HEADER, "")
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        reason = "wrong secret" if given else "no known signature"
        raise Untrusted(reason, answer=next(iter(answer([call], _UNAUTHORIZED)), None))


def calls(batch: list[Any]) -> list[Any]:
    """The calls to store: all except the one with the key."""
    return [call for call in batch if not (isinstance(call, dict) and call.get("method") == "auth")]


def answer(batch: list[Any], error: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The response to a batch: a success for the ID of each call, or `error` if given."""
    ids = [call["id"] for call in batch if isinstance(call, dict) and "id" in call]
    outcome: dict[str, Any] = {"result": {"status": "success"}} if error is None else {"error": error}
    return [{"jsonrpc": "2.0", **outcome, "id": each} for each in ids]
