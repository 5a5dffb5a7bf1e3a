"""What the console does with a connection: test, authorize, sync, pause, dry run, new webhook secret, uninstall."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.operators import get_operator
from common.admin import BaseAdmin, ReasonForm, confirmed_action
from connectors.adapters.registry import adapters
from connectors.engine.error_texts import error_text
from connectors.models import AssumptionResult
from connectors.sdk.errors import ConnectorError
from connectors.sdk.installation import InstallationRefused
from connectors.services import installation
from connectors.services.connection_tests import check_connection
from connectors.services.connections import uninstall_connection
from connectors.services.runs import sync
from connectors.services.webhooks import renew_webhook_secret
from hub.kinds import DataType
from hub.models import Connection, Run
from hub.services import pause_connection, resume_connection, set_read_only


class SyncForm(BaseDialogForm):
    data_type = forms.ChoiceField(choices=DataType, widget=UnfoldAdminSelectWidget, label=_("Data to sync"))


class ConnectionActions(BaseAdmin):
    """The buttons on the page of a connection."""

    actions_detail = (
        "test",
        "sync_now",
        "pause",
        "resume",
        {"title": _("More"), "items": ["authorize", "switch_read_only", "webhook_secret", "uninstall"]},
    )

    def is_action_available(self, row: Connection, action_name: str) -> bool:
        if row.state == Connection.State.UNINSTALLED:
            return False
        adapter = adapters().get(row.platform)
        return {
            "pause": row.paused_at is None,
            "resume": row.paused_at is not None,
            "webhook_secret": adapter is not None and adapter.webhooks.configured_manually,
            "authorize": adapter is not None and installation.app_of(adapter) is not None,
        }.get(action_name, True)

    @confirmed_action(
        _("Test connection"),
        "network_check",
        _("Test this connection?"),
        _("Checks the URL and the credentials, and what SyncCenter assumes about the account. Nothing is changed."),
        _("Test connection"),
    )
    def test(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        try:
            tested = check_connection(connection=connection)
        except ConnectorError as error:
            message = gettext("Connection test failed: %(problem)s") % {"problem": error_text(error)}
            return self.redirect_to_object(request, connection, message, messages.ERROR)
        message = gettext("Connection test succeeded: %(answer)s") % {"answer": tested.answer}
        if refuted := tested.states[AssumptionResult.State.REFUTED]:
            warning = ngettext(
                "%(number)s assumption is wrong for this account. See Assumptions below.",
                "%(number)s assumptions are wrong for this account. See Assumptions below.",
                refuted,
            )
            self.message_user(request, warning % {"number": refuted}, messages.WARNING)
        return self.redirect_to_object(request, connection, message)

    @confirmed_action(
        _("Authorize again"),
        "key",
        _("Authorize this connection again?"),
        _("You continue at the platform, where you agree to what SyncCenter may read and change."),
        _("Continue"),
    )
    def authorize(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        try:
            url = installation.begin(
                adapter=adapters()[connection.platform],
                account="",
                name=connection.name,
                by=get_operator(request),
                session_key=request.session.session_key or "",
                seller=connection.seller,
                connection=connection,
            )
        except (InstallationRefused, ValueError) as error:
            return self.redirect_to_object(request, connection, str(error), messages.ERROR)
        return HttpResponseRedirect(url)

    @confirmed_action(
        _("Sync now"),
        "sync",
        _("Start a full sync?"),
        _("Unchanged items are not sent again."),
        _("Start sync"),
        form=SyncForm,
    )
    def sync_now(self, request: HttpRequest, form: SyncForm, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        data_type = form.cleaned_data["data_type"]
        try:
            _, created = sync(
                connection=connection, data_type=data_type, trigger=Run.Trigger.BUTTON, by=get_operator(request)
            )
        except (LookupError, ValueError) as error:
            return self.redirect_to_object(request, connection, str(error), messages.WARNING)
        message = gettext("Sync started.") if created else gettext("This sync is already running.")
        return self.redirect_to_object(request, connection, message)

    @confirmed_action(
        _("Pause"),
        "pause",
        _("Pause this connection?"),
        _("No API calls are made. Changes are queued and sync when you resume."),
        _("Pause"),
        form=ReasonForm,
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        pause_connection(connection=connection, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, connection, gettext("Paused."))

    @confirmed_action(
        _("Resume"),
        "play_arrow",
        _("Resume this connection?"),
        _("Queued changes start syncing."),
        _("Resume"),
        form=ReasonForm,
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        resume_connection(connection=connection, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, connection, gettext("Resumed."))

    @confirmed_action(
        _("Turn dry run on or off"),
        "edit_off",
        _("Turn dry run on or off?"),
        _(
            "In a dry run, changes are computed and nothing is sent. "
            "Turning it off starts a full sync of every enabled export."
        ),
        _("Turn on or off"),
    )
    def switch_read_only(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        set_read_only(connection=connection, read_only=not connection.read_only, by=get_operator(request))
        message = gettext("Dry run is on.") if connection.read_only else gettext("Dry run is off.")
        return self.redirect_to_object(request, connection, message)

    @confirmed_action(
        _("Create new webhook secret"),
        "key",
        _("Create a new webhook secret?"),
        _(
            "The current secret stops working immediately, and the new one is shown only once. "
            "Webhooks are rejected until you enter it on the platform."
        ),
        _("Create secret"),
    )
    def webhook_secret(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        if not self.is_action_available(connection, "webhook_secret"):
            raise Http404(f"The webhooks of {connection} are registered automatically or not supported.")
        context = {
            "connection": connection,
            "secret": renew_webhook_secret(connection=connection, by=get_operator(request)),
        }
        return TemplateResponse(request, "admin/hub/connection/webhook_secret.html", context)

    @confirmed_action(
        _("Uninstall"),
        "delete",
        _("Uninstall this connection?"),
        _("Its runs are canceled, and its credentials, sync logs and webhooks are deleted. Imported data is kept."),
        _("Uninstall"),
    )
    def uninstall(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        uninstall_connection(connection=connection, by=get_operator(request))
        return self.redirect_to_object(request, connection, gettext("Uninstalled."))
