"""Console pages of connections: the list, the form to add and change one, and its status."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, badge
from connectors.adapters.registry import adapters
from connectors.admin.connection_actions import ConnectionActions
from connectors.admin.jobs import JobInline
from connectors.admin.schema_form import (
    CREDENTIALS,
    SETTINGS,
    ConnectionForm,
    connection_form,
    field_names,
    map_field_names,
)
from connectors.models import AssumptionResult
from connectors.sdk.adapter import Adapter
from connectors.services.connection_tests import assumption_rows
from connectors.services.connections import deprecation_warnings_for, install_connection, update_connection
from connectors.webhooks.registration import webhook_url
from hub import clock
from hub.models import Connection


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


@admin.register(Connection)
class ConnectionAdmin(ConnectionActions):
    ordering = ("name",)
    list_display = ("name", "platform_name", "seller", "state_text", "base_url", "updated_at")
    list_filter = ("platform", ("state", ChoicesDropdownFilter), "role", ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller",)
    search_fields = ("name", "slug", "base_url")
    autocomplete_fields = ("seller",)
    inlines = (JobInline,)
    warn_unsaved_form = True

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
