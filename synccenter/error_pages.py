"""Responses to requests that no view answers: JSON below /api/, pages elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from synccenter.api import problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problem(400, "The request is invalid: its URL, host or headers can't be read.")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problem(404, "Not found. The API documentation lists all URLs: /api/docs")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return problem(500, "Something went wrong on our side. The error has been logged. Try again later.")
    return defaults.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
