"""Access to the copy pages: a separate permission, because a copy replaces the staging database."""

from typing import Any

from django.http import HttpRequest

PERMISSION = "staging_copy.copy_to_staging"


class CopierAccess:
    """Users with the permission can view these pages and use all of their actions."""

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request) or super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
