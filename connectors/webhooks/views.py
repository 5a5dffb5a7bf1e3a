"""`POST /webhooks/{token}`: 200 once the event is stored; 401 or 400 with a reason, never 500."""

import logging

from django.db import Error
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.webhooks.receiving import (
    Malformed,
    Receiver,
    StaleReceiver,
    count_refusal,
    receive,
    receiver_for,
)
from connectors.webhooks.schemes import Untrusted
from hub import clock

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Receive one event. 503, so that the sender retries, if it could not be stored."""
    try:
        try:
            return _receive(request, receiver_for(token))
        except (StaleReceiver, Untrusted):
            return _retry_with_fresh_receiver(request, token)
    except (Error, StaleReceiver):
        logger.exception("An event could not be stored")
        database.close()
        return HttpResponse(status=503)


def _receive(request: HttpRequest, receiver: Receiver | None) -> HttpResponse:
    """Raises Untrusted and StaleReceiver."""
    now = clock.now()
    if receiver is None:
        count_refusal(None, "unknown address", now)
        return HttpResponse(status=404)
    try:
        body = _body(request, receiver.adapter.webhooks.max_body)
        answer = receive(receiver, request.headers, body, now)
    except Malformed as error:
        count_refusal(receiver.connection_id, str(error), now)
        return HttpResponse(str(error), status=400, content_type="text/plain")
    return HttpResponse() if answer is None else JsonResponse(answer, safe=False)


def _retry_with_fresh_receiver(request: HttpRequest, token: str) -> HttpResponse:
    """Try again with current data, because the cached secret may be outdated."""
    receiver = receiver_for(token, refresh=True)
    try:
        return _receive(request, receiver)
    except Untrusted as error:
        count_refusal(receiver.connection_id if receiver else None, str(error), clock.now())
        if error.answer is not None:
            return JsonResponse(error.answer, safe=False, status=401)
        return HttpResponse(str(error), status=401, content_type="text/plain")


def _body(request: HttpRequest, most: int) -> bytes:
    """The raw body. Malformed if it is too large or incomplete."""
    length = request.headers.get("Content-Length") or "0"
    if not (length.isascii() and length.isdigit()):
        raise Malformed("unreadable")
    # The length is checked first, because int() rejects very long numbers.
    if len(length) > 12 or int(length) > most:
        raise Malformed("too large")
    try:
        return request.body
    except OSError as error:
        raise Malformed("unreadable") from error
