"""Base classes and helpers of the admin console: read-only pages, fast paging of large tables, confirmation dialogs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, wraps
from typing import Any, ClassVar, Literal
from zoneinfo import available_timezones

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import label_for_field
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, URLField
from django.forms import CharField, ChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from common.web_links import safe_url

# An exact count of more rows than this would slow down every list page.
COUNT_LIMIT = 10_000

# Translated at once, or when it is rendered.
Text = str | Promise
Color = Literal["default", "info", "success", "warning", "danger"]


class EstimatedCountPaginator(Paginator):
    """Counts up to 10,000 rows exactly; the size of a larger unfiltered table is PostgreSQL's estimate."""

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
    """Base of all pages. Rows can't be deleted unless a subclass allows it.

    Actions require the permission `operate`, which is the `change` permission of the model. It also applies to models
    whose rows can't be edited in a form.
    """

    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    paginator = EstimatedCountPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    # What an empty list says: what its rows are for, or where they come from.
    empty_text: Text = ""
    compressed_fields = True
    # Newest first by primary key: any other order would sort a large table for every page.
    ordering: ClassVar[Any] = ("-pk",)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With what it lists as title of the browser's tab, instead of `Select issue to view`."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by relations, and by fields that the list shows, filters or searches.

        Django allows every field of the model, in the URL: what is hidden (the token of a webhook URL) or masked
        (payloads) could be guessed letter by letter, by which rows the list then has.
        """
        name = lookup.partition("__")[0]
        # A filter is a field, a field with a class, or a class with a parameter of its own.
        filters = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        parameters = {getattr(each, "parameter_name", "") for each in filters}
        offered = {str(each).partition("__")[0] for each in (*self.list_display, *filters, *self.search_fields)}
        hidden = {each.name for each in self.opts.local_concrete_fields if not (each.primary_key or each.is_relation)}
        return name not in hidden - offered - parameters and super().lookup_allowed(lookup, value, request)

    def is_action_available(self, row: Any, action_name: str) -> bool:
        """Whether the row's state allows this detail action."""
        return True

    def get_unfold_action(self, action: str) -> UnfoldAction:
        """A dialog is a part of a page. Its own address, opened in a new tab for example, leads to the row's page."""
        found = super().get_unfold_action(action)
        return replace(found, method=self._only_inside_page(found.method)) if found.dialog else found

    def _only_inside_page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "GET" and "HX-Request" not in request.headers:
                name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
                object_id = kwargs.get("object_id")
                return redirect(f"{name}_change", object_id) if object_id else redirect(f"{name}_changelist")
            return view(request, *args, **kwargs)

        return wrapper

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, str(object_id))
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            action
            for action in super().get_actions_detail(request, object_id)
            if row is not None and self.is_action_available(row, action.action_name.removeprefix(prefix))
        ]

    def get_object_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row that a detail action is for. Raises Http404 if it doesn't exist."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(f"No {self.opts.verbose_name} matches the ID {object_id}.")
        return row

    def redirect_to_object(
        self, request: HttpRequest, row: Model, message: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        """The response to a submitted dialog: redirects to the row's page, which shows the message."""
        self.message_user(request, message, level)
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseClientRedirect(reverse(name, args=[row.pk]))


class ReadOnlyAdmin(BaseAdmin):
    """Pages of rows that only services write."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return with_safe_links(self.model, super().get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Related rows on the page of their parent, without inputs."""

    extra = 0
    can_delete = False
    show_change_link = False
    # A row's own text repeats its columns.
    hide_title = True
    per_page = 50
    fields: tuple[Any, ...]
    ordering: tuple[str, ...] = ("pk",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return with_safe_links(self.model, self.fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return tuple(self.get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TimeZoneField(ChoiceField):
    """An IANA time zone known to this machine, such as `Europe/Berlin`."""

    def __init__(self, **options: Any) -> None:
        zones = [(zone, zone) for zone in sorted(available_timezones())]
        super().__init__(choices=zones, widget=UnfoldAdminSelect2Widget, **options)


class ReasonForm(BaseDialogForm):
    """A confirmation dialog with an optional reason for the audit log."""

    reason = CharField(
        label=_("Reason"),
        help_text=_("Optional. Recorded in the audit log."),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
    )


def confirmed_action(
    label: Text,
    icon: str,
    title: Text,
    text: Text,
    submit: Text,
    *,
    form: type[BaseDialogForm] | None = None,
    permission: str = "operate",
) -> Any:
    """Decorates `view(self, request, form, object_id)`: a button on a row's page, which opens a dialog. Submitting the
    dialog runs the view."""
    dialog = {"title": title, "description": text, "form_class": form, "form_submit_text": submit}
    return action(description=label, icon=icon, permissions=[permission], dialog=dialog)


def badge(text: Text, color: Color = "default") -> SafeString:
    """A state as a colored badge, in lists and on the row's page.

    Callers look the color up by enum member: Unfold's own `display(label=…)` would look it up by the text shown.
    """
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": color})


def shown_as(model: type[Model], names: tuple[str, ...], text: Callable[[Any, Any], str]) -> tuple[Any, ...]:
    """Columns, or read-only fields, that show fields of the model by `text(row, value)`; a dash for an empty value."""

    def column(name: str) -> Callable[[Any], str]:
        def show(row: Any) -> str:
            value = getattr(row, name)
            return "-" if value is None else text(row, value)

        # Django looks up the help text of the field by the name.
        show.__name__ = name
        return display(description=label_for_field(name, model), ordering=name)(show)

    return tuple(map(column, names))


def with_safe_links(model: type[Model], names: Sequence[Any]) -> tuple[Any, ...]:
    """The names of fields, but for URLs columns that link to web pages only: Unfold makes a link of any text that a
    platform sent, such as `javascript:…`."""
    urls = {each.name for each in model._meta.concrete_fields if isinstance(each, URLField)}
    return tuple(_safe_link(model, each) if each in urls else each for each in names)


@cache
def _safe_link(model: type[Model], name: str) -> Any:
    """The same column each time, since Django compares them."""

    def link(row: Any, url: str) -> str:
        return format_html('<a href="{0}" class="text-link">{0}</a>', url) if safe_url(url) else url or "-"

    return shown_as(model, (name,), link)[0]


def as_json(value: Any) -> SafeString | str:
    """Indented JSON; a dash for an empty value."""
    if value in (None, {}, []):
        return "-"
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="console-text">{}</pre>', text)
