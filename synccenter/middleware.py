"""Middleware for all requests."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from common.log_context import log_context

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def reject_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """URLs with NUL characters, which PostgreSQL cannot store, before a query fails."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
            raise BadRequest("The URL contains a NUL character.")
        return get_response(request)

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
