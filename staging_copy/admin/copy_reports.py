"""The pages of a copy for auditors: its report, and samples of masked values."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.operators import get_operator
from staging_copy import services
from staging_copy.admin.run_pages import RunPages
from staging_copy.backup.archive import ArchiveError
from staging_copy.services.samples import PERMISSION


class CopyReports(RunPages):
    """Views and actions for the admin of copies."""

    def get_urls(self) -> list[URLPattern]:
        return [self.page("<path:object_id>/samples/", self.samples_view, "samples"), *super().get_urls()]

    def samples_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self.get_viewable(request, object_id)
        if not self.has_samples_permission(request):
            raise PermissionDenied
        try:
            found = services.samples(copy=copy, by=get_operator(request))
        except (ValueError, ArchiveError) as error:
            self.message_user(request, str(error), messages.WARNING)
            return redirect("admin:staging_copy_copy_change", copy.pk)
        title = gettext("Samples of %(copy)s") % {"copy": copy}
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        context |= {"copy": copy, "samples": found}
        return TemplateResponse(request, "admin/staging_copy/copy/samples.html", context)

    def has_samples_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A permission of its own: the page shows values of live."""
        return request.user.has_perm(PERMISSION)

    @action(description=_("View samples"), icon="compare", permissions=["samples"])
    def show_samples(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(reverse("admin:staging_copy_copy_samples", args=[object_id]))
