"""The REST API: routers of all apps and problem documents for errors (RFC 9457). The guide is docs/api.md."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

import catalog.api
import connectors.api
import connectors.storefront_api
import hub.api
import synclog.api
from common.rest import ApiError, FieldError, ProblemDetails
from synccenter.throttling import PerKeyThrottle

logger = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"


class Api(NinjaAPI):
    """Documents ProblemDetails as the default response of every operation in the OpenAPI schema."""

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"] |= {
            model.__name__: model.model_json_schema(ref_template="#/components/schemas/{model}")
            for model in (FieldError, ProblemDetails)
        }
        schema["components"]["schemas"]["ProblemDetails"].pop("$defs")
        problem = {
            "description": "The request failed.",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if status >= 400:  # of its own format, beside ours
                        response["content"] |= problem["content"]
                operation["responses"]["default"] = problem
        return schema


api = Api(
    title="SyncCenter",
    version="1",
    description=(
        "Start syncs, track runs, read and write sync logs, and fetch feeds. Authenticate with an API key: "
        "`Authorization: Bearer sc_…`. Errors are problem documents (RFC 9457) that name the invalid fields."
    ),
    urls_namespace="api",
    throttle=PerKeyThrottle(calls=600),
)
api.add_router("/v1", hub.api.router)
api.add_router("/v1", synclog.api.router)
api.add_router("/v1", catalog.api.router)
api.add_router("/v1", connectors.api.router)
# Last, because the paths of B2B storefronts start with arbitrary names.
api.add_router("/v1", connectors.storefront_api.router)


def problem(status: int, detail: str, field_errors: Sequence[FieldError] = ()) -> HttpResponse:
    body = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(field_errors))
    return HttpResponse(body.model_dump_json(), status=status, content_type=PROBLEM_JSON)


@api.exception_handler(HttpError)
def handle_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    detail = str(error)
    if isinstance(error.__cause__, JSONDecodeError | UnicodeDecodeError | RecursionError):
        detail = f"The request body is not JSON in UTF-8: {error.__cause__}."
    return problem(error.status_code, detail, error.field_errors if isinstance(error, ApiError) else ())


@api.exception_handler(AuthenticationError)
def handle_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = problem(401, "Authentication required. Send a valid API key: `Authorization: Bearer sc_…`.")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(ValidationError)
def handle_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Returns 400 instead of Ninja's 422, because B2B storefronts that call the API expect 400."""
    field_errors = [
        FieldError(property=_property(*fault["loc"]), code=fault["type"], message=_message(fault))
        for fault in error.errors
    ]
    summary = "; ".join(f"{error.property}: {error.message}".removeprefix(": ") for error in field_errors[:3])
    return problem(400, f"The request is invalid. {summary}", field_errors)


def _property(source: str, *path: str | int) -> str:
    """The name of the field in the request: the path of a body field starts with the name of our own parameter."""
    return ".".join(map(str, path[1:] if source == "body" else path))


def _message(fault: dict[str, Any]) -> str:
    if fault["type"] == "missing" and not _property(*fault["loc"]):
        return "A JSON body is required."
    return str(fault["msg"]).removeprefix("Value error, ")


@api.exception_handler(RequestDataTooBig)
def handle_body_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(
        413, "The request body is too large. Send it in smaller parts, e.g. sync log errors in several PATCH requests."
    )


@api.exception_handler(Http404)
def handle_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "Not found.")


@api.exception_handler(Exception)
def handle_unexpected_error(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("%s %s failed", request.method, request.path)
    return problem(500, "Something went wrong on our side. The error has been logged. Try again later.")
