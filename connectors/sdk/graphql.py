"""GraphQL over HTTP (https://spec.graphql.org): documents with variables, and errors that arrive with any status.

A platform adds what its specification leaves open: which of its codes mean what (`translate`), and what it says besides
the data, such as the cost of a query (`Answer.extensions`, `Answer.headers`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import ConnectorError, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

Data = dict[str, Any]
# Codes that servers based on Apollo, and others after them, use for a document that does not fit their schema.
_INVALID_DOCUMENT = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")


@dataclass(frozen=True, slots=True)
class GraphQLError:
    """An entry of `errors`. `code` is `extensions.code`, which most servers have; `path` names the field."""

    message: str
    code: str = ""
    path: tuple[str | int, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """`data`, `extensions` of the whole answer, the HTTP headers, and the errors that the caller tolerates."""

    data: Data
    extensions: Data
    headers: Mapping[str, str]
    errors: Sequence[GraphQLError] = ()


class GraphQLClient:
    """Calls one GraphQL endpoint. `translate` returns the error that an entry of `errors` means; None: the usual one.
    `observe` gets the `extensions` and the headers of every answer, before its errors: what a query cost, for example.

    With several entries, the first one counts that `translate` knows. An answer with data and errors is an error: half
    of a page must not be taken for the whole. Unless the caller tolerates all of them.
    """

    def __init__(
        self,
        http: HttpClient,
        path: str = "",
        *,
        translate: Callable[[GraphQLError], ConnectorError | None] = lambda error: None,
        observe: Callable[[Data, Mapping[str, str]], None] = lambda extensions, headers: None,
    ) -> None:
        self.http = http
        self.path = path
        self.translate = translate
        self.observe = observe

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> Data:
        """The data of a query or mutation. Raises as `execute` does."""
        return self.execute(document, variables).data

    def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tolerates: Callable[[GraphQLError], bool] = lambda error: False,
    ) -> Answer:
        """Raises what `HttpClient.request` raises, what `translate` returns, or else:

        NeedsAttention (the document does not fit the server's schema), SkipRecord (any other error of the request),
        TryAgainLater (an answer that is not GraphQL's).
        """
        body = {"query": document, "variables": dict(variables or {})}
        try:
            response = self.http.request("POST", self.path, body=body)
            answer = response.json()
        except RequestRejected as error:
            # Servers may also answer with 4xx to what they did not execute (GraphQL over HTTP).
            if errors := _errors(error.body):
                raise self._translated(errors) from error
            raise
        found = answer.get("extensions") if isinstance(answer, dict) else None
        extensions: Data = found if isinstance(found, dict) else {}
        self.observe(extensions, response.headers)
        errors = _errors(answer)
        if fatal := [each for each in errors if not tolerates(each)]:
            raise self._translated(fatal)
        match answer:
            case {"data": dict(data)}:
                return Answer(data, extensions, response.headers, errors)
        if errors:
            raise self._translated(errors)
        raise TryAgainLater("The answer is not one of a GraphQL server.")

    def _translated(self, errors: Sequence[GraphQLError]) -> ConnectorError:
        known = (found for each in errors if (found := self.translate(each)) is not None)
        if found := next(known, None):
            return found
        first = errors[0]
        if first.code in _INVALID_DOCUMENT:
            return NeedsAttention(
                f"The server does not know what is asked for: {first.message[:300]}",
                fix="Check that the platform's version is one that SyncCenter supports.",
            )
        return SkipRecord(issues.REJECTED(reason=first.message[:300]))


def union_member(value: Any, *names: str) -> Data:
    """The result of a mutation that returns a union, if it is one of these types.

    SkipRecord with the result's `message`, if it is another: platforms answer so when they reject something.
    TryAgainLater if it is no object with a `__typename`.
    """
    if not isinstance(value, dict) or not isinstance(value.get("__typename"), str):
        raise TryAgainLater("The result of a mutation has no type.")
    if value["__typename"] in names:
        return value
    raise SkipRecord(issues.REJECTED(reason=str(value.get("message") or value["__typename"])[:300]))


def _errors(answer: Any) -> list[GraphQLError]:
    """Empty if there are none, or if the answer is not one of GraphQL."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [_error(each) for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def _error(entry: Data) -> GraphQLError:
    extensions, path = entry.get("extensions"), entry.get("path")
    extensions = extensions if isinstance(extensions, dict) else {}
    return GraphQLError(
        message=str(entry.get("message", "")),
        code=str(extensions.get("code", "")),
        path=tuple(path) if isinstance(path, list) else (),
        extensions=extensions,
    )
