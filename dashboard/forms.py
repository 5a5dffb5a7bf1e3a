"""Forms: the filters of lists, login, password, API keys."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Seller, User
from accounts.regions import REGIONS
from accounts.services import SCOPES
from catalog.models import Status
from connectors.models import WebhookEvent
from dashboard.queries.checks import verdicts_of
from dashboard.queries.issues import BLOCKING, OPEN, RESOLVED, SNOOZED, WARNINGS
from dashboard.queries.members import members
from dashboard.queries.statuses import jobs_with_statuses
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Run
from orders.models import Customer, Order
from synclog.inbox import MUTED_UNTIL
from synclog.models import ItemStatus, SyncLog

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_ANY = [("", _("All"))]
# The permissions that a viewer can give a key; the others need a member who may change data.
_READ_SCOPES = ("sync:read", "feeds:read")


def _choice(label: "_StrOrPromise", choices: Iterable[tuple[Any, Any]]) -> forms.ChoiceField:
    capitalized = [(value, capfirst(text)) for value, text in choices]
    return forms.ChoiceField(label=label, choices=[*_ANY, *capitalized], required=False)


def _set_choices(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
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
    """Filters of the inbox. `view` and `cause` are links of the page, which the form keeps."""

    connection = _choice(_("Connection"), [])
    data_type = _choice(_("Data"), DataType.choices)
    assigned = _choice(_("Assigned to"), [])
    text = _search(_("Search"), _("Text or ID"))

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        names = (
            SyncLog.objects.filter(seller=seller).order_by("integration").values_list("integration", "connection__name")
        )
        connections = {integration: name or integration for integration, name in names}
        _set_choices(self, "connection", [*_ANY, *connections.items()])
        self.members = list(members(seller=seller))
        people = [(str(person.pk), person.name or person.email) for person in self.members]
        _set_choices(self, "assigned", [*_ANY, *people])
        view, self.cause = data.get("view", ""), data.get("cause", "")[:80]
        # A link to a cause or a run leads to all its issues, whichever view they are in.
        default = OPEN if self.cause or data.get("run") else BLOCKING
        self.view = view if view in (OPEN, BLOCKING, WARNINGS, SNOOZED, RESOLVED) else default

    @property
    def shows_resolved(self) -> bool:
        return self.view == RESOLVED

    @property
    def scope(self) -> dict[str, Any]:
        """All filters, for `dashboard.queries.issues.issues`."""
        return self.chosen | {"cause": self.cause, "view": self.view}


class InboxAction(forms.Form):
    """What to do (`action`) about the chosen issues, causes, or everything that the filters match.

    `assign:7` and `assign:` assign to a person and to nobody, `snooze:7` hides for seven days.
    """

    action = forms.CharField()
    everything = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        self._seller = seller
        self.causes = [cause for cause in data.getlist("cause_key") if 0 < len(cause) <= 80]
        self.issue_ids = [int(value) for value in data.getlist("issue") if value.isdecimal() and len(value) < 19]
        self.person: User | None = None
        self.until: datetime | None = None

    def clean_action(self) -> str:
        action, _colon, value = self.cleaned_data["action"].partition(":")
        match action:
            case "assign" if value:
                number = int(value) if value.isdecimal() and len(value) < 19 else 0
                found = members(seller=self._seller).filter(pk=number).first()
                if found is None:
                    raise forms.ValidationError(_("This person is not a member of your team."))
                self.person = found
            case "snooze" if value.isdecimal() and len(value) < 4:
                self.until = timezone.now() + timedelta(days=int(value))
            case "mute":
                self.until = MUTED_UNTIL
            case "check" | "send" | "resolve" | "assign" | "show":
                pass
            case _:
                raise forms.ValidationError(_("Select what to do."))
        return str(action)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("everything") or self.causes or self.issue_ids):
            raise forms.ValidationError(_("Select at least one issue."))
        return cleaned

    def done_text(self, number: int) -> str:
        """What was done, with a placeholder for the number."""
        match self.cleaned_data["action"]:
            case "check":
                return ngettext(
                    "Checking %(number)s item again. It leaves the inbox as soon as it is synced.",
                    "Checking %(number)s items again. They leave the inbox as soon as they are synced.",
                    number,
                )
            case "send":
                return ngettext("Sending %(number)s item again.", "Sending %(number)s items again.", number)
            case "resolve":
                return ngettext(
                    "%(number)s issue resolved. It reopens if the problem comes back.",
                    "%(number)s issues resolved. They reopen if the problem comes back.",
                    number,
                )
            case "assign":
                return gettext("Assigned.") if self.person else gettext("Assigned to nobody.")
            case "show":
                return gettext("Shown in the inbox again.")
            case "mute":
                return gettext("Muted. You find it under Snoozed.")
        return gettext("Snoozed. It comes back to the inbox by itself.")

    @property
    def nothing_text(self) -> str:
        if self.cleaned_data["action"] == "send":
            return gettext("Nothing to send: these issues are about imports. Select Check again.")
        if self.cleaned_data["action"] == "check":
            return gettext(
                "Nothing was checked: these issues are resolved, or need a full sync. Select Sync now on Home."
            )
        return gettext("Nothing to do: these issues are resolved.")


class SaveViewForm(forms.Form):
    name = forms.CharField(label=_("Name of the view"), max_length=60)


class ConnectionFilter(FilterForm):
    """By one of the seller's connections."""

    connection = _choice(_("Connection"), [])

    def __init__(self, data: Any, *, seller: Seller) -> None:
        super().__init__(data)
        own = Connection.objects.filter(seller=seller).order_by("name").values_list("slug", "name")
        _set_choices(self, "connection", [*_ANY, *own])


class RunFilter(ConnectionFilter):
    data_type = _choice(_("Data"), DataType.choices)
    state = _choice(_("Status"), Run.State.choices)
    scope = _choice(_("Scope"), Run.Scope.choices)


class WebhookFilter(ConnectionFilter):
    data_type = _choice(_("Data"), DataType.choices)
    state = _choice(_("Status"), WebhookEvent.State.choices)


class CheckItemFilter(FilterForm):
    """Filters of the items that a preview or a comparison found."""

    verdict = _choice(_("Result"), [])
    text = _search(_("Search"), _("ID or external ID"))

    def __init__(self, data: Any, *, run: Run) -> None:
        super().__init__(data)
        verdicts = [(verdict.value, capfirst(verdict.label)) for verdict in verdicts_of(run)]
        _set_choices(self, "verdict", [*_ANY, *verdicts])


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
    amounts = _choice(_("Amounts"), [("different", _("Don’t add up"))])


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


class FormatsForm(forms.ModelForm):
    region = forms.ChoiceField(label=_("Numbers and dates"), choices=REGIONS, required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        model = User
        fields = ("region", "time_zone")

    def __init__(self, data: Any, *, instance: User) -> None:
        super().__init__(data, instance=instance, label_suffix="")
        zones = [("", _("That of the seller")), *((name, name) for name in sorted(available_timezones()))]
        _set_choices(self, "time_zone", zones)


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
