"""CSV that is safe to open in a spreadsheet, written as it is read."""

import csv
from collections.abc import Iterable, Iterator
from datetime import tzinfo

from django.http import StreamingHttpResponse

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
        issue.mend,
        issue.sync_log.connection or issue.sync_log.integration,
        issue.sync_log.get_data_type_display(),
        issue.occurrences,
        *(at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else "" for at in times),
        issue.link,
    ]
