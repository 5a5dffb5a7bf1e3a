"""Checks requests and answers against an OpenAPI 3.1 document, with openapi-core.

openapi-core looks an operation up by trying all paths, for each part of a request again. So each path has validators of
its own here, and is found by one regular expression.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import orjson
from jsonschema_path import SchemaPath
from openapi_core.datatypes import RequestParameters
from openapi_core.validation.request.validators import (
    V31RequestBodyValidator,
    V31RequestParametersValidator,
    V31RequestSecurityValidator,
)
from openapi_core.validation.response.validators import V31ResponseDataValidator, V31ResponseHeadersValidator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from sandbox.contracts.problems import Kind, Problem, described

HOST = "http://sandbox"
# Requests and answers per operation whose result is remembered.
MAX_CHECKED = 1000
METHODS = ("get", "put", "post", "patch", "delete")
Document = dict[str, Any]


@dataclass
class RequestMessage:
    """A request as openapi-core wants it (its `Request` protocol). `path` is as sent, without the query."""

    method: str
    path: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None
    host_url: str = HOST

    @classmethod
    def of(cls, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> "RequestMessage":
        parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)), header=Headers(dict(headers))
        )
        return cls(method.lower(), path, parameters, headers.get("content-type", ""), body)


@dataclass(frozen=True)
class ResponseMessage:
    """An answer as openapi-core wants it (its `Response` protocol)."""

    status_code: int
    headers: Headers
    content_type: str
    data: bytes

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> "ResponseMessage":
        return cls(status, Headers(dict(headers)), headers.get("content-type", ""), body)


class Operation:
    """One method on one path."""

    def __init__(self, document: Document, template: str, method: str) -> None:
        self.template = template
        self.method = method
        self.spec: Document = document["paths"][template][method]
        self._document = document
        parameters = [*document["paths"][template].get("parameters", ()), *self.spec.get("parameters", ())]
        self._parameters = [_resolved(document, each) for each in parameters]
        self._parameter_validators: dict[frozenset[str], V31RequestParametersValidator] = {}
        self.query = {each["name"] for each in self._parameters if each["in"] == "query"}
        for requirement in self.spec.get("security", document.get("security", ())):
            schemes = (document["components"]["securitySchemes"][name] for name in requirement)
            self.query |= {each["name"] for each in schemes if each.get("in") == "query"}
        self.query_pattern = re.compile(self.spec["x-query-pattern"]) if "x-query-pattern" in self.spec else None
        self.media_types: Document = _resolved(document, self.spec.get("requestBody", {})).get("content", {})
        self._checked: dict[Hashable, list[Problem]] = {}

    def _document_with(self, item: Document) -> SchemaPath:
        """The document with this path only, and without servers, which are the vendor's."""
        rest = {name: value for name, value in self._document.items() if name not in ("paths", "servers")}
        return SchemaPath.from_dict({**rest, "paths": {self.template: item}})

    @cached_property
    def _own(self) -> SchemaPath:
        return self._document_with(self._document["paths"][self.template])

    def _parameters_validator(self, message: RequestMessage) -> V31RequestParametersValidator:
        """Knows the parameters that are required or given: each takes a millisecond, and a listing may have fifty."""
        given = [
            each for each in self._parameters if each.get("required") or each["name"] in message.parameters[each["in"]]
        ]
        names = frozenset(f"{each['in']} {each['name']}" for each in given)
        if names not in self._parameter_validators:
            item = {self.method: {**self.spec, "parameters": given}}
            self._parameter_validators[names] = V31RequestParametersValidator(self._document_with(item))
        return self._parameter_validators[names]

    @cached_property
    def _json_types(self) -> dict[str, Callable[..., Any]]:
        """How bodies of vendors' own JSON types are read; openapi-core knows the plain one."""
        answers = [_resolved(self._document, each) for each in self.spec["responses"].values()]
        names = {name for each in answers for name in each.get("content", {})} | self.media_types.keys()
        return {name: _json for name in names if is_json(name)}

    @cached_property
    def _security_validator(self) -> V31RequestSecurityValidator:
        return V31RequestSecurityValidator(self._own)

    @cached_property
    def _body_validator(self) -> V31RequestBodyValidator:
        return V31RequestBodyValidator(self._own, extra_media_type_deserializers=self._json_types)

    @cached_property
    def _response_validators(self) -> tuple[V31ResponseDataValidator, V31ResponseHeadersValidator]:
        data = V31ResponseDataValidator(self._own, extra_media_type_deserializers=self._json_types)
        return data, V31ResponseHeadersValidator(self._own)

    def request_problems(self, message: RequestMessage) -> list[Problem]:
        """What is wrong with a request. A body that is not JSON is not read: only its type is checked."""
        # The parameters include the headers.
        request = (message.path, repr(message.parameters), _digest(message.body or b""))
        return self._remembered(request, self._request_problems(message))

    def _request_problems(self, message: RequestMessage) -> Iterator[Problem]:
        for error in self._security_validator.iter_errors(message):
            yield Problem(Kind.SECURITY, *described(error))
        for error in self._parameters_validator(message).iter_errors(message):
            kind = Kind.PATH if getattr(error, "location", "") == "path" else Kind.PARAMETER
            yield Problem(kind, *described(error))
        for name in message.parameters.query:
            if name not in self.query and not (self.query_pattern and self.query_pattern.fullmatch(name)):
                yield Problem(Kind.PARAMETER, f"query parameter {name!r} is not part of this operation")
        if not self.media_types:
            if message.body:
                yield Problem(Kind.BODY, "this operation has no body")
            return
        media_type = message.content_type.partition(";")[0].strip().lower()
        if message.content_type and media_type not in self.media_types:
            known = ", ".join(self.media_types)
            yield Problem(Kind.CONTENT_TYPE, f"the body must be {known}, not {media_type}")
        elif is_json(media_type) or not message.content_type:
            yield from self._body_problems(message)

    def _body_problems(self, message: RequestMessage) -> Iterator[Problem]:
        if message.body and not message.content_type:
            yield Problem(Kind.CONTENT_TYPE, "the body has no Content-Type")
            return
        for error in self._body_validator.iter_errors(message):
            yield Problem(Kind.BODY, *described(error))

    def _remembered(self, message: Hashable, check: Iterator[Problem]) -> list[Problem]:
        """What a check finds. Tests send the same over and over again, which is checked once."""
        if message not in self._checked:
            if len(self._checked) >= MAX_CHECKED:
                self._checked.clear()
            self._checked[message] = list(check)
        return self._checked[message]

    def response_problems(self, request: RequestMessage, response: ResponseMessage) -> Iterator[Problem]:
        """What is wrong with an answer."""
        declared = self.spec["responses"]
        status = str(response.status_code)
        if not {status, f"{status[0]}XX", "default"} & declared.keys():
            yield Problem(Kind.STATUS, f"status {status} is not part of this operation")
            return
        content = _resolved(self._document, declared.get(status, {})).get("content") if status in declared else None
        if status in declared and not content and response.data:
            yield Problem(Kind.BODY, f"status {status} has no body")
            return
        data, headers = self._response_validators
        # An answer in a type that is not read, such as JSON Lines, may be empty.
        media_type = response.content_type.partition(";")[0].strip()
        unread = not is_json(media_type) and (content or {}).get(media_type) == {}
        if not unread:
            answer = (response.status_code, response.content_type, _digest(response.data))
            errors = (Problem(Kind.BODY, *described(error)) for error in data.iter_errors(request, response))
            yield from self._remembered(answer, errors)
        for error in headers.iter_errors(request, response):
            yield Problem(Kind.HEADER, *described(error))


class Contract:
    """All operations of a platform."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.operations = [
            Operation(document, template, method)
            for template, item in document["paths"].items()
            for method in METHODS
            if method in item
        ]
        by_template: dict[str, dict[str, Operation]] = {}
        for each in self.operations:
            by_template.setdefault(each.template, {})[each.method] = each
        # The path with the fewest placeholders is the one that is meant.
        self._paths = [
            (_pattern(template), by_template[template])
            for template in sorted(by_template, key=lambda template: (template.count("{"), -len(template)))
        ]

    def find(self, method: str, path: str) -> Operation | Problem:
        """The operation that a request is about."""
        found = [operations for pattern, operations in self._paths if pattern.fullmatch(path)]
        if not found:
            return Problem(Kind.PATH, f"{path} is not part of the API")
        for operations in found:
            if method.lower() in operations:
                return operations[method.lower()]
        return Problem(Kind.METHOD, f"{method} is not part of {path}")


def _digest(body: bytes) -> bytes:
    return sha256(body).digest()


def is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _json(body: bytes, **parameters: str) -> Any:
    """Parse a body; `parameters` are those of its media type, such as `charset`."""
    return orjson.loads(body)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


def _resolved(document: Document, node: Document) -> Document:
    """Follow a local reference (`#/components/…`)."""
    while "$ref" in node:
        found: Any = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        node = found
    return node
