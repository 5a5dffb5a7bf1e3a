"""Who may copy: a permission of its own, since a copy replaces a whole database."""

from typing import Any

from django.http import HttpRequest

PERMISSION = "staging_copy.copy_to_staging"


class CopierAccess:
    """Whoever has the permission sees these pages and may do what they offer."""

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request) or super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
