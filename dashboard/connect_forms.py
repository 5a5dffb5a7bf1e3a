"""The forms of connecting a platform: its settings and credentials, then data types and schedules (I4)."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from connectors.admin.schema_form import CREDENTIALS, FIELD_MAP, SETTINGS, ConnectionForm, connection_form, field_name
from connectors.admin.text_fields import ValuesField
from connectors.sdk.adapter import Adapter
from hub.models import Connection, Job

_SCHEDULES = [
    ("", _("Only manually")),
    ("15m", _("Every 15 minutes")),
    ("1h", _("Every hour")),
    ("6h", _("Every 6 hours")),
    ("1d", _("Every day")),
    ("1w", _("Every week")),
]


def connect_form(adapter: type[Adapter[Any]], data: Any = None) -> ConnectionForm:
    """The console's form of the platform with plain fields, without field mapping and those that need a structure."""

    class Meta:
        model = Connection
        fields = ("name",)

    plain = type(f"Connect{adapter.__name__}", (connection_form(adapter, None),), {"Meta": Meta})
    form = cast(ConnectionForm, plain(data, initial={"name": adapter.name}, label_suffix=""))
    for name, field in list(form.fields.items()):
        if isinstance(field, forms.JSONField | ValuesField) or name.startswith(f"{FIELD_MAP}__"):
            del form.fields[name]
        else:
            field.widget = _plain_widget(field)
    form.order_fields(
        ["name", "base_url", *(field_name(CREDENTIALS, each) for each in adapter.Credentials.model_fields)]
    )
    return form


def _plain_widget(field: forms.Field) -> forms.Widget:
    """The widget of this site instead of the console's."""
    widget: forms.Widget
    if isinstance(field.widget, forms.PasswordInput):
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    elif isinstance(field, forms.ChoiceField):
        widget = forms.Select(choices=cast(Any, field.choices))
    elif isinstance(field.widget, forms.Textarea):
        widget = forms.Textarea(attrs={"rows": 3})
    elif isinstance(field, forms.BooleanField):
        widget = forms.CheckboxInput()
    elif isinstance(field, forms.IntegerField | forms.FloatField):
        widget = forms.NumberInput()
    else:
        widget = forms.URLInput() if isinstance(field, forms.URLField) else forms.TextInput()
    widget.is_required = field.required
    widget.attrs |= field.widget_attrs(widget)
    return widget


def optional_fields(form: ConnectionForm) -> list[forms.BoundField]:
    """The fields that the form shows only on request: settings and credentials that are not required.

    If no credential is required, there is a choice between them, so all are shown.
    """
    parts = [SETTINGS]
    if any(field.required for name, field in form.fields.items() if name.startswith(f"{CREDENTIALS}__")):
        parts.append(CREDENTIALS)
    return [form[name] for name, field in form.fields.items() if not field.required and name.split("__")[0] in parts]


class JobsForm(forms.Form):
    """Which data types to sync, and how often in full."""

    def __init__(self, data: Any = None, *, jobs: list[Job]) -> None:
        super().__init__(data, label_suffix="")
        self.jobs = jobs
        for job in jobs:
            label = f"{job.get_data_type_display()} ({job.get_direction_display()})"
            schedules = dict(_SCHEDULES) | {
                job.full_schedule: dict(_SCHEDULES).get(job.full_schedule, job.full_schedule)
            }
            self.fields[f"on_{job.pk}"] = forms.BooleanField(label=label, required=False, initial=True)
            self.fields[f"schedule_{job.pk}"] = forms.ChoiceField(
                label=_("Full sync"), choices=list(schedules.items()), required=False, initial=job.full_schedule
            )

    @property
    def rows(self) -> list[tuple[Job, forms.BoundField, forms.BoundField]]:
        return [(job, self[f"on_{job.pk}"], self[f"schedule_{job.pk}"]) for job in self.jobs]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.schedules:
            raise forms.ValidationError(_("Select at least one data type."))
        return cleaned

    @property
    def schedules(self) -> dict[int, str]:
        """ID → full schedule of the chosen jobs."""
        chosen = (job.pk for job in self.jobs if self.cleaned_data.get(f"on_{job.pk}"))
        return {pk: self.cleaned_data.get(f"schedule_{pk}") or "" for pk in chosen}
