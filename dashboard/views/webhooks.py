"""Webhook events with their payloads, the action Replay, and secrets for systems that are set up manually."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import WebhookEvent
from connectors.services.webhooks import renew_webhook_secret, replay_events
from connectors.webhooks.masking import masked, may_see_payloads
from connectors.webhooks.registration import webhook_url
from dashboard.access import SellerRequest, seller_action, seller_owner_action, seller_page
from dashboard.chart import latency_chart
from dashboard.forms import WebhookFilter
from dashboard.keyset import Keyset
from dashboard.queries.webhooks import (
    latency_buckets,
    manual_webhook_connections,
    page_of_events,
    rejected_calls,
    subscriptions,
    webhook_events,
)
from dashboard.views.redirects import redirect_back


@seller_page
def index(request: SellerRequest) -> HttpResponse:
    return _index(request)


@seller_owner_action
def new_secret(request: SellerRequest, connection: str) -> HttpResponse:
    """Renders the page instead of redirecting: the secret is shown only in this response."""
    manual = {each.slug: each for each in manual_webhook_connections(seller=request.seller)}
    if connection not in manual:
        raise Http404(f"{connection!r} is not a connection whose webhook secret is set manually.")
    chosen = manual[connection]
    return _index(request, renewed=chosen, secret=renew_webhook_secret(connection=chosen, by=request.user))


def _index(request: SellerRequest, **context: object) -> HttpResponse:
    filters = WebhookFilter(request.GET, seller=request.seller)
    keyset = Keyset(request.GET.get("page", ""), field="received_at")
    owner = request.is_owner
    manual = manual_webhook_connections(seller=request.seller) if owner else []
    context |= {
        "manual_connections": [(each, webhook_url(each)) for each in manual],
        "filters": filters,
        "page": page_of_events(seller=request.seller, keyset=keyset, **filters.chosen),
        "chart": latency_chart(latency_buckets(seller=request.seller)),
        "subscriptions": subscriptions(seller=request.seller),
        "rejected_calls": rejected_calls(seller=request.seller, now=timezone.now()),
    }
    return render(request, "dashboard/webhooks.html", context)


@seller_page
def show(request: SellerRequest, event: int) -> HttpResponse:
    chosen = get_object_or_404(webhook_events(seller=request.seller), pk=event)
    show_full_payload = may_see_payloads(user=request.user, seller=request.seller)
    payload = chosen.payload if show_full_payload else masked(chosen.payload)
    return render(
        request, "dashboard/webhook.html", {"event": chosen, "payload": payload, "show_full_payload": show_full_payload}
    )


@seller_action
def replay(request: SellerRequest, event: int) -> HttpResponseBase:
    chosen = get_object_or_404(webhook_events(seller=request.seller), pk=event)
    return _replay(request, WebhookEvent.objects.filter(pk=chosen.pk))


@seller_action
def replay_filtered(request: SellerRequest) -> HttpResponseBase:
    """Replay all events that the filters match, on every page of the list."""
    filters = WebhookFilter(request.POST, seller=request.seller)
    return _replay(request, webhook_events(seller=request.seller, **filters.chosen))


def _replay(request: SellerRequest, events: QuerySet[WebhookEvent]) -> HttpResponseBase:
    number = replay_events(events=events, by=request.user)
    if number:
        messages.success(
            request,
            ngettext("Replaying %(number)s event.", "Replaying %(number)s events.", number) % {"number": number},
        )
    else:
        messages.info(
            request,
            _("Nothing to replay. Pending events are processed automatically; ignored events have no matching sync."),
        )
    return redirect_back(request, "dashboard:webhooks")
