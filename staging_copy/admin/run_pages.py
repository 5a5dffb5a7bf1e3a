"""What the pages of copies and of dry runs have in common: progress, times, and the report as a page and as JSON."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action, display

from common.admin import ReadOnlyAdmin
from hub.durations import format_duration
from staging_copy import report
from staging_copy.admin.formatting import format_utc
from staging_copy.models import Copy, DryRun


class RunPages(ReadOnlyAdmin):
    """Views, fields and actions for the admin of copies and of dry runs."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page("<path:object_id>/progress/", self.progress_view, "progress"),
            self.page("<path:object_id>/report/", self.report_view, "report"),
            self.page("<path:object_id>/report.json", self.report_json, "report_json"),
            *super().get_urls(),
        ]

    def page(self, route: str, view: Any, name: str) -> URLPattern:
        return path(route, self.admin_site.admin_view(view), name=f"{self._prefix()}_{name}")

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The report as a page that can be printed."""
        copy = self.get_viewable(request, object_id)
        title = gettext("Report of %(copy)s") % {"copy": copy}
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        context |= report.template_context(copy)
        return TemplateResponse(request, "admin/staging_copy/copy/report.html", context)

    def report_json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self.get_viewable(request, object_id)
        answer = JsonResponse(copy.report, json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="{str(copy).replace(" ", "-")}.json"'
        return answer

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self.get_viewable(request, object_id)
        if request.GET.get("state") != _state(copy):
            return HttpResponseClientRefresh()
        return TemplateResponse(request, "admin/staging_copy/copy/progress.html", self._progress(copy))

    def get_viewable(self, request: HttpRequest, object_id: str) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.get_object_or_404(request, object_id)

    @display(description=_("Live data as of"), ordering="backup__taken_at")
    def backup_time(self, copy: Copy | DryRun) -> str:
        return format_utc(copy.backup.taken_at if copy.backup else None)

    @display(description=_("Started"))
    def started(self, copy: Copy | DryRun) -> str:
        return format_utc(copy.started_at)

    @display(description=_("Finished"))
    def finished(self, copy: Copy | DryRun) -> str:
        return format_utc(copy.finished_at)

    @display(description=_("Duration"))
    def duration(self, copy: Copy | DryRun) -> str:
        if copy.started_at is None:
            return "-"
        return format_duration((copy.finished_at or timezone.now()) - copy.started_at)

    @display(description=_("Progress"))
    def progress_text(self, copy: Copy | DryRun) -> str:
        return render_to_string("admin/staging_copy/copy/progress.html", self._progress(copy))

    @action(description=_("View report"), icon="description", permissions=["view"])
    def show_report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(reverse(f"admin:{self._prefix()}_report", args=[object_id]))

    def _progress(self, copy: Copy | DryRun) -> dict[str, Any]:
        is_active = copy.state in (*copy.UNDER_WAY, "planned") or bool(getattr(copy, "requested_action", ""))
        return {
            "copy": copy,
            "state": _state(copy),
            "steps": report.steps(copy),
            "counts": sorted(copy.progress.items()),
            "rows": sum(copy.progress.values()),
            "address": reverse(f"admin:{self._prefix()}_progress", args=[copy.pk]) if is_active else "",
        }

    def _prefix(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"


def _state(copy: Copy | DryRun) -> str:
    """Changes whenever the page shows other fields or actions."""
    return f"{copy.state}{getattr(copy, 'requested_action', '')}"
