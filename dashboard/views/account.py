"""Login, password change, and the redirect from the home page to a seller's overview."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.queries import sellers_of
from accounts.services import record_audit_event
from dashboard import throttle
from dashboard.access import SELLER_SESSION_KEY
from dashboard.forms import LogInForm, PasswordForm


class LogIn(LoginView):
    template_name = "dashboard/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.has_error("__all__", "too_many"):
            response.status_code = 429
            response["Retry-After"] = str(round(throttle.WINDOW.total_seconds()))
        return response


@method_decorator(never_cache, "dispatch")
class PasswordChange(PasswordChangeView):
    template_name = "dashboard/password.html"
    form_class = PasswordForm
    success_url = reverse_lazy("dashboard:home")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        record_audit_event(user=cast(User, self.request.user), action="password.change")
        messages.success(self.request, _("Password changed. You’ve been logged out on other devices."))
        return response


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the seller chosen last, or to the first one."""
    sellers = list(sellers_of(cast(User, request.user)))
    if not sellers:
        return render(request, "dashboard/no_seller.html")
    chosen = request.session.get(SELLER_SESSION_KEY)
    slugs = [seller.slug for seller in sellers]
    return redirect("dashboard:overview", seller=chosen if chosen in slugs else slugs[0])
