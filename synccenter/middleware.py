"""Middleware for all requests."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from common.log_context import log_context
from synccenter.api import problem
from synccenter.error_pages import is_api

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def reject_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """URLs with NUL characters, which PostgreSQL cannot store, before a query fails."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
            raise BadRequest("The URL contains a NUL character.")
        return get_response(request)

    return middleware


def describe_wrong_methods(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """405 below /api/ as JSON, like every other error: Ninja answers it as text, without a handler for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or not is_api(request):
            return response
        allowed = response["Allow"]
        described = problem(405, f"{request.method} is not possible here. Use {allowed}.")
        described["Allow"] = allowed
        return described

    return middleware


def number_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an ID, for its lines in the log and for its answer, or keep the valid one that it brings."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        number = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        with log_context(request=number):
            response = get_response(request)
        response["X-Request-ID"] = number
        return response

    return middleware
