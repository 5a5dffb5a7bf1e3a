"""Answers webhooks before the middleware that only browsers need (sessions, users, messages, content security policy),
which would take as long as storing the event."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve


def answer_webhooks(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/webhooks/"):
            return get_response(request)
        request.resolver_match = resolve(request.path_info)
        view, arguments, named = request.resolver_match
        return view(request, *arguments, **named)

    return middleware
