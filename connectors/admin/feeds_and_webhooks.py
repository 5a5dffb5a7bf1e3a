"""The console's pages about what was exchanged: imports of search feeds, webhooks received and refused."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import ReadOnlyAdmin, as_json, confirm_dialog, get_operator
from connectors.feeds import feed_path, force_import, removed_titles
from connectors.models import FeedImport, WebhookEvent, WebhookRefusal
from connectors.services import replay_events
from connectors.webhooks.masking import PERMISSION, masked

REMOVALS_SHOWN = 100
FEED_LABELS = {
    "success": "success",
    "refused": "danger",
    "refused as harmful, waits for an operator": "danger",
    "no answer: may still be running there": "warning",
}


@admin.register(FeedImport)
class FeedImportAdmin(ReadOnlyAdmin):
    list_display = ("id", "job", "mode", "state_text", "items", "removals", "created_at", "finished_at")
    list_filter = (("state", ChoicesDropdownFilter), "mode", ("job", AutocompleteSelectFilter))
    list_select_related = ("job__connection",)
    actions_detail = ("force", "download")
    fields = (
        *("job", "run", "mode", "state_text", "remote_id", "items", "removals", "removals_text", "file", "forced_by"),
        *("created_at", "sent_at", "finished_at", "answer_text"),
    )

    @display(description="State", label=FEED_LABELS)
    def state_text(self, feed: FeedImport) -> str:
        return feed.get_state_display()

    @display(description="The answer")
    def answer_text(self, feed: FeedImport) -> str:
        return as_json(feed.answer)

    @display(description="It removes")
    def removals_text(self, feed: FeedImport) -> str:
        titles = removed_titles(feed, limit=REMOVALS_SHOWN)
        more = f" … and {feed.removals - len(titles)} more" if feed.removals > len(titles) > 0 else ""
        return "; ".join(titles) + more or "-"

    def is_action_available(self, row: FeedImport, action_name: str) -> bool:
        if action_name == "download":
            return bool(row.file) and feed_path(row).is_file()
        return row.state == FeedImport.State.HARMFUL

    @action(
        description="Force this import",
        icon="warning",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Force this import?",
            "The search engine refused it because it removes so much. Forced, it takes exactly this import: what "
            "stands under 'It removes' vanishes from the shop's search. Nothing else is ever forced.",
            "Force it",
        ),
    )
    def force(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        feed = self.get_object_or_404(request, object_id)
        try:
            force_import(feed=feed, by=get_operator(request))
        except ValueError as error:
            return self.redirect_to_object(request, feed, str(error), messages.ERROR)
        return self.redirect_to_object(request, feed, "It is sent again, by force, and its job goes on.")

    @action(description="Download the file", icon="download", permissions=["view"])
    def download(self, request: HttpRequest, object_id: str) -> FileResponse:
        feed = self.get_object_or_404(request, object_id)
        path = feed_path(feed)
        if not feed.file or not path.is_file():
            raise Http404("Its file is not there any more.")
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
    search_help_text = "The sender's own id of the delivery"
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

    @display(description="Payload")
    def body(self, event: WebhookEvent) -> str:
        return as_json(event.payload)

    @display(description="Payload, personal data masked")
    def masked_body(self, event: WebhookEvent) -> str:
        return as_json(masked(event.payload))

    def is_action_available(self, row: WebhookEvent, action_name: str) -> bool:
        return row.state != WebhookEvent.State.PENDING

    @action(
        description="Look again",
        icon="replay",
        permissions=["operate"],
        dialog=confirm_dialog("Look at this once more?", "What it names is fetched as it is now.", "Look again"),
    )
    def replay(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        event = self.get_object_or_404(request, object_id)
        number = replay_events(events=WebhookEvent.objects.filter(pk=event.pk), by=get_operator(request))
        return self.redirect_to_object(
            request, event, "It is looked at once more." if number else "It is for no job of its connection."
        )

    @action(description="Look again at what is selected", permissions=["operate"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        self.message_user(
            request, f"{replay_events(events=queryset, by=get_operator(request))} are looked at once more."
        )


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(ReadOnlyAdmin):
    list_display = ("day", "connection", "reason", "number", "last_at")
    list_filter = (("connection", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
