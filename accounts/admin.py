"""Console pages for sellers, dropship agreements, API keys and the audit log."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet, TextChoices
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.admin_access import api_key_errors, may_revoke
from accounts.admin_audit import action_label
from accounts.admin_users import MembershipInline, record_seller_change
from accounts.models import ApiKey, AuditEvent, DropshipAgreement, Seller, User
from accounts.operators import get_operator
from accounts.services import SCOPES, create_api_key, record_audit_event, revoke_api_key, save_agreement
from common.admin import (
    BaseAdmin,
    Color,
    ReadOnlyAdmin,
    TimeZoneField,
    as_json,
    badge,
    confirmed_action,
)
from common.csv_export import csv_response


class SellerForm(ModelForm):
    time_zone = TimeZoneField(initial="UTC")


@admin.register(Seller)
class SellerAdmin(BaseAdmin):
    form = SellerForm
    ordering = ("name",)
    list_display = ("name", "slug", "status", "currency", "created_at")
    list_filter = ("status",)
    search_fields = ("name", "slug")
    readonly_fields = ("created_at", "updated_at")
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "status", "time_zone", "currency")}),
        (_("Contact"), {"fields": ("contact_name", "contact_email", "phone", "street", "city", "postcode", "country")}),
        (_("Tax and payment"), {"fields": ("tax_id", "bank_account")}),
        (_("Dates"), {"fields": ("created_at", "updated_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Seller | None = None) -> tuple[str, ...]:
        # URLs and the staging copy identify a seller by its slug.
        return ("slug", *self.readonly_fields) if obj else self.readonly_fields

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        record_seller_change(request, form.instance, form, formsets, change)


@admin.register(DropshipAgreement)
class DropshipAgreementAdmin(BaseAdmin):
    """Which vendor ships for which seller (S9). Agreements are deactivated, not deleted: their orders may be open."""

    empty_text = _("An agreement sends the lines of a seller’s orders that a vendor ships to the vendor’s ERP.")
    list_display = ("vendor", "seller", "name_on_lines", "active", "since")
    list_filter = ("active", ("vendor", AutocompleteSelectFilter), ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller", "vendor")
    search_fields = ("name_on_lines__istartswith",)
    autocomplete_fields = ("seller", "vendor")
    fields = ("seller", "vendor", "name_on_lines", "active", "since")

    def get_readonly_fields(self, request: HttpRequest, obj: DropshipAgreement | None = None) -> tuple[str, ...]:
        # Existing orders were already forwarded between these two.
        return ("seller", "vendor") if obj else ()

    def save_model(self, request: HttpRequest, obj: DropshipAgreement, form: ModelForm, change: bool) -> None:
        save_agreement(agreement=obj, by=get_operator(request))


# Reasons of `api_key_errors`.
API_KEY_ERRORS = {
    "another_person": _("Only administrators create keys for other people. Choose yourself, or no user."),
    "platform_key": _("Only administrators create keys for all sellers. Choose a seller."),
    "more_than_own": _("You can only give permissions that you have yourself. Choose fewer, or ask an administrator."),
}


class ApiKeyForm(ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=lambda: [(scope, f"{scope}: {text}") for scope, text in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "seller", "user", "scopes", "expires_at")
        help_texts = {
            "seller": _("Limits the key to this seller. A key without a seller and a user can access all sellers."),
            "user": _("The key acts with this user's current permissions."),
        }

    operator: User  # set by ApiKeyAdmin.get_form

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        faults = api_key_errors(
            operator=self.operator,
            has_seller=values.get("seller") is not None,
            key_user=values.get("user"),
            scopes=values.get("scopes") or [],
        )
        for field, reason in faults.items():
            self.add_error(field, API_KEY_ERRORS[reason])
        return values


class ApiKeyStatus(TextChoices):
    ACTIVE = "active", _("Active")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


API_KEY_COLORS: dict[ApiKeyStatus, Color] = {
    ApiKeyStatus.ACTIVE: "success",
    ApiKeyStatus.EXPIRED: "warning",
    ApiKeyStatus.REVOKED: "danger",
}


def api_key_status(key: ApiKey) -> ApiKeyStatus:
    if key.revoked_at:
        return ApiKeyStatus.REVOKED
    is_expired = key.expires_at is not None and key.expires_at <= timezone.now()
    return ApiKeyStatus.EXPIRED if is_expired else ApiKeyStatus.ACTIVE


@admin.register(ApiKey)
class ApiKeyAdmin(BaseAdmin):
    """Keys can be created and revoked, but not changed."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "seller", "user", "state", "last_used_at", "expires_at")
    list_filter = (("seller", AutocompleteSelectFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("seller", "user")
    search_fields = ("name", "prefix__startswith")
    autocomplete_fields = ("seller", "user")
    fields = ("name", "seller", "user", "scopes", "expires_at")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)

    @display(description=_("Status"))
    def state(self, key: ApiKey) -> SafeString:
        status = api_key_status(key)
        return badge(status.label, API_KEY_COLORS[status])

    def is_action_available(self, row: ApiKey, action_name: str) -> bool:
        return row.revoked_at is None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """`obj` is the key's primary key, or None for the list."""
        if not super().has_operate_permission(request, obj):
            return False
        key = None if obj is None else self.get_object(request, str(obj))
        return key is None or may_revoke(operator=get_operator(request), key=key)

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"operator": get_operator(request)})

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        times = ("prefix", "state", "created_at", "last_used_at", "revoked_at")
        return (*self.fields, *times) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm, change: bool) -> None:
        key, text = create_api_key(**{name: form.cleaned_data[name] for name in self.fields})
        obj.text = text  # type: ignore[attr-defined]  # only for response_add of this request
        obj.pk = key.pk
        record_audit_event(
            user=get_operator(request), action="key.add", target=key, seller=key.seller, scopes=key.scopes
        )

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The only page that shows the key. A message after a redirect would store it in a cookie or the session."""
        title = gettext("API key created")
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "key": obj}
        return TemplateResponse(request, "admin/accounts/apikey/created.html", context)

    @admin.action(description=_("Revoke selected keys"), permissions=["operate"])
    def revoke_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        operator = get_operator(request)
        revoked = [key for key in keys.filter(revoked_at=None) if may_revoke(operator=operator, key=key)]
        for key in revoked:
            self._revoke(request, key)
        message = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", len(revoked))
        self.message_user(request, message % {"count": len(revoked)})

    @confirmed_action(
        _("Revoke"),
        "key_off",
        _("Revoke this key?"),
        _("Apps that use it lose access immediately. This can't be undone."),
        _("Revoke key"),
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        key = self.get_object_or_404(request, object_id)
        self._revoke(request, key)
        return self.redirect_to_object(request, key, gettext("Key revoked."))

    def _revoke(self, request: HttpRequest, key: ApiKey) -> None:
        revoke_api_key(key=key)
        record_audit_event(user=get_operator(request), action="key.revoke", target=key, seller=key.seller)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Rows can't be changed or deleted here. They are deleted when they are older than the retention."""

    list_display = ("at", "user", "action_text", "target", "seller", "ip_address")
    list_filter = (
        ("at", RangeDateTimeFilter),
        ("seller", AutocompleteSelectFilter),
        ("user", AutocompleteSelectFilter),
    )
    list_select_related = ("user", "seller")
    search_fields = ("action__startswith", "target__startswith", "ip_address__startswith", "user__email__startswith")
    search_help_text = _('Search by action code (login, connection.), object ("user 7"), IP address or email address')
    fields = ("at", "user", "ip_address", "seller", "action_text", "action_code", "target", "details")
    actions = ("export_selected",)

    @display(description=_("Action"))
    def action_text(self, event: AuditEvent) -> str:
        return action_label(event.action)

    @display(description=_("Action code"))
    def action_code(self, event: AuditEvent) -> str:
        return event.action

    @display(description=_("Details"))
    def details(self, event: AuditEvent) -> str:
        return as_json(event.detail)

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.export_auditevent")

    @admin.action(description=_("Download as CSV"), permissions=["export"])
    def export_selected(self, request: HttpRequest, events: QuerySet[AuditEvent]) -> StreamingHttpResponse:
        record_audit_event(user=get_operator(request), action="audit.export")
        header = [_("Time (UTC)"), _("User"), _("IP address"), _("Seller"), _("Action"), _("Object"), _("Details")]
        rows: Iterator[list[object]] = (
            [
                event.at.isoformat(sep=" ", timespec="seconds"),
                event.user,
                event.ip_address,
                event.seller,
                event.action,
                event.target,
                json.dumps(event.detail, ensure_ascii=False),
            ]
            for event in events.order_by("-pk").iterator(chunk_size=2000)
        )
        return csv_response("audit-log.csv", header, rows)
