"""Console pages of connections (install, test, sync, pause, uninstall) and of the platforms' kill switches."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import TextChoices
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.operators import get_operator
from common.admin import (
    BaseAdmin,
    Color,
    ReasonForm,
    badge,
    confirm_dialog,
)
from connectors.adapters.registry import adapters
from connectors.admin.jobs import JobInline
from connectors.admin.schema_form import (
    CREDENTIALS,
    SETTINGS,
    ConnectionForm,
    connection_form,
    field_names,
    map_field_names,
)
from connectors.engine.error_texts import error_text
from connectors.models import AssumptionResult
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError
from connectors.sdk.installation import InstallationRefused
from connectors.services import installation
from connectors.services.connection_tests import assumption_rows, check_connection
from connectors.services.connections import (
    deprecation_warnings_for,
    install_connection,
    uninstall_connection,
    update_connection,
)
from connectors.services.runs import sync
from connectors.services.webhooks import renew_webhook_secret
from connectors.webhooks.registration import webhook_url
from hub import clock
from hub.kinds import DataType
from hub.models import Connection, PlatformSwitch, Run
from hub.services import (
    pause_connection,
    pause_platform,
    resume_connection,
    resume_platform,
    set_read_only,
)


class ActiveStatus(TextChoices):
    """What the console shows for a connection whose state is active."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    DRY_RUN = "dry_run", _("Dry run")


STATE_COLORS: dict[Connection.State, Color] = {
    Connection.State.NEW: "warning",
    Connection.State.ACTIVE: "success",
    Connection.State.NEEDS_ATTENTION: "danger",
    Connection.State.UNINSTALLED: "default",
}
ACTIVE_COLORS: dict[ActiveStatus, Color] = {
    ActiveStatus.ACTIVE: "success",
    ActiveStatus.PAUSED: "warning",
    ActiveStatus.DRY_RUN: "info",
}
ASSUMPTION_COLORS: dict[AssumptionResult.State, Color] = {
    AssumptionResult.State.CONFIRMED: "success",
    AssumptionResult.State.REFUTED: "danger",
    AssumptionResult.State.UNKNOWN: "default",
}


def active_status(connection: Connection) -> ActiveStatus:
    if connection.paused_at:
        return ActiveStatus.PAUSED
    return ActiveStatus.DRY_RUN if connection.read_only else ActiveStatus.ACTIVE


class SyncForm(BaseDialogForm):
    data_type = forms.ChoiceField(choices=DataType, widget=UnfoldAdminSelectWidget, label=_("Data to sync"))


@admin.register(Connection)
class ConnectionAdmin(BaseAdmin):
    ordering = ("name",)
    list_display = ("name", "platform_name", "seller", "state_text", "base_url", "updated_at")
    list_filter = ("platform", ("state", ChoicesDropdownFilter), "role", ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller",)
    search_fields = ("name", "slug", "base_url")
    autocomplete_fields = ("seller",)
    inlines = (JobInline,)
    actions_detail = (
        "test",
        "sync_now",
        "pause",
        "resume",
        {"title": _("More"), "items": ["authorize", "switch_read_only", "webhook_secret", "uninstall"]},
    )
    warn_unsaved_form = True

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

    @display(description=_("Platform"), ordering="platform")
    def platform_name(self, connection: Connection) -> str:
        adapter = adapters().get(connection.platform)
        return adapter.name if adapter else connection.platform

    @display(description=_("Status"))
    def state_text(self, connection: Connection) -> SafeString:
        if connection.state == Connection.State.ACTIVE:
            status = active_status(connection)
            return badge(status.label, ACTIVE_COLORS[status])
        return badge(connection.get_state_display(), STATE_COLORS[Connection.State(connection.state)])

    @display(description=_("Reason"))
    def reason_text(self, connection: Connection) -> str:
        return connection.state_reason or connection.pause_reason or "-"

    @display(description=_("Dry run"))
    def dry_run(self, connection: Connection) -> SafeString:
        return badge(_("On"), "info") if connection.read_only else badge(_("Off"))

    @display(description=_("Webhook URL"))
    def webhook_address(self, connection: Connection) -> str:
        return webhook_url(connection)

    @display(description=_("Assumptions"))
    def assumptions(self, connection: Connection) -> SafeString:
        rows = [
            (
                row,
                row.result
                and badge(row.result.get_state_display(), ASSUMPTION_COLORS[AssumptionResult.State(row.result.state)]),
            )
            for row in assumption_rows(connection)
        ]
        return render_to_string("admin/hub/connection/assumptions.html", {"rows": rows})

    # The form depends on the platform, which is chosen on the first page of adding and can't be changed later.

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        if self._adapter(request, None) is None and self.has_add_permission(request):
            context = {
                **self.admin_site.each_context(request),
                "title": gettext("Add a connection"),
                "opts": self.opts,
                "platforms": [(adapter.key, adapter.name, adapter.role) for adapter in adapters().values()],
            }
            return TemplateResponse(request, "admin/hub/connection/platforms.html", context)
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        connection = self.get_object(request, object_id)
        if request.method == "GET" and connection is not None:
            for warning in deprecation_warnings_for(connection, today=clock.now().date()):
                self.message_user(request, warning, messages.WARNING)
        return super().change_view(request, object_id, form_url, extra_context)

    def _adapter(self, request: HttpRequest, connection: Connection | None) -> type[Adapter[Any]] | None:
        return adapters().get(connection.platform if connection else request.GET.get("platform", ""))

    def get_form(
        self, request: HttpRequest, obj: Connection | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        adapter = self._adapter(request, obj)
        if adapter is not None:
            kwargs["form"] = connection_form(adapter, obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> list[Any]:
        adapter = self._adapter(request, obj)
        may_change = obj is None or self.has_change_permission(request, obj)
        # The webhook URL contains a secret token: anyone who knows it can send events.
        secret = ("webhook_address",) if may_change else ()
        state = ("platform_name", "state_text", "reason_text", "dry_run", *secret, "created_at", "updated_at")
        guide = adapter.setup_guide.steps if adapter is not None and adapter.setup_guide else ""
        # As it is stored, for those who may not change it.
        sections = {_("Field mapping"): ["field_map"]}
        if adapter is not None and may_change:
            sections = {
                _("Settings"): field_names(SETTINGS, adapter.Settings),
                _("Credentials"): field_names(CREDENTIALS, adapter.Credentials),
                _("Field mapping"): map_field_names(adapter),
            }
        return [
            (None, {"fields": ("name", "slug", "seller", "base_url")}),
            *(
                (title, {"fields": names, "description": guide if title == _("Credentials") else ""})
                for title, names in sections.items()
                if names
            ),
            *([(_("Status"), {"fields": state})] if obj else []),
            *([(_("Assumptions"), {"fields": ("assumptions",)})] if obj and adapter and adapter.assumptions else []),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        fixed = ("platform_name", "slug", "seller")
        derived = (
            "state_text",
            "reason_text",
            "dry_run",
            "webhook_address",
            "created_at",
            "updated_at",
            "assumptions",
        )
        # Without its adapter there is no schema to validate a form with, so every field is read-only.
        return (
            (*fixed, *derived) if self._adapter(request, obj) else (*fixed, *derived, "name", "base_url", "field_map")
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        uninstalled = isinstance(obj, Connection) and obj.state == Connection.State.UNINSTALLED
        return super().has_change_permission(request, obj) and not uninstalled

    def save_model(self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool) -> None:
        if change:
            update_connection(
                connection=Connection.objects.get(pk=obj.pk),
                by=get_operator(request),
                name=obj.name,
                base_url=obj.base_url,
                settings=form.new_settings,
                field_map=obj.field_map,
                credentials=form.new_credentials,
            )
            return
        installed = install_connection(
            seller=obj.seller,
            platform=form.adapter.key,
            name=obj.name,
            slug=obj.slug,
            base_url=obj.base_url,
            settings=form.new_settings,
            credentials=form.new_credentials,
            field_map=obj.field_map,
            by=get_operator(request),
        )
        obj.pk = installed.pk

    @action(
        description=_("Test connection"),
        icon="network_check",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Test this connection?"),
            _("Checks the URL and the credentials, and what SyncCenter assumes about the account. Nothing is changed."),
            _("Test connection"),
        ),
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

    @action(
        description=_("Authorize again"),
        icon="key",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Authorize this connection again?"),
            _("You continue at the platform, where you agree to what SyncCenter may read and change."),
            _("Continue"),
        ),
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

    @action(
        description=_("Sync now"),
        icon="sync",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Start a full sync?"), _("Unchanged items are not sent again."), _("Start sync"), SyncForm
        ),
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

    @action(
        description=_("Pause"),
        icon="pause",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Pause this connection?"),
            _("No API calls are made. Changes are queued and sync when you resume."),
            _("Pause"),
            ReasonForm,
        ),
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        pause_connection(connection=connection, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, connection, gettext("Paused."))

    @action(
        description=_("Resume"),
        icon="play_arrow",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Resume this connection?"), _("Queued changes start syncing."), _("Resume"), ReasonForm
        ),
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        resume_connection(connection=connection, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, connection, gettext("Resumed."))

    @action(
        description=_("Turn dry run on or off"),
        icon="edit_off",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Turn dry run on or off?"),
            _(
                "In a dry run, changes are computed and nothing is sent. "
                "Turning it off starts a full sync of every enabled export."
            ),
            _("Turn on or off"),
        ),
    )
    def switch_read_only(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        set_read_only(connection=connection, read_only=not connection.read_only, by=get_operator(request))
        message = gettext("Dry run is on.") if connection.read_only else gettext("Dry run is off.")
        return self.redirect_to_object(request, connection, message)

    @action(
        description=_("Create new webhook secret"),
        icon="key",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Create a new webhook secret?"),
            _(
                "The current secret stops working immediately, and the new one is shown only once. "
                "Webhooks are rejected until you enter it on the platform."
            ),
            _("Create secret"),
        ),
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

    @action(
        description=_("Uninstall"),
        icon="delete",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Uninstall this connection?"),
            _("Its runs are canceled, and its credentials, sync logs and webhooks are deleted. Imported data is kept."),
            _("Uninstall"),
        ),
    )
    def uninstall(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = self.get_object_or_404(request, object_id)
        uninstall_connection(connection=connection, by=get_operator(request))
        return self.redirect_to_object(request, connection, gettext("Uninstalled."))


def _platforms() -> list[tuple[str, str]]:
    return [(key, adapter.name) for key, adapter in adapters().items()]


class PlatformSwitchForm(forms.ModelForm):
    platform = forms.ChoiceField(
        label=_("Platform"),
        help_text=_("All connections to this platform are paused until the kill switch is deleted."),
        choices=_platforms,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = PlatformSwitch
        fields = ("platform", "reason")


@admin.register(PlatformSwitch)
class PlatformSwitchAdmin(BaseAdmin):
    """Adding a row pauses every connection of a platform; deleting the row resumes them."""

    empty_text = _("Add one to pause all connections of a platform at once, for example during an outage.")
    form = PlatformSwitchForm
    list_display = ("platform", "reason", "paused_at", "paused_by")
    list_select_related = ("paused_by",)
    fields = ("platform", "reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: PlatformSwitch, form: forms.ModelForm, change: bool) -> None:
        pause_platform(platform=obj.platform, reason=obj.reason, by=get_operator(request))
        obj.pk = PlatformSwitch.objects.get(platform=obj.platform).pk

    def delete_model(self, request: HttpRequest, obj: PlatformSwitch) -> None:
        resume_platform(platform=obj.platform, by=get_operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for switch in queryset:
            self.delete_model(request, switch)
