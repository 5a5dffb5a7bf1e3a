"""Callbacks as a JSON-RPC batch that carries its key in the body: who calls, what is kept of it, how it is answered.

`[{"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": …}}, {"jsonrpc": "2.0", "method": …, "params": …, "id": …}]`
"""

import hmac
from typing import Any

from connectors.webhooks.schemes import Untrusted

UNAUTHORISED = {"code": -32001, "message": "Could not authorize request"}


def verify(secret: str, batch: list[Any]) -> None:
    """Trust the batch if its first call gives the key. Raises Untrusted."""
    match batch:
        case [{"method": "auth", "params": {"apiKey": str(given)}}, *_] if secret:
            if not hmac.compare_digest(given.encode(), secret.encode()):
                raise Untrusted("wrong secret")
            return
    raise Untrusted("no signature that this connection knows")


def without_key(batch: list[Any]) -> dict[str, Any]:
    """What may be stored: `{"calls": […]}`, without the call that carries the key."""
    return {"calls": [call for call in batch if not (isinstance(call, dict) and call.get("method") == "auth")]}


def answer(batch: list[Any], error: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What the sender takes for an acknowledgement (without `error`) or a refusal: one answer for each call's id."""
    ids = [call["id"] for call in batch if isinstance(call, dict) and "id" in call]
    outcome: dict[str, Any] = {"result": {"status": "success"}} if error is None else {"error": error}
    return [{"jsonrpc": "2.0", **outcome, "id": each} for each in ids]
