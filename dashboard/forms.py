"""What people choose and type: filters of the lists, log-in, API keys."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import Seller
from accounts.services import SCOPES
from catalog.models import Status
from connectors.models import WebhookEvent
from dashboard import throttle
from dashboard.queries.checks import verdicts_of
from dashboard.queries.issues import OPEN, RESOLVED
from dashboard.queries.statuses import jobs_with_statuses
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Run
from orders.models import Customer, Order
from synclog.models import Issue, ItemStatus, SyncLog

_ANY = [("", "All")]
# What a viewer's key may do; the rest is for those who may change things.
_READ_SCOPES = ("sync:read", "feeds:read")


def _choice(label: str, choices: Iterable[tuple[Any, Any]]) -> forms.ChoiceField:
    written = [(value, text[:1].upper() + text[1:]) for value, text in choices]
    return forms.ChoiceField(label=label, choices=[*_ANY, *written], required=False)


def _set_choices(form: forms.Form, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    """Set the choices of a field that are known only when the form is made."""
    cast(forms.ChoiceField, form.fields[name]).choices = list(choices)


def _search(label: str, hint: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "search", "placeholder": hint, "autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget)


class FilterForm(forms.Form):
    """Filters of a list, read from the query string. An unknown value is named beside its field and filters nothing."""

    use_required_attribute = False

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")

    @property
    def chosen(self) -> dict[str, Any]:
        """Each field's value, empty where nothing valid was chosen."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}

    @property
    def active(self) -> bool:
        return any(self.chosen.values())


class IssueFilter(FilterForm):
    connection = _choice("Connection", [])
    data_type = _choice("Data", DataType.choices)
    severity = _choice("Severity", Issue.Severity.choices)
    text = _search("Search", "Words, SKU or id")
    shown = forms.ChoiceField(label="Show", choices=[("", "Open"), (RESOLVED, "Resolved")], required=False)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        names = (
            SyncLog.objects.filter(seller=seller).order_by("integration").values_list("integration", "connection__name")
        )
        connections = {integration: name or integration for integration, name in names}
        _set_choices(self, "connection", [*_ANY, *connections.items()])

    @property
    def chosen(self) -> dict[str, Any]:
        values = super().chosen
        return values | {"shown": values["shown"] or OPEN}

    @property
    def active(self) -> bool:
        return any(value for name, value in self.chosen.items() if name != "shown")


class RunFilter(FilterForm):
    connection = _choice("Connection", [])
    data_type = _choice("Data", DataType.choices)
    state = _choice("State", Run.State.choices)
    scope = _choice("Scope", Run.Scope.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        own = Connection.objects.filter(seller=seller).values_list("slug", "name")
        _set_choices(self, "connection", [*_ANY, *own])


class CheckItemFilter(FilterForm):
    """Of what a preview or a proof found."""

    verdict = _choice("What", [])
    text = _search("Search", "Id here or there")

    def __init__(self, data: Any, *, run: Run) -> None:
        super().__init__(data)
        words = [(verdict.value, verdict.label[:1].upper() + verdict.label[1:]) for verdict in verdicts_of(run)]
        _set_choices(self, "verdict", [*_ANY, *words])


class WebhookFilter(FilterForm):
    connection = _choice("Connection", [])
    data_type = _choice("Data", DataType.choices)
    state = _choice("State", WebhookEvent.State.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        own = Connection.objects.filter(seller=seller).values_list("slug", "name")
        _set_choices(self, "connection", [*_ANY, *own])


class StatusFilter(FilterForm):
    job = forms.ModelChoiceField(Job.objects.none(), label="Target or source", required=False, empty_label="All")
    state = _choice("State", ItemStatus.State.choices)
    kind = _choice("Kind", Kind.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        cast(forms.ModelChoiceField, self.fields["job"]).queryset = jobs_with_statuses(seller=seller)


class ProductFilter(FilterForm):
    search = _search("Search", "Words of the title, or a SKU")
    status = _choice("Status", Status.choices)


class CustomerFilter(FilterForm):
    search = _search("Search", "E-mail or last name")
    status = _choice("Status", Customer.Status.choices)


class OrderFilter(FilterForm):
    search = _search("Search", "Order number")
    status = _choice("Status", Order.Status.choices)


class LogInForm(AuthenticationForm):
    """Log-in by e-mail. After too many failures it refuses for a while, whatever the password."""

    error_messages = {
        "invalid_login": "That e-mail address and password do not go together. Mind upper and lower case.",
        "inactive": "That e-mail address and password do not go together. Mind upper and lower case.",
        "too_many": "Too many attempts. Wait %(minutes)d minutes, then try again.",
    }

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.ip_address = request.META["REMOTE_ADDR"]
        super().__init__(request, *args, label_suffix="", **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autofocus": True, "autocomplete": "username", "maxlength": 254}
        )

    def clean(self) -> dict[str, Any]:
        attempt = (self.cleaned_data.get("username", ""), self.ip_address)
        if throttle.is_locked(*attempt):
            raise ValidationError(
                self.error_messages["too_many"],
                code="too_many",
                params={"minutes": throttle.WINDOW.total_seconds() // 60},
            )
        try:
            return super().clean()
        except ValidationError:
            throttle.record_failure(*attempt)
            raise


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="What will use it, so that you know it again: “Warehouse script”.",
    )
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(
        label="Valid for",
        coerce=int,
        choices=[(90, "90 days"), (365, "one year"), (0, "until revoked")],
        initial=365,
    )

    def __init__(self, data: Any = None, *, may_change: bool) -> None:
        super().__init__(data, label_suffix="")
        allowed = {scope: text for scope, text in SCOPES.items() if may_change or scope in _READ_SCOPES}
        _set_choices(self, "scopes", [(scope, text[:1].upper() + text[1:]) for scope, text in allowed.items()])
