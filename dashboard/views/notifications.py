"""The user's notifications: open alerts to acknowledge, and the notification settings (A4)."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from hub import clock
from notifications.entries import alert_path, alerts_to_acknowledge
from notifications.forms import PreferencesForm
from notifications.services import acknowledge, open_alerts, save_preferences


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PreferencesForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        save_preferences(user=user, choices=form.choices, chat_url=form.chat, now=clock.now())
        messages.success(request, _("Saved."))
        return redirect("notifications")
    alerts = open_alerts(user)
    theirs = set(alerts_to_acknowledge(user).filter(pk__in=[alert.pk for alert in alerts]).values_list("pk", flat=True))
    rows = [(alert, alert_path(alert, user), alert.pk in theirs) for alert in alerts]
    return render(request, "dashboard/notifications.html", {"form": form, "alerts": rows})


@require_POST
@login_required
def acknowledge_alert(request: HttpRequest, alert: int) -> HttpResponse:
    if acknowledge(alert_id=alert, user=cast(User, request.user)):
        messages.success(request, _("Acknowledged. Daily digests no longer repeat this alert."))
    else:
        messages.info(request, _("This alert has been resolved, or you may only view it."))
    return redirect("notifications")
