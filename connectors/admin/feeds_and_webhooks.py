"""Console pages of search feed imports, and of webhooks received and rejected."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.operators import get_operator
from common.admin import (
    Color,
    ReadOnlyAdmin,
    as_json,
    badge,
    confirmed_action,
)
from connectors.models import FeedImport, WebhookEvent, WebhookRefusal
from connectors.services.feed_imports import force_import, removed_titles
from connectors.services.webhooks import replay_events
from connectors.webhooks.masking import PERMISSION, masked

REMOVALS_SHOWN = 100
FEED_COLORS: dict[FeedImport.State, Color] = {
    FeedImport.State.BUILDING: "default",
    FeedImport.State.SENDING: "default",
    FeedImport.State.POLLING: "default",
    FeedImport.State.SUCCESS: "success",
    FeedImport.State.REJECTED: "danger",
    FeedImport.State.HARMFUL: "danger",
    FeedImport.State.UNKNOWN: "warning",
}


@admin.register(FeedImport)
class FeedImportAdmin(ReadOnlyAdmin):
    list_display = ("id", "lane", "mode", "state_text", "items", "removals", "created_at", "finished_at")
    list_filter = (("state", ChoicesDropdownFilter), "mode", ("lane__connection", AutocompleteSelectFilter))
    list_select_related = ("lane__connection",)
    actions_detail = ("force", "download")
    fields = (
        *("lane", "run", "mode", "state_text", "remote_id", "items", "removals", "removals_text", "file", "forced_by"),
        *("created_at", "sent_at", "finished_at", "answer_text"),
    )

    @display(description=_("Status"))
    def state_text(self, feed: FeedImport) -> SafeString:
        return badge(feed.get_state_display(), FEED_COLORS[FeedImport.State(feed.state)])

    @display(description=_("Response"))
    def answer_text(self, feed: FeedImport) -> str:
        return as_json(feed.answer)

    @display(description=_("Products to be removed"))
    def removals_text(self, feed: FeedImport) -> str:
        titles = removed_titles(feed, limit=REMOVALS_SHOWN)
        if not titles:
            return "-"
        others = feed.removals - len(titles)
        more = [gettext("and %(count)s more") % {"count": f"{others:,}"}] if others > 0 else []
        return "; ".join([*titles, *more])

    def is_action_available(self, row: FeedImport, action_name: str) -> bool:
        if action_name == "download":
            return bool(row.file) and row.path.is_file()
        return row.state == FeedImport.State.HARMFUL

    @confirmed_action(
        _("Force import"),
        "warning",
        _("Force this import?"),
        _(
            "The search engine rejected this import because it removes too many products. If you force it, the "
            "products under “Products to be removed” disappear from the shop's search. Later imports are not "
            "forced."
        ),
        _("Force import"),
    )
    def force(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        feed = self.get_object_or_404(request, object_id)
        try:
            force_import(feed=feed, by=get_operator(request))
        except ValueError as error:
            return self.redirect_to_object(request, feed, str(error), messages.ERROR)
        return self.redirect_to_object(request, feed, gettext("Sending the import with force. Its job is resumed."))

    @action(description=_("Download file"), icon="download", permissions=["view"])
    def download(self, request: HttpRequest, object_id: str) -> FileResponse:
        feed = self.get_object_or_404(request, object_id)
        path = feed.path
        if not feed.file or not path.is_file():
            raise Http404("The file of this import no longer exists.")
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="application/gzip")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "received_at", "connection", "scope", "state", "deliveries", "attempts", "processed_at")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("data_type", ChoicesDropdownFilter),
        ("connection", AutocompleteSelectFilter),
    )
    list_select_related = ("connection",)
    actions = ("replay_selected",)
    actions_detail = ("replay",)
    search_fields = ("delivery_id",)
    search_help_text = _("Search by the platform's delivery ID")
    fields = (
        *("connection", "scope", "data_type", "delivery_id", "state", "reason", "deliveries", "attempts"),
        *("received_at", "processed_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        return (queryset.filter(delivery_id=search_term) if search_term else queryset), False

    def get_fields(self, request: HttpRequest, obj: WebhookEvent | None = None) -> tuple[str, ...]:
        return (*self.fields, "body" if request.user.has_perm(PERMISSION) else "masked_body")

    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEvent | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj)

    @display(description=_("Payload"))
    def body(self, event: WebhookEvent) -> str:
        return as_json(event.payload)

    @display(description=_("Payload (personal data masked)"))
    def masked_body(self, event: WebhookEvent) -> str:
        return as_json(masked(event.payload))

    def is_action_available(self, row: WebhookEvent, action_name: str) -> bool:
        return row.state != WebhookEvent.State.PENDING

    @confirmed_action(
        _("Replay"),
        "replay",
        _("Replay this webhook?"),
        _("The current data is fetched from the platform again."),
        _("Replay"),
    )
    def replay(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        event = self.get_object_or_404(request, object_id)
        number = replay_events(events=WebhookEvent.objects.filter(pk=event.pk), by=get_operator(request))
        if number:
            return self.redirect_to_object(request, event, gettext("Replaying webhook."))
        message = gettext("Can't be replayed: no job of this connection handles this event.")
        return self.redirect_to_object(request, event, message, messages.WARNING)

    @action(description=_("Replay selected webhooks"), permissions=["operate"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        number = replay_events(events=queryset, by=get_operator(request))
        message = ngettext("Replaying %(count)s webhook.", "Replaying %(count)s webhooks.", number)
        self.message_user(request, message % {"count": f"{number:,}"})


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(ReadOnlyAdmin):
    empty_text = _("Calls with a wrong signature, an unknown address or too much data appear here.")
    list_display = ("day", "connection", "reason", "number", "last_at")
    list_filter = (("connection", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
