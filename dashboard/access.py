"""Access control: every page belongs to one seller, and is a 404 for everybody who is not a member."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, Seller, User
from accounts.queries import memberships_of
from accounts.regions import region_of, time_zone_of
from hub.models import Connection

# The session key that holds the slug of the seller chosen last.
SELLER_SESSION_KEY = "seller"


class SellerRequest(HttpRequest):
    """A request that passed one of the decorators below. `sellers` are all sellers that the user is a member of."""

    user: User
    htmx: HtmxDetails
    seller: Seller
    sellers: list[Seller]
    may_change: bool
    is_owner: bool


View = Callable[..., HttpResponseBase]


def seller_page(view: View) -> View:
    """GET (and HEAD) for members of the seller in the URL; 404 for everybody else.

    Times are in the user's time zone, or in the seller's; numbers and dates in the user's formats.
    """
    return require_safe(_require_membership(view))


def seller_member_action(view: View) -> View:
    """POST for members of any role, for what concerns only themselves; 404 for everybody else."""
    return require_POST(_require_membership(view))


def seller_action(view: View) -> View:
    """POST for members who may change data; 403 for viewers, 404 for everybody else."""

    @wraps(view)
    def inner(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.may_change:
            raise PermissionDenied("Viewers have read-only access.")
        return view(request, *args, **kwargs)

    return seller_member_action(inner)


def seller_owner_action(view: View) -> View:
    """POST for owners; 403 for other members and for operators who act as an owner, 404 for everybody else."""

    @wraps(view)
    def inner(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if hasattr(request, "impersonation"):
            raise PermissionDenied(_("Only the person can do this."))
        return view(request, *args, **kwargs)

    return seller_member_action(_require_owner(inner))


def seller_owner_page(view: View) -> View:
    """GET (and HEAD) for owners; 403 for other members, 404 for everybody else."""
    return seller_page(_require_owner(view))


def _require_owner(view: View) -> View:
    @wraps(view)
    def inner(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.is_owner:
            raise PermissionDenied("Only owners can do this.")
        return view(request, *args, **kwargs)

    return inner


def _require_membership(view: View) -> View:
    @never_cache
    @wraps(view)
    def inner(request: Any, *args: Any, seller: str, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            # A poll after the session has ended must not swap the login page into the current page.
            return HttpResponseClientRefresh() if request.htmx else redirect_to_login(_page_of(request, seller))
        memberships = {each.seller.slug: each for each in memberships_of(request.user)}
        request.sellers = [each.seller for each in memberships.values()]
        if seller not in memberships:
            raise Http404(f"{request.user} is not a member of a seller {seller!r}.")
        request.seller = chosen = memberships[seller].seller
        role = memberships[seller].role
        request.may_change, request.is_owner = role != Membership.Role.VIEWER, role == Membership.Role.OWNER
        if request.session.get(SELLER_SESSION_KEY) != seller:
            request.session[SELLER_SESSION_KEY] = seller
        with timezone.override(time_zone_of(request.user, chosen.time_zone)), translation.override(region_of(request)):
            return view(request, *args, **kwargs)

    return inner


def _page_of(request: HttpRequest, seller: str) -> str:
    """Where a person goes after the login: to the page, or for an action to the page with its button."""
    if request.method != "POST":
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(page)._replace(scheme="", netloc="").geturl()
    return reverse("dashboard:overview", args=[seller])


def installed_connection(request: SellerRequest, slug: str) -> Connection:
    """A connection of the request's seller; 404 if it was uninstalled."""
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    return get_object_or_404(installed, seller=request.seller, slug=slug)
