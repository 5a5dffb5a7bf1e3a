"""The pages of a copy for auditors: its report, the report as JSON, and samples of masked values."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.operators import get_operator
from common.admin import ReadOnlyAdmin
from staging_copy import report, services
from staging_copy.backup.archive import ArchiveError
from staging_copy.models import Copy
from staging_copy.services.samples import PERMISSION


class CopyReports(ReadOnlyAdmin):
    """Views and actions for the admin of copies."""

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The report as a page that can be printed."""
        copy = self.get_viewable_copy(request, object_id)
        title = gettext("Report of %(copy)s") % {"copy": copy}
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        context |= report.template_context(copy)
        return TemplateResponse(request, "admin/staging_copy/copy/report.html", context)

    def report_json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self.get_viewable_copy(request, object_id)
        answer = JsonResponse(copy.report, json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="copy-{copy.pk}.json"'
        return answer

    def samples_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self.get_viewable_copy(request, object_id)
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

    def get_viewable_copy(self, request: HttpRequest, object_id: str) -> Copy:
        if not self.has_view_permission(request):
            raise PermissionDenied
        copy: Copy = self.get_object_or_404(request, object_id)
        return copy

    @action(description=_("View report"), icon="description", permissions=["view"])
    def show_report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(reverse("admin:staging_copy_copy_report", args=[object_id]))

    def has_samples_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A permission of its own: the page shows values of live."""
        return request.user.has_perm(PERMISSION)

    @action(description=_("View samples"), icon="compare", permissions=["samples"])
    def show_samples(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(reverse("admin:staging_copy_copy_samples", args=[object_id]))
