"""What the pages of the admin console share: read-only by default, quick on a million rows, questions before deeds."""

import json
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, URLField
from django.forms import CharField, ChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from accounts.models import User

# Counting further would take longer than anybody pages.
COUNT_LIMIT = 10_000


def get_operator(request: HttpRequest) -> User:
    """Whoever sits at the console: it lets nobody in who is not signed in."""
    return cast(User, request.user)


class EstimatedCountPaginator(Paginator):
    """Knows the size of a large table by PostgreSQL's estimate, and counts what a filter leaves up to 10,000."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not rows.query.where:
            with connection.cursor() as cursor:
                table = connection.ops.quote_name(rows.model._meta.db_table)
                cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
                (estimate,) = cursor.fetchone()
            if estimate > COUNT_LIMIT:
                return estimate
        return rows.order_by()[:COUNT_LIMIT].count()


class BaseAdmin(ModelAdmin):
    """Base of all pages. Nothing is deleted by hand: what ends has a service that ends it.

    Actions that do something ask for the permission `operate`: the right to change the model, whether or not there is
    anything on the page that a form could change.
    """

    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    paginator = EstimatedCountPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    compressed_fields = True
    # By number, newest first: any other order would sort a large table for every page.
    ordering: ClassVar[Any] = ("-pk",)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def is_action_available(self, row: Any, action_name: str) -> bool:
        """Whether the row's state leaves room for this detail action."""
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, str(object_id))
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            action
            for action in super().get_actions_detail(request, object_id)
            if row is not None and self.is_action_available(row, action.action_name.removeprefix(prefix))
        ]

    def get_object_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row that a detail action is for; Http404 if there is none."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        return row

    def redirect_to_object(
        self, request: HttpRequest, row: Model, message: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        """The answer of a dialog: back to the row's page, which says what happened."""
        self.message_user(request, message, level)
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseClientRedirect(reverse(name, args=[row.pk]))


class ReadOnlyAdmin(BaseAdmin):
    """Rows that services write and people only look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows of a parent, to look at."""

    extra = 0
    can_delete = False
    show_change_link = False
    per_page = 50
    fields: tuple[str, ...]
    ordering: tuple[str, ...] = ("pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TimeZoneField(ChoiceField):
    """One of the time zones that this machine knows."""

    def __init__(self, **options: Any) -> None:
        zones = [(zone, zone) for zone in sorted(available_timezones())]
        super().__init__(choices=zones, widget=UnfoldAdminSelect2Widget, **options)


class ReasonForm(BaseDialogForm):
    """A question before a deed, with room for why; the reason stands in the audit trail."""

    reason = CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget)


def confirm_dialog(
    title: str, description: str, submit: str, form: type[BaseDialogForm] | None = None
) -> dict[str, Any]:
    """A dialog for `unfold.decorators.action`: nothing is done by following a link, only by answering."""
    return {"title": title, "description": description, "form_class": form, "form_submit_text": submit}


def as_json(value: Any) -> SafeString | str:
    """JSON as a person reads it."""
    if value in (None, {}, []):
        return "-"
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="console-text">{}</pre>', text)
