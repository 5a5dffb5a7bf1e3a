"""The settings page: the user's own API keys, and the seller."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApiKey
from accounts.services import SCOPES
from catalog.models import FeedPosition
from dashboard.access import SellerRequest, seller_member_action, seller_page
from dashboard.forms import ApiKeyForm
from dashboard.services import create_own_api_key, revoke_own_api_key


@seller_page
def show(request: SellerRequest) -> HttpResponse:
    return _page(request, ApiKeyForm(may_change=request.may_change))


@seller_member_action
def create_key(request: SellerRequest) -> HttpResponse:
    """Renders the page instead of redirecting: the key is stored nowhere, and shown only in this response."""
    form = ApiKeyForm(request.POST, may_change=request.may_change)
    if not form.is_valid():
        return _page(request, form, status=400)
    key, text = create_own_api_key(user=request.user, seller=request.seller, **form.cleaned_data)
    return _page(request, ApiKeyForm(may_change=request.may_change), new_key=key, new_text=text)


@seller_member_action
def revoke_key(request: SellerRequest, key: int) -> HttpResponseBase:
    chosen = get_object_or_404(
        ApiKey.objects.select_related("user", "seller"), pk=key, seller=request.seller, user=request.user
    )
    revoke_own_api_key(key=chosen)
    messages.success(request, _("Key “%(name)s” revoked.") % {"name": chosen.name})
    return redirect("dashboard:preferences", seller=request.seller.slug)


def _page(request: SellerRequest, form: ApiKeyForm, *, status: int = 200, **context: object) -> HttpResponse:
    keys = ApiKey.objects.filter(seller=request.seller, user=request.user).order_by("-created_at")
    feeds = [
        (feed.label, request.build_absolute_uri(reverse("api:whole_feed", args=[feed]))) for feed in FeedPosition.Feed
    ]
    own = request.seller.memberships.get(user=request.user)
    context |= {"form": form, "membership": own, "keys": keys, "scopes": SCOPES, "feeds": feeds}
    return render(request, "dashboard/preferences.html", context, status=status)
