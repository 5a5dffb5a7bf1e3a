"""CSV that is safe to open in a spreadsheet, written as it is read."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import tzinfo

from django.http import StreamingHttpResponse

from hub.models import RunItem
from synclog.models import Issue

# A cell that begins so is run as a formula by spreadsheets, also behind blanks.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """The value as text; what a spreadsheet would run is disarmed by an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


class _Echo:
    """A file for csv.writer that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _lines(header: list[str], rows: Iterable[list[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # Excel takes a file for UTF-8 only if it begins with this mark.
    yield "\ufeff" + writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(filename: str, header: list[str], rows: Iterable[list[object]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


CHECK_HEADER = ["What", "Item", "Kind", "Id here", "Id there", "Field", "Before", "After", "Message", "Repaired"]


def check_rows(found: RunItem, title: str, zone: tzinfo) -> Iterator[list[object]]:
    """One row under FOUND_HEADER for each field that differs, or a single one without a field."""
    repaired = found.repaired_at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if found.repaired_at else ""
    about = [found.get_verdict_display(), title, found.get_kind_display(), found.item_id, found.external_id]
    for name, (before, after) in found.changes.items() or [("", ("", ""))]:
        yield [*about, name, _plain(before), _plain(after), found.message, repaired]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else json.dumps(value, ensure_ascii=False)


ISSUE_HEADER = [
    *("Severity", "Item", "Id", "What is wrong", "What to do", "Connection", "Data"),
    *("Times seen", "First seen", "Last seen", "Resolved", "Link"),
]


def issue_row(issue: Issue, zone: tzinfo) -> list[object]:
    """One issue under ISSUE_HEADER, with times in the given zone."""
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
