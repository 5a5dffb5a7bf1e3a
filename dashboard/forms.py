"""Forms: the filters of lists, login, password, API keys."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Seller
from accounts.services import SCOPES
from catalog.models import Status
from connectors.models import WebhookEvent
from dashboard.queries.checks import verdicts_of
from dashboard.queries.issues import OPEN, RESOLVED
from dashboard.queries.statuses import jobs_with_statuses
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Run
from orders.models import Customer, Order
from synclog.models import Issue, ItemStatus, SyncLog

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_ANY = [("", _("All"))]
# The permissions that a viewer can give a key; the others need a member who may change data.
_READ_SCOPES = ("sync:read", "feeds:read")


def _choice(label: "_StrOrPromise", choices: Iterable[tuple[Any, Any]]) -> forms.ChoiceField:
    capitalized = [(value, capfirst(text)) for value, text in choices]
    return forms.ChoiceField(label=label, choices=[*_ANY, *capitalized], required=False)


def _set_choices(form: forms.Form, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    """Set the choices of a field that are known only when the form is created."""
    cast(forms.ChoiceField, form.fields[name]).choices = list(choices)


def _search(label: "_StrOrPromise", hint: "_StrOrPromise") -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "search", "placeholder": hint, "autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget)


class FilterForm(forms.Form):
    """Filters of a list, read from the query string. An invalid value shows an error at its field and is ignored."""

    use_required_attribute = False

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")

    @property
    def chosen(self) -> dict[str, Any]:
        """The value of each field, empty if it is missing or invalid."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}

    @property
    def active(self) -> bool:
        return any(self.chosen.values())


class IssueFilter(FilterForm):
    connection = _choice(_("Connection"), [])
    data_type = _choice(_("Data"), DataType.choices)
    severity = _choice(_("Severity"), Issue.Severity.choices)
    text = _search(_("Search"), _("Text or ID"))
    shown = forms.ChoiceField(label=_("Status"), choices=[("", _("Open")), (RESOLVED, _("Resolved"))], required=False)

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
    connection = _choice(_("Connection"), [])
    data_type = _choice(_("Data"), DataType.choices)
    state = _choice(_("Status"), Run.State.choices)
    scope = _choice(_("Scope"), Run.Scope.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        own = Connection.objects.filter(seller=seller).order_by("name").values_list("slug", "name")
        _set_choices(self, "connection", [*_ANY, *own])


class CheckItemFilter(FilterForm):
    """Filters of the items that a preview or a comparison found."""

    verdict = _choice(_("Result"), [])
    text = _search(_("Search"), _("ID or external ID"))

    def __init__(self, data: Any, *, run: Run) -> None:
        super().__init__(data)
        verdicts = [(verdict.value, capfirst(verdict.label)) for verdict in verdicts_of(run)]
        _set_choices(self, "verdict", [*_ANY, *verdicts])


class WebhookFilter(FilterForm):
    connection = _choice(_("Connection"), [])
    data_type = _choice(_("Data"), DataType.choices)
    state = _choice(_("Status"), WebhookEvent.State.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        own = Connection.objects.filter(seller=seller).order_by("name").values_list("slug", "name")
        _set_choices(self, "connection", [*_ANY, *own])


class StatusFilter(FilterForm):
    job = forms.ModelChoiceField(Job.objects.none(), label=_("Connection"), required=False, empty_label=_("All"))
    state = _choice(_("Status"), ItemStatus.State.choices)
    kind = _choice(_("Kind"), Kind.choices)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        cast(forms.ModelChoiceField, self.fields["job"]).queryset = jobs_with_statuses(seller=seller)


class ProductFilter(FilterForm):
    search = _search(_("Search"), _("Title or SKU"))
    status = _choice(_("Status"), Status.choices)


class CustomerFilter(FilterForm):
    search = _search(_("Search"), _("Email or last name"))
    status = _choice(_("Status"), Customer.Status.choices)


class OrderFilter(FilterForm):
    search = _search(_("Search"), _("Order number"))
    status = _choice(_("Status"), Order.Status.choices)


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("A name to recognize this key, for example “Warehouse script”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Select at least one permission.")},
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        choices=[(90, _("In 90 days")), (365, _("In 1 year")), (0, _("Never"))],
        initial=365,
    )

    def __init__(self, data: Any = None, *, may_change: bool) -> None:
        super().__init__(data, label_suffix="")
        allowed = {scope: text for scope, text in SCOPES.items() if may_change or scope in _READ_SCOPES}
        _set_choices(self, "scopes", [(scope, capfirst(text)) for scope, text in allowed.items()])


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), initial=Membership.Role.MEMBER)
    days = forms.TypedChoiceField(
        label=_("Valid for"), coerce=int, choices=[(1, _("1 day")), (7, _("7 days")), (30, _("30 days"))], initial=7
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        _set_choices(self, "role", [(role, capfirst(text)) for role, text in Membership.Role.choices])


class AcceptInvitationForm(forms.Form):
    """Name and password of an invited person who has no account yet."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters."),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
