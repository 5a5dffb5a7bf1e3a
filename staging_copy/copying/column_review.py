"""Looks at the first rows of each table in an archive: proposes rules for new columns, and questions kept ones."""

from collections.abc import Iterator

from staging_copy.backup.archive import Archive, TableData
from staging_copy.backup.copy_text import NULL, unescape
from staging_copy.masking import classifier
from staging_copy.masking.classifier import Proposal
from staging_copy.masking.policy import Policy, Rows

_ROWS = 200


def first_values(archive: Archive, table: TableData) -> dict[str, list[bytes]]:
    """The values of each column in the first block of a table's rows, without NULL."""
    block = next(archive.rows(table), b"")
    columns = zip(*(line.split(b"\t") for line in block.splitlines()[:_ROWS]), strict=True)
    return {
        name: [unescape(value) for value in values if value != NULL]
        for name, values in zip(table.columns, columns, strict=False)
    }


def proposals(archive: Archive, policy: Policy) -> Iterator[Proposal]:
    """Rules for columns that have none, as far as something speaks for one."""
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is not None and rules.rows is not Rows.COPY:
            continue
        known = rules.columns if rules else {}
        missing = [column for column in table.columns if column not in known]
        values = first_values(archive, table) if missing else {}
        for column in missing:
            if found := classifier.propose(f"{table.root}.{column}", values.get(column, [])):
                yield found


def warnings(archive: Archive, policy: Policy) -> list[Proposal]:
    """Columns whose values are kept or scrubbed although they look personal; one warning a column."""
    found: dict[str, Proposal] = {}
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None or rules.rows is not Rows.COPY:
            continue
        for column, values in first_values(archive, table).items():
            name = f"{table.root}.{column}"
            warning = classifier.warn(name, rules.columns.get(column, "empty"), values)
            if warning and name not in found:
                found[name] = warning
    return sorted(found.values(), key=lambda warning: warning.column)
