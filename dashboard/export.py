"""CSV downloads: safe to open in a spreadsheet, streamed row by row."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from hub.models import RunItem
from synclog.models import Issue

# Spreadsheets run a cell that starts with one of these as a formula, even after spaces and quotes. A cell also starts
# after each separator that the spreadsheet may be set to: a semicolon in most of Europe, a tab, a pipe, a new line.
_FORMULA = re.compile(r"""(^|[;|\t\r\n\v\f\x85\u2028\u2029])(?=[\s"]*[=+\-@＝＋－＠])""")


def safe_cell(value: object) -> str:
    """The value as text, with an apostrophe in front of everything that a spreadsheet would run as a formula."""
    text = "" if value is None else str(value)
    disarmed = _FORMULA.sub(r"\1'", text)
    return f"'{disarmed}" if disarmed.startswith(("\t", "\r")) else disarmed


class _Echo:
    """A file object for csv.writer that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def _lines(header: Sequence[object], rows: Iterable[list[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # Excel reads a file as UTF-8 only if it starts with a byte order mark.
    yield "\ufeff" + writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(filename: str, header: Sequence[object], rows: Iterable[list[object]]) -> StreamingHttpResponse:
    """A download of `rows` under `header`, in UTF-8."""
    return StreamingHttpResponse(
        _lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


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
