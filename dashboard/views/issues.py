"""Issues: the list, its CSV file, and the actions Resolve and Retry."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.csv_export import csv_response
from dashboard import export
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.forms import IssueFilter
from dashboard.keyset import Keyset
from dashboard.queries.issues import issues
from dashboard.queries.items import items
from dashboard.queries.runs import runs
from dashboard.views.redirects import redirect_back
from hub.models import Run
from synclog.models import Issue
from synclog.services import resolve_issue, resolve_issues, retry_item


@seller_page
def index(request: SellerRequest) -> HttpResponse:
    filters = IssueFilter(request.GET, seller=request.seller)
    run = _run(request)
    keyset = Keyset(request.GET.get("page", ""), field="seen_at")
    page = keyset.page(keyset.apply(issues(seller=request.seller, run=run, **filters.chosen)))
    known = items(seller=request.seller, refs=[(issue.kind, issue.item_id) for issue in page.rows])
    rows = [(issue, known.get((issue.kind, issue.item_id))) for issue in page.rows]
    context = {
        "filters": filters,
        "page": page,
        "rows": rows,
        "run": run,
        "hidden_fields": {"run": run.pk} if run else {},
    }
    return render(request, "dashboard/issues.html", context)


@seller_page
def download(request: SellerRequest) -> HttpResponseBase:
    """All issues that the filters match as a CSV file."""
    filters = IssueFilter(request.GET, seller=request.seller)
    found = issues(seller=request.seller, run=_run(request), **filters.chosen).order_by("-seen_at", "-id")
    # The response is streamed after the decorator has reset the time zone.
    zone = timezone.get_current_timezone()
    rows = (export.issue_row(issue, zone) for issue in found.iterator(chunk_size=2000))
    return csv_response(f"issues-{request.seller.slug}.csv", export.ISSUE_HEADER, rows)


@seller_action
def resolve(request: SellerRequest, issue: int) -> HttpResponseBase:
    resolve_issue(issue=_issue(request, issue), by=request.user)
    messages.success(request, _("Resolved. It will reopen if the problem comes back."))
    return redirect_back(request, "dashboard:issues")


@seller_action
def resolve_selected(request: SellerRequest) -> HttpResponseBase:
    chosen = [int(value) for value in request.POST.getlist("issue") if value.isdecimal() and len(value) < 19]
    number = resolve_issues(issues=Issue.objects.filter(seller=request.seller, pk__in=chosen), by=request.user)
    if number:
        text = ngettext("%(number)s issue resolved.", "%(number)s issues resolved.", number)
        messages.success(request, text % {"number": number})
    else:
        messages.info(request, _("Select at least one issue."))
    return redirect_back(request, "dashboard:issues")


@seller_action
def retry(request: SellerRequest, issue: int) -> HttpResponseBase:
    if retry_item(issue=_issue(request, issue), by=request.user):
        messages.success(request, _("Retrying now. The issue closes automatically if the sync succeeds."))
    else:
        messages.info(request, _("This item will be retried in the next sync."))
    return redirect_back(request, "dashboard:issues")


def _issue(request: SellerRequest, issue: int) -> Issue:
    return get_object_or_404(Issue.objects.select_related("seller"), pk=issue, seller=request.seller)


def _run(request: SellerRequest) -> Run | None:
    number = request.GET.get("run", "")
    if not number:
        return None
    return get_object_or_404(runs(seller=request.seller), pk=int(number) if number.isdecimal() else 0)
