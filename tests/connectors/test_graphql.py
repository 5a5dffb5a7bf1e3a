"""GraphQL over HTTP: errors arrive with status 200, and half an answer is none."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.errors import ConnectorError, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.graphql import GraphQLClient, GraphQLError, union_member
from connectors.sdk.http import HttpClient
from sandbox.process import SandboxProcess

DATA = {"shop": {"name": "Lamps"}}


def throttled(error: GraphQLError) -> ConnectorError | None:
    return TryAgainLater(error.message) if error.code == "THROTTLED" else None


@pytest.fixture
def ask(sandbox: Callable[..., SandboxProcess]) -> Callable[..., Any]:
    """`ask(status, body)`: what a client makes of this answer."""
    server = sandbox("rest", accounts={"erp": "erp-token"})

    def ask(status: int, body: object, tolerates: Callable[[GraphQLError], bool] = lambda error: False) -> Any:
        server.clear_faults()
        server.fault("status", status=status, body=body)
        http = HttpClient(server.url, deadline=5, private_hosts=["127.0.0.1"])
        try:
            client = GraphQLClient(http, "/graphql", translate=throttled)
            return client.execute("{ shop { name } }", tolerates=tolerates)
        finally:
            http.close()

    return ask


def test_an_answer_has_data_and_extensions(ask: Callable[..., Any]) -> None:
    answer = ask(200, {"data": DATA, "extensions": {"cost": 3}})
    assert (answer.data, answer.extensions) == (DATA, {"cost": 3})


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["GRAPHQL_VALIDATION_FAILED"], NeedsAttention),
        (["BAD_USER_INPUT"], SkipRecord),
        (["BAD_USER_INPUT", "THROTTLED"], TryAgainLater),
        ([None], SkipRecord),
    ],
)
def test_errors_are_never_data(
    status: int, codes: list[str | None], expected: type[ConnectorError], ask: Callable[..., Any]
) -> None:
    errors = [{"message": "No.", "extensions": {"code": code} if code else None} for code in codes]
    with pytest.raises(expected, match="No"):
        ask(status, {"data": DATA, "errors": errors})


@pytest.mark.parametrize("body", [{"surprise": []}, [], {"data": None}, {"data": None, "errors": []}], ids=str)
def test_what_is_not_graphql_is_tried_again(body: object, ask: Callable[..., Any]) -> None:
    with pytest.raises(TryAgainLater):
        ask(200, body)


def test_errors_are_tolerated_only_beside_data(ask: Callable[..., Any]) -> None:
    errors = [{"message": "No.", "extensions": {"code": "BAD_USER_INPUT"}}]
    answer = ask(200, {"data": DATA, "errors": errors}, lambda error: True)
    assert (answer.data, [each.message for each in answer.errors]) == (DATA, ["No."])
    with pytest.raises(SkipRecord, match="No"):
        ask(200, {"data": None, "errors": errors}, lambda error: True)


def test_a_union_tells_success_from_rejection() -> None:
    refund = {"__typename": "Refund", "id": "1"}
    assert union_member(refund, "Refund") == refund
    with pytest.raises(SkipRecord, match="Too much"):
        union_member({"__typename": "AmountError", "message": "Too much."}, "Refund")
    with pytest.raises(TryAgainLater):
        union_member(None, "Refund")
