"""Contracts: they are complete, cite the source of each rule, and find violations in requests and responses."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Scope

from sandbox.contracts import STRENGTHS, contract_of, document_of, platforms
from sandbox.contracts.contract import Contract, Operation, RequestMessage, ResponseMessage
from sandbox.contracts.middleware import ContractMiddleware, ViolationLog
from sandbox.contracts.page import PAGE, page
from sandbox.contracts.problems import Problem
from sandbox.platforms import PLATFORMS, platform_class
from sandbox.platforms.base import Options, Platform, json_response
from sandbox.process import SandboxProcess

ROOT = Path(__file__).parents[2]
JSON = {"content-type": "application/json"}
OPERATIONS = [
    pytest.param(operation, id=f"{platform} {operation.method} {operation.template}")
    for platform in platforms()
    for operation in contract_of(platform).operations
]


def marked(node: Any) -> Iterator[dict[str, Any]]:
    """All parts of a document that give a source or a strength."""
    if isinstance(node, dict):
        if {"x-source", "x-strength"} & node.keys():
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from marked(each)


def test_every_platform_has_a_contract() -> None:
    assert platforms() == sorted(PLATFORMS)


@pytest.mark.parametrize("platform", platforms())
def test_a_contract_is_valid_openapi(platform: str) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document_of(platform)).iter_errors()] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_where_it_comes_from(operation: Operation) -> None:
    assert {"summary", "x-source", "x-strength"} <= operation.spec.keys()


@pytest.mark.parametrize("platform", platforms())
def test_every_source_is_a_page_or_a_document_of_ours(platform: str) -> None:
    document = document_of(platform)
    rules = list(marked(document))
    assert document["x-rate-limit"] in rules and document["x-paging"] in rules
    for rule in rules:
        assert rule["x-strength"] in STRENGTHS
        address = urlsplit(rule["x-source"])
        assert (address.scheme in ("http", "https") and address.hostname) or (ROOT / rule["x-source"]).is_file()


@pytest.mark.parametrize("platform", platforms())
def test_a_contract_has_the_routes_of_its_platform(platform: str) -> None:
    """Placeholders may have other names and types; the image feed serves two files by one route."""
    simulator = platform_class(platform)(Options(accounts={"account": "token"}, products=1))
    served = {
        (method, re.sub(r"\{[^}]*\}", "{}", route.path))
        for route in simulator.routes()
        if isinstance(route, Route)
        for method in (route.methods or ())
        if method != "HEAD"
    }
    described = {(each.method.upper(), each.template) for each in contract_of(platform).operations}
    if platform == "image_feed":
        described = {(method, re.sub(r"\.\w+$", ".{}", path)) for method, path in described}
    assert {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path in described} == served


@pytest.mark.parametrize("platform", platforms())
def test_rejections_conform_to_the_contract(platform: str) -> None:
    """The answers to a broken contract, and to too many requests where the contract has them."""
    simulator = platform_class(platform)(Options(accounts={"account": "token"}, products=1))
    for operation in contract_of(platform).operations:
        template = re.sub(r"\{[^}]*\}", "1", operation.template)
        request = RequestMessage.of(operation.method, template, "", {}, None)
        answers = [simulator.invalid_request(Problem("body", "wrong"))]
        if "429" in operation.spec["responses"]:
            answers.append(simulator.rate_limited())
        for answer in answers:
            message = ResponseMessage.of(answer.status_code, dict(answer.headers), bytes(answer.body))
            problems = list(operation.response_problems(request, message))
            # V2 of BigCommerce and the token call of NetSuite have error formats of their own.
            assert not problems or "/v2/" in operation.template or "oauth2" in operation.template


CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Scripted", "version": "1"},
    "security": [{"key": []}],
    "paths": {
        "/things/{number}": {
            "parameters": [{"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "put": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}},
                    {"name": "X-Client", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "array", "maxItems": 2}}},
                },
                "responses": {
                    "200": {
                        "description": "Done",
                        "headers": {"X-Left": {"required": True, "schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}},
                    },
                    "204": {"description": "Nothing"},
                    "400": {"description": "Refused", "content": {"application/json": {"schema": {"type": "object"}}}},
                },
            },
        }
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "Key"}}},
}


class ScriptedPlatform(Platform):
    """Returns the response that the test set."""

    name = "scripted"
    answer = json_response({"id": 1}, headers={"X-Left": "1"})

    def routes(self) -> list[BaseRoute]:
        return []

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        return [], None

    async def reset(self) -> None:
        """There is nothing to reset."""

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await self.answer(scope, receive, send)


class Checked:
    """The platform behind its contract. `send(…)` returns the status and the violations as (direction, kind)."""

    def __init__(self) -> None:
        self.platform = ScriptedPlatform(Options(accounts={}))
        self.log = ViolationLog()
        self.app = ContractMiddleware(self.platform.app, self.platform, Contract(CONTRACT), self.log)
        self.body = b""

    def send(
        self,
        method: str = "PUT",
        path: str = "/things/1",
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str | None] | None = None,
        content: bytes = b"[1]",
    ) -> tuple[int, list[tuple[str, str]]]:
        given = {"key": "k", "x-client": "tests", **JSON} | (headers or {})
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(params or {}).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items() if value is not None],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        # In a thread of its own: a browser test in the same process leaves a running event loop in this one.
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(asyncio.run, self.app(scope, receive, send)).result()
        self.body = sent[1]["body"]
        found = [(each["direction"], each["kind"]) for each in self.log.as_dicts()]
        self.log.clear()
        return sent[0]["status"], found


@pytest.fixture
def checked() -> Checked:
    return Checked()


def test_a_request_and_an_answer_as_agreed_pass(checked: Checked) -> None:
    assert checked.send(params={"limit": 10}) == (200, [])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"params": {"limit": 11}}, "parameter"),
        ({"params": {"limt": 1}}, "parameter"),
        ({"headers": {"x-client": None}}, "parameter"),
        ({"headers": {"key": None}}, "security"),
        ({"headers": {"content-type": "text/plain"}}, "content type"),
        ({"headers": {"content-type": None}}, "content type"),
        ({"content": b"[1, 2, 3]"}, "body"),
        ({"content": b"["}, "body"),
        ({"content": b""}, "body"),
        ({"path": "/things/one"}, "path"),
        ({"path": "/nothing"}, "path"),
        ({"method": "PATCH"}, "method"),
    ],
)
def test_a_request_that_breaks_the_contract_is_recorded_and_rejected(
    checked: Checked, changes: dict[str, Any], kind: str
) -> None:
    assert checked.send(**changes) == (400, [("request", kind)])


def test_the_error_text_of_a_platform_that_rejects_the_request_is_kept(checked: Checked) -> None:
    checked.platform.answer = json_response({"error": "limit"}, 400)
    assert checked.send(params={"limit": 11}) == (400, [("request", "parameter")])
    assert orjson.loads(checked.body) == {"error": "limit"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (json_response({}, headers={"X-Left": "1"}), "body"),
        (json_response({"id": 1}), "header"),
        (json_response({"id": 1}, headers={"X-Left": "many"}), "header"),
        (json_response({"id": 1}, 201), "status"),
        (Response(b"<html>", 200, {"content-type": "text/html", "X-Left": "1"}), "body"),
        (Response(b"{", 200, {**JSON, "X-Left": "1"}), "body"),
        (json_response({"id": 1}, 204), "body"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_recorded_and_becomes_a_500(
    checked: Checked, answer: Response, kind: str
) -> None:
    checked.platform.answer = answer
    assert checked.send() == (500, [("response", kind)])


def test_a_server_tells_what_broke_its_contract(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Any]
) -> None:
    process = sandbox("rest", accounts={"erp": "token"})
    client = api(process, "/v1", {"Authorization": "Bearer token"})
    assert client.get("/products", limit=10).status_code == 200
    assert process.violations() == []
    assert client.get("/products", page=2).status_code == 400
    [violation] = process.violations()
    assert violation == {
        "direction": "request",
        "method": "GET",
        "path": "/v1/products",
        "status": 400,
        "kind": "parameter",
        "detail": "query parameter 'page' is not part of this operation",
    }
    process.reset()
    assert len(process.violations()) == 1
    process.clear_violations()
    assert process.violations() == []


def test_an_answer_that_a_fault_broke_is_no_violation(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Any]
) -> None:
    process = sandbox("rest", accounts={"erp": "token"})
    client = api(process, "/v1", {"Authorization": "Bearer token"})
    process.fault("status", status=418, times=1)
    process.fault("garbage", times=1)
    assert [client.get("/products").status_code for _ in range(3)] == [418, 200, 200]
    assert process.violations() == []


def test_validation_can_be_switched_off(sandbox: Callable[..., SandboxProcess], api: Callable[..., Any]) -> None:
    process = sandbox("rest", accounts={"erp": "token"}, contract="off")
    client = api(process, "/v1", {"Authorization": "Bearer token"})
    assert client.get("/products", page=2).status_code == 200
    assert process.violations() == []


def test_the_page_about_contracts_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run ./dev contracts"


def test_a_broken_body_is_described_shortly() -> None:
    body = orjson.dumps(list(range(100_000)))
    operation = Contract(CONTRACT).find("PUT", "/things/1")
    assert isinstance(operation, Operation)
    request = RequestMessage.of("PUT", "/things/1", "", {"Key": "k", "X-Client": "t", **JSON}, body)
    [problem] = operation.request_problems(request)
    assert problem.rule == "maxItems"
    assert len(problem.detail) < 400
