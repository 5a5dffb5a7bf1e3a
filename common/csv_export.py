"""CSV downloads: safe to open in a spreadsheet, streamed row by row."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

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
