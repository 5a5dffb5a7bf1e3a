"""Who may change accounts, groups and API keys in the console: nobody gains rights, or a stronger account, there."""

from typing import Any

from django.contrib.auth.models import Permission
from django.http import HttpRequest

from accounts.auth import is_installation_key
from accounts.models import ApiKey, User

# Scope of an API key → the console permission that a staff user needs to give it to a key.
SCOPE_PERMISSIONS = {
    "sync:read": "hub.view_run",
    "sync:trigger": "hub.change_job",
    "customers:write": "orders.change_customer",
    "synclog:write": "synclog.change_synclog",
    "feeds:read": "catalog.view_product",
}


class AdministratorsChange:
    """Permissions show these pages, but only administrators (superusers) change anything on them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


class AdministratorsOnly(AdministratorsChange):
    """Only administrators see these pages."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser


def has_rights_in_the_console(user: User) -> bool:
    """Whether the account is staff, or would have permissions as soon as it was staff."""
    return user.is_staff or user.is_superuser or user.groups.exists() or Permission.objects.filter(user=user).exists()


def may_revoke(*, operator: User, key: ApiKey) -> bool:
    """Keys for the whole installation and those of other staff are for administrators."""
    if operator.is_superuser or key.user_id == operator.pk:
        return True
    return not is_installation_key(key) and (key.user is None or not has_rights_in_the_console(key.user))


def api_key_errors(*, operator: User, has_seller: bool, key_user: User | None, scopes: list[str]) -> dict[str, str]:
    """Form field → reason code why this operator may not create such a key; empty if they may."""
    if operator.is_superuser:
        return {}
    errors = {}
    if key_user is not None and key_user != operator:
        errors["user"] = "another_person"
    if not has_seller and key_user is None:
        errors["seller"] = "platform_key"
    if any(not operator.has_perm(SCOPE_PERMISSIONS[scope]) for scope in scopes):
        errors["scopes"] = "more_than_own"
    return errors
