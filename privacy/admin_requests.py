"""The console's page of what shops ask to do with personal data: see, answer, close."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_access import AdministratorsOnly
from accounts.operators import get_operator
from common.admin import ReadOnlyAdmin, badge, confirmed_action
from connectors.sdk.webhooks import PrivacyAction
from hub import clock
from hub.models import Connection
from privacy.models import PrivacyRequest
from privacy.personal_data import ENCODER
from privacy.requests import (
    ALERT_BEFORE,
    close_request,
    confirm_erasure,
    export_for,
)
from privacy.tasks import carry_out


class AnswerForm(BaseDialogForm):
    answer = forms.CharField(
        label=_("Answer"),
        help_text=_("What was done, for example “Sent to the store”. Without personal data: it is kept."),
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
    )


class PrivacyRequestAdmin(AdministratorsOnly, ReadOnlyAdmin):
    """Only administrators: a request has an email address, and its answer is everything about a customer."""

    list_display = ("received_at", "action", "seller", "account", "customer_id", "state", "due_at")
    list_filter = ("action", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("account", "customer_id", "seller")
    actions_detail = ("export", "confirm", "close")
    fields = (
        *("action", "state", "received_at", "due_at", "seller", "account", "connections", "customer_id", "email"),
        *("order_ids", "delivery_id", "confirmed_by", "closed_at", "closed_by", "answer"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: PrivacyRequest | None = None) -> tuple[str, ...]:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("Status"))
    def state(self, row: PrivacyRequest) -> SafeString:
        now = clock.now()
        if row.closed_at:
            return badge(gettext("Closed"), "success")
        if row.due_at <= now:
            return badge(gettext("Overdue"), "danger")
        if row.confirmed_by or row.action == PrivacyAction.ERASE:
            return badge(gettext("Waiting to be erased"), "info")
        return badge(gettext("Open"), "warning" if row.due_at <= now + ALERT_BEFORE else "default")

    @display(description=_("Connections"))
    def connections(self, row: PrivacyRequest) -> str:
        return ", ".join(map(str, Connection.objects.filter(pk__in=row.connection_ids).order_by("pk"))) or "-"

    def is_action_available(self, row: PrivacyRequest, action_name: str) -> bool:
        if row.closed_at:
            return False
        if action_name == "export":
            return row.action == PrivacyAction.EXPORT and bool(row.seller)
        return action_name == "close" or (row.action == PrivacyAction.ERASE_ALL and not row.confirmed_by)

    @action(description=_("Export data"), icon="download", permissions=["operate"])
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_404(request, object_id)
        if not self.is_action_available(row, "export"):
            raise Http404("This request does not ask for an export, or is closed.")
        return JsonResponse(
            export_for(request=row, by=get_operator(request)),
            encoder=ENCODER,
            json_dumps_params={"indent": 2, "ensure_ascii": False},
            headers={"Content-Disposition": f'attachment; filename="privacy-request-{row.pk}.json"'},
        )

    @confirmed_action(
        _("Erase all customers"),
        "person_off",
        _("Erase all customers of this store?"),
        _(
            "The personal data of all customers and orders that its connections imported is erased for good. "
            "Amounts and products are kept."
        ),
        _("Erase all customers"),
    )
    def confirm(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = self.get_object_or_404(request, object_id)
        try:
            confirm_erasure(request=row, by=get_operator(request))
        except ValueError as error:
            return self.redirect_to_object(request, row, str(error), messages.ERROR)
        transaction.on_commit(carry_out.delay)
        return self.redirect_to_object(request, row, gettext("The customers will be erased in a moment."))

    @confirmed_action(
        _("Close"),
        "task_alt",
        _("Close this request?"),
        _("Its email address and order IDs are removed. A request for erasure is not carried out any more."),
        _("Close"),
        form=AnswerForm,
    )
    def close(self, request: HttpRequest, form: AnswerForm, object_id: str) -> HttpResponse:
        row = self.get_object_or_404(request, object_id)
        answer = form.cleaned_data["answer"]
        close_request(request=row, by=get_operator(request), answer=answer, now=clock.now())
        return self.redirect_to_object(request, row, gettext("Closed."))
