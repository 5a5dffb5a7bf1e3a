"""Calls to one site of SparkLayer, and what its refusals mean.

https://docs.sparklayer.io/developers/api has what every call carries. Paths that no page of today documents are
gathered in `UNDOCUMENTED_PATHS`, so that there is one place to correct.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.contract import Account, Action, Operation, Outcome
from connectors.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import HttpClient, Refused, Response
from connectors.platforms.sparklayer.authentication import TokenCache

# Products and variants are those of the vendor's earlier reference ("Core API", 2023), which takes either id there.
# A customer's reading and deletion are documented, their path is not: taken to be that of the replacement.
UNDOCUMENTED_PATHS = {
    "products": "/api/v1/products",
    "product": "/api/v1/products/{}",
    "variant": "/api/v1/variants/{}",
    "customer": "/api/v2/customers/{}/{}",
}

FIX = "Correct the item where it comes from; it is sent again as soon as it changes."


class ConcurrentUpdate(TryAgainLater):
    """A 409 that names no field: somebody else is writing there. Nothing was carried out."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: another update is under way there.", sent=False)


class SparkLayerClient:
    """The HTTP client with a token that is renewed once when it is refused."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        self.http = http
        self._tokens = TokenCache(account, http)

    def call(self, method: str, path: str, *ids: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON, None if it has no body; `ids` are put into the path's gaps.

        Raises as `HttpClient.request`, and Conflict. What is raised names the path without what was put into it, which
        may be somebody's e-mail address.
        """
        url_path = path.format(*(quote(each, safe="") for each in ids))
        try:
            answer = self._authorized(method, url_path, body, params)
        except Refused as refused:
            if refused.status == 409 and not errors_of(refused):
                raise ConcurrentUpdate(f"{method} {path}") from None
            raise
        except TryAgainLater as error:
            error.args = (str(error).replace(url_path, path),)
            raise
        return answer.json() if answer.content else None

    def _authorized(self, method: str, url_path: str, body: Any, params: Mapping[str, Any] | None) -> Response:
        """A token that is refused is renewed, once."""
        try:
            return self._request(method, url_path, body, params)
        except NeedsAttention as refused:
            if refused.status != 401:
                raise
        self._tokens.invalidate()
        return self._request(method, url_path, body, params)

    def _request(self, method: str, url_path: str, body: Any, params: Mapping[str, Any] | None) -> Response:
        headers = {"Authorization": f"Bearer {self._tokens.access_token()}"}
        return self.http.request(method, url_path, body=body, params=params, headers=headers)


def errors_of(refused: Refused) -> list[dict[str, Any]]:
    """`errors[]` of a problem (RFC 7807): `code`, `message`, `property`."""
    body = refused.body
    errors = body.get("errors") if isinstance(body, dict) else None
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def names_property(refused: Refused, part: str) -> bool:
    """Whether the refusal is about a property with this in its name."""
    return any(part in str(each.get("property", "")) for each in errors_of(refused))


def refusal_error(refused: Refused) -> SkipRecord:
    """The refusal of one item, in SparkLayer's words."""
    body = refused.body if isinstance(refused.body, dict) else {}
    named = [(each.get("property") or "item", each.get("message") or each.get("code")) for each in errors_of(refused)]
    reasons = "; ".join(f"{where}: {what}" for where, what in named)
    text = reasons or body.get("detail") or body.get("title") or f"it gives no reason ({refused.status})"
    return SkipRecord(f"SparkLayer refuses it: {text!s:.500}", code=refused.code, fix=FIX)


def send_each(operations: Sequence[Operation], send: Callable[[Operation], Outcome]) -> list[Outcome]:
    """Where there is no batch: what one is refused for, or clashes over, holds up no other."""
    outcomes = []
    for operation in operations:
        try:
            if operation.action is Action.REMOVE and not operation.external_id:
                raise missing_id_error()
            outcomes.append(send(operation))
        except Refused as refused:
            outcomes.append(Outcome(error=refusal_error(refused)))
        except (SkipRecord, ConcurrentUpdate) as problem:
            outcomes.append(Outcome(error=problem))
    return outcomes


def missing_id_error() -> SkipRecord:
    """For a removal of what was sent by a call that nobody answered: its id there was never told."""
    return SkipRecord(
        "It may have reached SparkLayer by a call that was never answered.",
        code="unknown_id",
        fix="Look for it in the SparkLayer dashboard, and remove it there.",
    )
