"""The base of sources whose rows are read field by field (`field_reader`)."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, TypeVar

from connectors.sdk import issues
from connectors.sdk.api_model import unreadable
from connectors.sdk.details import details_problem
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import Problem, Record
from connectors.sdk.streams import ClientT, Source

RecordT = TypeVar("RecordT", bound=Record)


class FieldSource(Source[ClientT, RecordT]):
    @abstractmethod
    def build(self, raw: Any, problems: list[Problem]) -> RecordT:
        """The record of a row; problems found are added to `problems`. MalformedField if the row cannot be read."""

    @abstractmethod
    def placeholder(self, number: str) -> RecordT:
        """A record for a row that cannot be read."""

    @abstractmethod
    def row_id(self, raw: Any) -> str:
        """The ID of a row, as text; empty if it has none."""

    def records(self, rows: Iterable[Any]) -> list[RecordT]:
        return [self._record(row) for row in rows]

    def _record(self, raw: Any) -> RecordT:
        problems: list[Problem] = []
        record = self.placeholder(self.row_id(raw) or "unknown")
        if problem := details_problem(raw):
            problems = [problem]
        else:
            try:
                record = self.build(raw, problems)
            except MalformedField as error:
                problems = [issues.UNREADABLE(field=error.name, reason=error.reason)]
            except ArithmeticError as error:
                problems = unreadable(error)
        record.raw, record.problems = raw, problems
        return record
