"""The inbox: issues by cause, the issues of one cause, its CSV file, and what people do about them (I1)."""

from hashlib import blake2b

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from common.csv_export import csv_response
from connectors.services.rechecks import check_again
from dashboard import export
from dashboard.access import SellerRequest, seller_action, seller_member_action, seller_page
from dashboard.forms import InboxAction, IssueFilter, SaveViewForm
from dashboard.keyset import Keyset
from dashboard.queries.counting import count_up_to_cap
from dashboard.queries.issues import BLOCKING, SNOOZED, WARNINGS, first_of_each_item, issues, of_same_items
from dashboard.queries.items import items
from dashboard.queries.rejected import imported_item_of, issues_of_rejected, rejected_item_of
from dashboard.queries.runs import runs
from dashboard.saved_views import MAX_VIEWS, chosen_filters, keep_filters, may_be_personal, save_view, views_of
from dashboard.views.redirects import redirect_back
from hub.models import Connection, Run
from synclog.inbox import causes, connections_by_cause
from synclog.models import Issue, RejectedItem
from synclog.services import resolve_issues
from synclog.triage import assign_cause, assign_issues, send_again, snooze_cause, snooze_issues

# Each has a form with a menu, which takes most of the time of the page.
_ISSUES_PER_PAGE = 30
# Resolved issues of an item on its page.
_EARLIER = 20


@seller_page
@keep_filters("connection", "data_type", "assigned", "text")
def index(request: SellerRequest) -> HttpResponse:
    """Rows are causes; for one cause, for a run and for resolved issues they are issues."""
    filters, run = IssueFilter(request.GET, seller=request.seller), _run(request)
    context: dict[str, object] = {"filters": filters, "run": run}
    context |= {"hidden_fields": _hidden(filters, run), "counts": _counts(request)}
    context["saved_views"] = list(views_of(user=request.user, seller=request.seller))
    context["filters_to_save"] = {} if filters.cause or run else chosen_filters(request.GET)
    if filters.cause or run or filters.shows_resolved:
        context |= _issue_rows(request, filters, run)
        return render(request, "dashboard/issues.html", context)
    return render(request, "dashboard/inbox.html", context | _cause_rows(request, filters))


@seller_page
def show(request: SellerRequest, issue: int) -> HttpResponseBase:
    """An item that was not imported, of which the issue may be all there is; of any other item its own page.

    The URL stays valid when the item is imported later, and leads to it then. The page polls with `seen`: 204 until
    something has changed.
    """
    related = ("sync_log__connection", "job__connection", "resolved_by", "assigned_to")
    chosen = get_object_or_404(Issue.objects.select_related(*related), pk=issue, seller=request.seller)
    kept = rejected_item_of(chosen)
    same = Issue.objects.filter(sync_log=chosen.sync_log_id, external_id=chosen.external_id)
    state = f"{kept.received_at.timestamp() if kept else 0}.{same.filter(resolved_at=None).count()}"
    if "seen" in request.GET:
        return HttpResponse(status=204) if request.GET["seen"] == state else HttpResponseClientRefresh()
    ref = (chosen.kind, chosen.item_id) if chosen.item_id or kept else imported_item_of(chosen)
    known = items(seller=request.seller, refs=[ref]).get(ref)
    if known is not None and known.page:
        return redirect(known.page, request.seller.slug, known.page_id)
    place = chosen.sync_log.connection or chosen.sync_log.integration
    return _unimported_page(request, same, place, issue=chosen, rejected=kept, state=state)


@seller_page
def show_rejected(request: SellerRequest, item: int) -> HttpResponse:
    """An item that was not imported, with its issues and with what was received (C8)."""
    found = get_object_or_404(RejectedItem.objects.select_related("job__connection"), pk=item, seller=request.seller)
    same = issues_of_rejected(found)
    latest = same.order_by("-seen_at").first()
    if latest is not None:
        # A URL that outlives the row, which goes when the item is imported.
        return redirect("dashboard:issue", request.seller.slug, latest.pk)
    return _unimported_page(request, same, found.job.connection, rejected=found)


def _unimported_page(
    request: SellerRequest,
    same: QuerySet[Issue],
    place: Connection | str,
    *,
    issue: Issue | None = None,
    rejected: RejectedItem | None = None,
    state: str = "",
) -> HttpResponse:
    rows = same.select_related("sync_log__connection", "job__connection", "resolved_by", "assigned_to")
    context = {
        "issue": issue,
        "rejected": rejected,
        "state": state,
        "place": place,
        "issues": rows.filter(resolved_at=None),
        "earlier": rows.filter(resolved_at__isnull=False).order_by("-resolved_at")[:_EARLIER],
        "filters": IssueFilter(request.GET, seller=request.seller),
    }
    return render(request, "dashboard/unimported.html", context)


@seller_page
def live(request: SellerRequest) -> HttpResponse:
    """The causes, if they have changed since the page showed those with the digest `seen`; else 204."""
    filters = IssueFilter(request.GET, seller=request.seller)
    rows = _cause_rows(request, filters)
    if rows["digest"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "dashboard/_causes.html", {"filters": filters, "live": True, **rows})


def _cause_rows(request: SellerRequest, filters: IssueFilter) -> dict[str, object]:
    found = issues(seller=request.seller, **filters.scope)
    rows = causes(found, now=timezone.now())
    places = connections_by_cause(found)
    state = repr([(row.key, row.items, row.state and row.state.assigned_to_id) for row in rows])
    return {
        "rows": [(row, places.get(row.key, [])) for row in rows],
        "digest": blake2b(state.encode(), digest_size=8).hexdigest(),
    }


def _issue_rows(request: SellerRequest, filters: IssueFilter, run: Run | None) -> dict[str, object]:
    found = issues(seller=request.seller, run=run, **filters.scope)
    keyset = Keyset(request.GET.get("page", ""), size=_ISSUES_PER_PAGE, field="seen_at")
    page = keyset.page(keyset.apply(found if run else first_of_each_item(found)))
    known = items(seller=request.seller, refs=[(issue.kind, issue.item_id) for issue in page.rows])
    rows = [(issue, known.get((issue.kind, issue.item_id))) for issue in page.rows]
    context: dict[str, object] = {"page": page, "rows": rows}
    if filters.cause and page.rows and not filters.shows_resolved:
        group = causes(found, now=timezone.now())
        context["cause"], context["places"] = group[0], connections_by_cause(found).get(filters.cause, [])
    return context


def _hidden(filters: IssueFilter, run: Run | None) -> dict[str, object]:
    hidden = {"view": filters.view, "cause": filters.cause, "run": run and run.pk}
    return {name: value for name, value in hidden.items() if value}


def _counts(request: SellerRequest) -> dict[str, int]:
    return {view: count_up_to_cap(issues(seller=request.seller, view=view)) for view in (BLOCKING, WARNINGS, SNOOZED)}


@seller_page
def download(request: SellerRequest) -> HttpResponseBase:
    """All issues that the filters match as a CSV file."""
    filters = IssueFilter(request.GET, seller=request.seller)
    found = issues(seller=request.seller, run=_run(request), **filters.scope).order_by("-seen_at", "-id")
    # The response is streamed after the decorator has reset the time zone.
    zone = timezone.get_current_timezone()
    rows = (export.issue_row(issue, zone) for issue in found.iterator(chunk_size=2000))
    return csv_response(f"issues-{request.seller.slug}.csv", export.ISSUE_HEADER, rows)


@seller_action
def act(request: SellerRequest) -> HttpResponseBase:
    """Do something about one issue, the selected ones, whole causes, or everything that the filters match."""
    form = InboxAction(request.POST, seller=request.seller)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect_back(request, "dashboard:issues")
    chosen = _chosen(request, form)
    number = _apply(request, form, chosen)
    if number:
        messages.success(request, form.done_text(number) % {"number": intcomma(number)})
    else:
        messages.info(request, form.nothing_text)
    return redirect_back(request, "dashboard:issues")


def _chosen(request: SellerRequest, form: InboxAction) -> QuerySet[Issue]:
    if form.cleaned_data["everything"]:
        filters = IssueFilter(request.POST, seller=request.seller)
        return issues(seller=request.seller, run=_run(request), **filters.scope)
    own = Issue.objects.filter(seller=request.seller, resolved_at=None)
    if form.causes:
        return own.filter(cause__in=form.causes)
    return of_same_items(own.filter(pk__in=form.issue_ids), seller=request.seller)


def _apply(request: SellerRequest, form: InboxAction, chosen: QuerySet[Issue]) -> int:
    """Returns how many items or issues it concerns; 0 for nothing."""
    seller, by = request.seller, request.user
    match form.cleaned_data["action"]:
        case "check":
            return check_again(issues=chosen, seller=seller, by=by)
        case "send":
            return send_again(issues=chosen, seller=seller, by=by)
        case "resolve":
            return resolve_issues(issues=chosen, by=by)
        case "assign":
            if form.causes:
                for cause in form.causes:
                    assign_cause(seller=seller, cause=cause, to=form.person, by=by)
                return len(form.causes)
            return assign_issues(issues=chosen, seller=seller, to=form.person, by=by)
    if form.causes:
        for cause in form.causes:
            snooze_cause(seller=seller, cause=cause, until=form.until, by=by)
        return len(form.causes)
    return snooze_issues(issues=chosen, seller=seller, until=form.until, by=by)


@seller_member_action
def save_filters(request: SellerRequest) -> HttpResponseBase:
    """Saves the filters of the list, which the form repeats, under a name."""
    form, filters = SaveViewForm(request.POST), chosen_filters(request.POST)
    if not form.is_valid() or not filters:
        messages.error(request, _("Choose filters, and enter a name for the view."))
    elif may_be_personal(filters):
        messages.error(request, _("Filters with an email address cannot be saved. Remove the address from the search."))
    elif save_view(user=request.user, seller=request.seller, name=form.cleaned_data["name"], filters=filters):
        messages.success(request, _("View “%(name)s” saved.") % {"name": form.cleaned_data["name"]})
    else:
        messages.error(request, _("Delete a view first: you can save %(number)s.") % {"number": MAX_VIEWS})
    return redirect_back(request, "dashboard:issues")


@seller_member_action
def delete_view(request: SellerRequest, saved_view: int) -> HttpResponseBase:
    get_object_or_404(views_of(user=request.user, seller=request.seller), pk=saved_view).delete()
    messages.success(request, _("View deleted."))
    return redirect_back(request, "dashboard:issues")


def _run(request: SellerRequest) -> Run | None:
    number = (request.GET or request.POST).get("run", "")
    if not number:
        return None
    return get_object_or_404(
        runs(seller=request.seller), pk=int(number) if number.isdecimal() and len(number) < 19 else 0
    )
