"""Responses to requests that no view answers: JSON below /api/, pages elsewhere."""

import re
import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults

from common.error_references import error_reference
from synccenter.api import problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem(400, "The request is invalid: its URL, host or headers can't be read.")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem(404, "Not found. The API documentation lists all URLs: /api/docs")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    reference = error_reference(error) if error is not None else ""
    if is_api(request):
        text = "Something went wrong on our side. The error has been logged. Try again later."
        return problem(500, f"{text} Reference: {reference}" if reference else text)
    pages = [(label, url) for label, url in _other_pages(request.path_info) if url != request.path]
    return HttpResponseServerError(
        loader.render_to_string(
            "500.html", {"pages": pages, "reference": reference, "support_contact": settings.SUPPORT_CONTACT}
        )
    )


def _other_pages(path: str) -> list[tuple[str, str]]:
    """(label, URL) of pages to go on from. Without a query, because the database may be the problem.

    The home page is left out: it leads to the overview, and so maybe back to the page that failed.
    """
    if path.startswith(reverse("admin:index")):
        return [
            (_("Go to the console"), reverse("admin:index")),
            (_("Go to alerts"), reverse("admin:hub_alert_changelist")),
        ]
    names = {"overview": _("Go to home"), "issues": _("Go to inbox"), "runs": _("Go to syncs")}
    of_seller = re.match(r"/s/([\w-]+)/", path)
    seller = of_seller and of_seller.group(1)
    return [(label, reverse(f"dashboard:{name}", args=[seller])) for name, label in names.items()] if seller else []


def is_api(request: HttpRequest) -> bool:
    return request.path_info == "/api" or request.path_info.startswith("/api/")
