"""The rows of the dashboard's CSV downloads."""

import json
from collections.abc import Iterator
from datetime import tzinfo

from django.utils.translation import gettext_lazy as _

from hub.models import RunItem
from synclog.models import Issue

CHECK_HEADER = [
    *(_("Result"), _("Item"), _("Kind"), _("ID"), _("External ID")),
    *(_("Field"), _("Before"), _("After"), _("Message"), _("Repaired")),
]


def check_rows(found: RunItem, title: str, zone: tzinfo) -> Iterator[list[object]]:
    """Rows for CHECK_HEADER: one for each field that differs, or a single one without a field. Times are in `zone`."""
    repaired = found.repaired_at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if found.repaired_at else ""
    about = [found.get_verdict_display(), title, found.get_kind_display(), found.item_id, found.external_id]
    for name, (before, after) in found.changes.items() or [("", ("", ""))]:
        yield [*about, name, _plain(before), _plain(after), found.message, repaired]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else json.dumps(value, ensure_ascii=False)


ISSUE_HEADER = [
    *(_("Severity"), _("Item"), _("ID"), _("Issue"), _("How to fix"), _("Connection"), _("Data")),
    *(_("Times seen"), _("First seen"), _("Last seen"), _("Resolved"), _("Link")),
]


def issue_row(issue: Issue, zone: tzinfo) -> list[object]:
    """A row for ISSUE_HEADER. Times are in `zone`."""
    times = (issue.opened_at, issue.seen_at, issue.resolved_at)
    return [
        issue.get_severity_display(),
        issue.title,
        issue.external_id,
        issue.message,
        issue.fix,
        issue.sync_log.connection or issue.sync_log.integration,
        issue.sync_log.get_data_type_display(),
        issue.occurrences,
        *(at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else "" for at in times),
        issue.link,
    ]
