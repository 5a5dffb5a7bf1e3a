"""Not a benchmark: the product with two additional views for comparison: one runs a single INSERT, one does nothing.

Run it with `gunicorn benchmarks.bare_view`.
"""

import json

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from synccenter.wsgi import application  # sets up Django before the URLs below are imported

from synccenter.urls import urlpatterns as ours  # isort: skip

__all__ = ["application"]


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Stores the JSON body without authentication or validation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_bare (at, body) VALUES (%s, %s)",
            [timezone.now(), json.dumps(json.loads(request.body))],
        )
    return HttpResponse()


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    """Reads the body."""
    assert request.body
    return HttpResponse()


urlpatterns = [path("bare", bare), path("empty", empty), *ours]
settings.ROOT_URLCONF = __name__
