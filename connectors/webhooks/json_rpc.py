"""Callbacks as a JSON-RPC batch that carries its key in the body: who calls, what is kept of it, how it is answered.

`[{"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": …}}, {"jsonrpc": "2.0", "method": …, "params": …, "id": …}]`
"""

import hmac
from typing import Any

from connectors.webhooks.schemes import Untrusted

_UNAUTHORISED = {"code": -32001, "message": "Could not authorize request"}


def verify(secret: str, batch: Any) -> None:
    """Trust the batch if its first call gives the key. Raises Untrusted with an answer that the sender understands."""
    match batch:
        case [{"method": "auth", "params": {"apiKey": str(given)}}, *_] if secret:
            if not hmac.compare_digest(given.encode(), secret.encode()):
                raise Untrusted("wrong secret", answer=answer(batch, _UNAUTHORISED))
            return
    raise Untrusted(
        "no signature that this connection knows",
        answer=answer(batch, _UNAUTHORISED) if isinstance(batch, list) else None,
    )


def calls(batch: list[Any]) -> list[Any]:
    """What may be stored: all calls but the one that carries the key."""
    return [call for call in batch if not (isinstance(call, dict) and call.get("method") == "auth")]


def answer(batch: list[Any], error: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What the sender takes for an acknowledgement (without `error`) or a refusal: one answer for each call's id."""
    ids = [call["id"] for call in batch if isinstance(call, dict) and "id" in call]
    outcome: dict[str, Any] = {"result": {"status": "success"}} if error is None else {"error": error}
    return [{"jsonrpc": "2.0", **outcome, "id": each} for each in ids]
