"""Console pages for users, groups and memberships."""

from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from allauth.socialaccount.admin import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.admin import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Field
from django.forms import BooleanField, CharField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import PeriodicTask
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from accounts import impersonation
from accounts.admin_access import AdministratorsChange, AdministratorsOnly, has_rights_in_the_console
from accounts.models import Membership, Seller, User
from accounts.operators import get_operator
from accounts.roles import Role
from accounts.services import record_audit_event, reset_second_factor, set_verified_email
from common.admin import BaseAdmin, confirmed_action

admin.site.unregister(Group)
# People manage these on their own pages; rows changed here could let somebody else in.
# The imports have registered them.
for _model in (EmailAddress, Authenticator, UserSession, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(_model)

# Celery beat's own pages can schedule any task with any arguments. The import above has registered them.
for _model in [model for model in admin.site._registry if model._meta.app_label == PeriodicTask._meta.app_label]:
    _page = type(admin.site._registry[_model])
    admin.site.unregister(_model)
    admin.site.register(_model, type(_page.__name__, (AdministratorsOnly, _page), {}))


@admin.register(Group)
class GroupAdmin(AdministratorsChange, DjangoGroupAdmin, BaseAdmin):  # type: ignore[misc]
    """The groups of the built-in roles can't be changed: `migrate` sets their permissions (accounts/roles.py)."""

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.name in Role.values)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        group = form.instance
        record_audit_event(
            user=get_operator(request),
            action="group.change" if change else "group.add",
            target=f"group {group.pk} ({group.name})",
            permissions=sorted(f"{app}.{name}" for app, name in group.permissions.values_list(*_CODENAME)),
        )


_CODENAME = ("content_type__app_label", "codename")


class MembershipInline(AdministratorsChange, TabularInline):
    """A membership gives access to all data of a seller, which staff may not have themselves."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user", "seller")
    readonly_fields = ("created_at",)

    def formfield_for_choice_field(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """The headings of the table are no labels for screen readers."""
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        field.widget.attrs["aria-label"] = field.label
        return field


def record_membership_changes(request: HttpRequest, formsets: Any) -> None:
    """Audit what the inlines of a page saved."""
    by = get_operator(request)
    for formset in (each for each in formsets if each.model is Membership):
        for row in formset.new_objects:
            record_audit_event(user=by, action="membership.add", **_membership(row))
        for row, _fields in formset.changed_objects:
            record_audit_event(user=by, action="membership.change", **_membership(row))
        for row in formset.deleted_objects:
            record_audit_event(user=by, action="membership.delete", **_membership(row))


def _membership(row: Membership) -> dict[str, Any]:
    return {"target": f"user {row.user_id}", "seller": row.seller, "role": row.role}


class ImpersonationForm(BaseDialogForm):
    reason = CharField(
        label=_("Reason"),
        help_text=_("For example the number of the support request. Recorded in the audit log."),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
    )
    may_change = BooleanField(
        label=_("Allow changes"),
        help_text=_("Without it, you can only look. API keys, secrets and the team can never be changed."),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):  # type: ignore[misc]
    """Administrators change everything. Other staff with the permission change the name of people without rights in
    the console, and deactivate or activate them: with a password or an email address they could take accounts over.
    """

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    inlines = (MembershipInline,)
    actions_detail = ("impersonate", "reset_second_factor")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        reserved = ("email", "is_staff", "is_superuser", "groups", "user_permissions")
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *reserved)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Read-only, the password field would show part of the hash."""
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": ("email", "name")}), *self.fieldsets[1:])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if request.user.is_superuser:
            return True
        is_protected = isinstance(obj, User) and has_rights_in_the_console(obj)
        return super().has_change_permission(request, obj) and not is_protected

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            record_audit_event(user=get_operator(request), action="user.password", target=f"user {id}")
        return response

    @confirmed_action(
        _("View as this person"),
        "visibility",
        _("View the dashboard as this person?"),
        _("For support. It ends after an hour, and is recorded in the audit log."),
        _("View as this person"),
        form=ImpersonationForm,
        permission="impersonate",
    )
    def impersonate(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        user = self.get_object_or_404(request, object_id)
        answers = {name: form.cleaned_data[name] for name in ("reason", "may_change")}
        impersonation.start(request, user=user, **answers)
        record_audit_event(
            user=get_operator(request), action="impersonation.start", target=f"user {user.pk}", **answers
        )
        return HttpResponseClientRedirect(reverse("dashboard:home"))

    def has_impersonate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        user = self.get_object(request, str(object_id)) if object_id else None
        return user is not None and impersonation.may_impersonate(operator=get_operator(request), user=user)

    @confirmed_action(
        _("Remove second factors"),
        "phonelink_erase",
        _("Remove all second factors of this user?"),
        _("For somebody who has lost them. All their sessions end. Operators set up a new one at the next login."),
        _("Remove second factors"),
    )
    def reset_second_factor(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        user = self.get_object_or_404(request, object_id)
        removed = reset_second_factor(user=user, by=get_operator(request))
        message = gettext("Second factors removed.") if removed else gettext("There was no second factor.")
        return self.redirect_to_object(request, user, message)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        if not change or "email" in form.changed_data:
            set_verified_email(user=user)
        record_audit_event(
            user=get_operator(request),
            action="user.change" if change else "user.add",
            target=f"user {user.pk}",
            fields=form.changed_data,
            is_staff=user.is_staff,
            is_superuser=user.is_superuser,
            groups=sorted(user.groups.values_list("name", flat=True)),
            permissions=sorted(f"{app}.{name}" for app, name in user.user_permissions.values_list(*_CODENAME)),
        )
        record_membership_changes(request, formsets)


def record_seller_change(request: HttpRequest, seller: Seller, form: ModelForm, formsets: Any, change: bool) -> None:
    """Audit a saved seller and its memberships."""
    record_audit_event(
        user=get_operator(request),
        action="seller.change" if change else "seller.add",
        target=seller,
        seller=seller,
        fields=form.changed_data,
    )
    record_membership_changes(request, formsets)
