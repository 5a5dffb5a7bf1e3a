"""No measurement: the product with one view more, which does nothing but one INSERT. `gunicorn
benchmarks.bare_view`."""

import json

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from synccenter.wsgi import application  # it sets Django up before the addresses below are read

from synccenter.urls import urlpatterns as ours  # isort: skip

__all__ = ["application"]


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Trusts everybody, understands nothing, and stores it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_bare (at, body) VALUES (%s, %s)",
            [timezone.now(), json.dumps(json.loads(request.body))],
        )
    return HttpResponse()


urlpatterns = [path("bare", bare), *ours]
settings.ROOT_URLCONF = __name__
