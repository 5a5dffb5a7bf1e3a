"""The REST API: which rooms take part, and how it answers when it refuses (RFC 9457). docs/api.md is its guide."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

import catalog.api
import connectors.api
import hub.api
import synclog.api
from accounts.rest import ApiError, FieldError, ProblemDetails
from synccenter.throttling import PerKeyThrottle

logger = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"


class Api(NinjaAPI):
    """Every operation may answer with ProblemDetails, and the OpenAPI document says so."""

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"] |= {
            model.__name__: model.model_json_schema(ref_template="#/components/schemas/{model}")
            for model in (FieldError, ProblemDetails)
        }
        schema["components"]["schemas"]["ProblemDetails"].pop("$defs")
        problem = {
            "description": "Refused, and nothing was changed.",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = problem
        return schema


api = Api(
    title="SyncCenter",
    version="1",
    description=(
        "Start syncs, follow runs, read and write sync logs, fetch feeds. Send `Authorization: Bearer sc_…` with an "
        "API key; every refusal is a problem document that names the field and what would be right."
    ),
    urls_namespace="api",
    throttle=PerKeyThrottle(calls=600),
)
api.add_router("/v1", hub.api.router)
api.add_router("/v1", synclog.api.router)
api.add_router("/v1", catalog.api.router)
# Last, because a B2B front's addresses begin with names of its own choice.
api.add_router("/v1", connectors.api.router)


def problem(status: int, detail: str, field_errors: Sequence[FieldError] = ()) -> HttpResponse:
    body = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(field_errors))
    return HttpResponse(body.model_dump_json(), status=status, content_type=PROBLEM_JSON)


@api.exception_handler(HttpError)
def handle_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error), error.field_errors if isinstance(error, ApiError) else ())


@api.exception_handler(AuthenticationError)
def handle_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = problem(401, "Send `Authorization: Bearer sc_…` with an API key that is valid.")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(ValidationError)
def handle_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """400 rather than ninja's 422, because the fronts that call us know no other."""
    field_errors = [
        FieldError(property=_property(*fault["loc"]), code=fault["type"], message=fault["msg"])
        for fault in error.errors
    ]
    named = "; ".join(f"{fault.property}: {fault.message}".removeprefix(": ") for fault in field_errors[:3])
    return problem(400, f"The request cannot be read: {named}", field_errors)


def _property(source: str, *path: str | int) -> str:
    """The name that the caller knows: a body's path begins with the name of our own parameter."""
    return ".".join(map(str, path[1:] if source == "body" else path))


@api.exception_handler(RequestDataTooBig)
def handle_body_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "The body is too big: send less at a time (a sync log takes errors by several PATCHes).")


@api.exception_handler(Http404)
def handle_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "Nothing is here.")


@api.exception_handler(Exception)
def handle_unexpected_error(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("%s %s failed", request.method, request.path)
    return problem(500, "Something broke on our side. It has been logged; try again later.")
