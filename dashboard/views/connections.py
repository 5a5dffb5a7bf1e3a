"""The page of a connection: what was found out about its account, and the action Test connection (V6)."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from connectors.engine.error_texts import error_text
from connectors.models import AssumptionResult
from connectors.sdk.errors import ConnectorError
from connectors.services.connection_tests import assumption_rows, check_connection
from connectors.services.installation import can_install
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.queries.platforms import platform_name
from hub.models import Connection


@seller_page
def show(request: SellerRequest, connection: str) -> HttpResponse:
    chosen = get_object_or_404(Connection, seller=request.seller, slug=connection)
    rows = assumption_rows(chosen)
    context = {
        "connection": chosen,
        "platform": platform_name(chosen),
        "assumptions": rows,
        "wrong": [row for row in rows if row.result and row.result.state == AssumptionResult.State.REFUTED],
        "tested_at": max((row.result.tested_at for row in rows if row.result), default=None),
        "is_owner": request.is_owner and chosen.state != Connection.State.UNINSTALLED,
        "can_install": can_install(chosen),
    }
    return render(request, "dashboard/connection.html", context)


@seller_action
def test(request: SellerRequest, connection: str) -> HttpResponseBase:
    chosen = get_object_or_404(
        Connection.objects.exclude(state=Connection.State.UNINSTALLED), seller=request.seller, slug=connection
    )
    try:
        tested = check_connection(connection=chosen)
    except ConnectorError as error:
        messages.error(request, _("Connection test failed: %(problem)s") % {"problem": error_text(error)})
    else:
        messages.success(request, _("Connection test succeeded: %(answer)s") % {"answer": tested.answer})
    return redirect("dashboard:connection", seller=request.seller.slug, connection=chosen.slug)
