"""Installing our app in a platform's account by redirects: the start, for owners, and the callback (I4)."""

from typing import cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.queries import sellers_of
from connectors.adapters.registry import adapters
from connectors.sdk.errors import ConnectorError
from connectors.sdk.installation import InstallationRefused
from connectors.services import installation
from dashboard.access import SellerRequest, installed_connection, seller_owner_action
from dashboard.views.connect import form_page
from hub.models import Connection


@seller_owner_action
def begin(request: SellerRequest, platform: str) -> HttpResponseBase:
    """The page with the link to the consent page: a form must not redirect to another host (CSP)."""
    adapter = adapters().get(platform)
    if adapter is None or installation.app_of(adapter) is None:
        raise Http404(f"{platform!r} has no installation.")
    account = request.POST.get("account", "")[:200]
    try:
        url = installation.begin(
            adapter=adapter,
            account=account,
            name=adapter.name,
            by=request.user,
            session_key=request.session.session_key or "",
            seller=request.seller,
        )
    except (InstallationRefused, ValueError) as error:
        return form_page(request, adapter, None, status=400, install_error=str(error), account=account)
    return _link_page(request, adapter.name, url)


@seller_owner_action
def authorize(request: SellerRequest, connection: str) -> HttpResponseBase:
    """The same for a connection that is authorized again."""
    chosen = installed_connection(request, connection)
    adapter = adapters().get(chosen.platform)
    if adapter is None or installation.app_of(adapter) is None:
        raise Http404(f"{chosen.platform!r} has no installation.")
    try:
        url = installation.begin(
            adapter=adapter,
            account="",
            name=chosen.name,
            by=request.user,
            session_key=request.session.session_key or "",
            seller=request.seller,
            connection=chosen,
        )
    except (InstallationRefused, ValueError) as error:
        messages.error(request, str(error))
        return redirect("dashboard:connection", seller=request.seller.slug, connection=chosen.slug)
    return _link_page(request, adapter.name, url)


def _link_page(request: SellerRequest, platform: str, url: str) -> HttpResponse:
    context = {"platform": platform, "host": urlsplit(url).netloc, "url": url}
    return render(request, "dashboard/install.html", context)


@never_cache
@login_required
@require_safe
def callback(request: HttpRequest) -> HttpResponseBase:
    """Where consent pages send people back to."""
    user = cast(User, request.user)
    if any(len(values) > 1 for _name, values in request.GET.lists()):
        messages.error(request, _("The answer of the platform is malformed. Start the installation again."))
        return redirect("dashboard:home")
    try:
        authorized = installation.finish(
            answer=request.GET.dict(), by=user, session_key=request.session.session_key or ""
        )
    except (InstallationRefused, ConnectorError, ValidationError) as error:
        problem = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        messages.error(request, _("The app was not installed: %(problem)s") % {"problem": problem})
        return redirect("dashboard:home")
    connection = authorized.connection
    if authorized.problem:
        text = _("%(connection)s is authorized, but its test failed, and no sync was resumed: %(problem)s")
        messages.error(request, text % {"connection": connection, "problem": authorized.problem})
    else:
        messages.success(request, _("%(connection)s is authorized.") % {"connection": connection})
    if number := authorized.resumed:
        text = ngettext(
            "%(number)s sync that needed action is resumed.", "%(number)s syncs that needed action are resumed.", number
        )
        messages.success(request, text % {"number": number})
    return redirect(_page_of(user, connection))


def _page_of(user: User, connection: Connection) -> str:
    """The set-up of a new connection, the page of another; the console's for somebody who is no member."""
    if connection.seller is None or connection.seller not in sellers_of(user):
        return reverse("admin:hub_connection_change", args=[connection.pk])
    is_new = not connection.jobs.filter(paused=False).exists()
    view = "dashboard:connect_setup" if is_new else "dashboard:connection"
    return reverse(view, kwargs={"seller": connection.seller.slug, "connection": connection.slug})
