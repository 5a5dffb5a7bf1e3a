"""The console's pages about people: users, sellers, keys, and who did what."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.admin_base import BaseAdmin, ReadOnlyAdmin, TimeZoneField, as_json, confirm_dialog, get_operator
from accounts.models import ApiKey, AuditEvent, DropshipAgreement, Membership, Seller, User
from accounts.services import SCOPES, create_api_key, record_audit_event, revoke_api_key, save_agreement

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BaseAdmin):  # type: ignore[misc]
    pass


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "seller")
    readonly_fields = ("created_at",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("May do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Rights are given by superusers, or whoever may change users could give them to themselves."""
        permission_fields = ("is_staff", "is_superuser", "groups", "user_permissions")
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *permission_fields)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_protected = isinstance(obj, User) and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not is_protected

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_audit_event(
            user=get_operator(request), action="user.change" if change else "user.add", target=f"user {obj.pk}"
        )


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
        ("Contact", {"fields": ("contact_name", "contact_email", "phone", "street", "city", "postcode", "country")}),
        ("Books", {"fields": ("tax_id", "bank_account")}),
        ("Dates", {"fields": ("created_at", "updated_at")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Seller | None = None) -> tuple[str, ...]:
        # Staging and addresses know a seller by its slug.
        return ("slug", *self.readonly_fields) if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Seller, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        what = "seller.change" if change else "seller.add"
        record_audit_event(user=get_operator(request), action=what, target=obj, seller=obj, fields=form.changed_data)


@admin.register(DropshipAgreement)
class DropshipAgreementAdmin(BaseAdmin):
    """Who ships for whom (S9). An agreement is ended, never deleted: its orders are still under way."""

    list_display = ("vendor", "seller", "name_on_lines", "active", "since")
    list_filter = ("active", ("vendor", AutocompleteSelectFilter), ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller", "vendor")
    search_fields = ("name_on_lines__istartswith",)
    autocomplete_fields = ("seller", "vendor")
    fields = ("seller", "vendor", "name_on_lines", "active", "since")

    def get_readonly_fields(self, request: HttpRequest, obj: DropshipAgreement | None = None) -> tuple[str, ...]:
        # Orders have been passed on between these two.
        return ("seller", "vendor") if obj else ()

    def save_model(self, request: HttpRequest, obj: DropshipAgreement, form: ModelForm, change: bool) -> None:
        save_agreement(agreement=obj, by=get_operator(request))


class ApiKeyForm(ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {text}") for scope, text in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "seller", "user", "scopes", "expires_at")
        help_texts = {
            "seller": "The key reaches this seller only. Without a seller and a user it reaches all of them.",
            "user": "The key may do what this person may, as long as that lasts.",
        }


@admin.register(ApiKey)
class ApiKeyAdmin(BaseAdmin):
    """A key is made, shown once, and revoked; it is never changed."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "seller", "user", "state", "last_used_at", "expires_at")
    list_filter = (("seller", AutocompleteSelectFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("seller", "user")
    search_fields = ("name", "prefix__startswith")
    autocomplete_fields = ("seller", "user")
    fields = ("name", "seller", "user", "scopes", "expires_at")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)

    @display(description="State", label={"valid": "success", "revoked": "danger", "expired": "warning"})
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "valid"

    def is_action_available(self, row: ApiKey, action_name: str) -> bool:
        return row.revoked_at is None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        times = ("prefix", "state", "created_at", "last_used_at", "revoked_at")
        return (*self.fields, *times) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm, change: bool) -> None:
        key, text = create_api_key(**{name: form.cleaned_data[name] for name in self.fields})
        obj.text = text  # type: ignore[attr-defined]  # as long as this request, for response_add
        obj.pk = key.pk
        record_audit_event(
            user=get_operator(request), action="key.add", target=key, seller=key.seller, scopes=key.scopes
        )

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The one page that shows the key: neither a cookie nor the session ever holds it."""
        context = {**self.admin_site.each_context(request), "title": "API key made", "opts": self.opts, "key": obj}
        return TemplateResponse(request, "admin/accounts/apikey/created.html", context)

    @admin.action(description="Revoke selected keys", permissions=["operate"])
    def revoke_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys.filter(revoked_at=None):
            self._revoke(request, key)
        self.message_user(request, "The selected keys open nothing any more.")

    @action(
        description="Revoke",
        icon="key_off",
        permissions=["operate"],
        dialog=confirm_dialog("Revoke this key?", "Whoever uses it is refused from now on.", "Revoke"),
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        key = self.get_object_or_404(request, object_id)
        self._revoke(request, key)
        return self.redirect_to_object(request, key, f"{key} opens nothing any more.")

    def _revoke(self, request: HttpRequest, key: ApiKey) -> None:
        revoke_api_key(key=key)
        record_audit_event(user=get_operator(request), action="key.revoke", target=key, seller=key.seller)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "user", "action", "target", "seller")
    list_filter = (("seller", AutocompleteSelectFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user", "seller")
    search_fields = ("action__startswith",)
    search_help_text = "What was done, as in `connection.` or `sync.start`"
    fields = ("at", "user", "seller", "action", "target", "details")

    @display(description="Detail")
    def details(self, event: AuditEvent) -> str:
        return as_json(event.detail)
