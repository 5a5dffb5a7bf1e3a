"""Validation of what a client sends: the fields of a body and the filters of a listing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from sandbox.platforms.bigcommerce.responses import ApiError, invalid
from sandbox.tables import Row, Table

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "amount": (str, int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Field:
    """The constraints on a field of a body. `min_length` and `max_length` count characters or items."""

    type: str
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[Any, ...] = ()
    nullable: bool = False

    def problem(self, value: Any) -> str | None:
        if value is None:
            return None if self.nullable else "must not be null"
        if not self._fits(value):
            return f"must be of type {self.type}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(map(str, self.choices))}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum}"
        if self.min_length is not None and len(value) < self.min_length:
            return f"must have at least {self.min_length} characters or items"
        if self.max_length is not None and len(value) > self.max_length:
            return f"must have at most {self.max_length} characters or items"
        return "must not contain a NUL character" if isinstance(value, str) and "\0" in value else None

    def _fits(self, value: Any) -> bool:
        return isinstance(value, TYPES[self.type]) and (self.type == "boolean" or not isinstance(value, bool))


class Fields:
    """The writable fields of a resource. Like the vendor, it ignores read-only and unknown fields."""

    def __init__(self, required: Iterable[str] = (), **fields: Field) -> None:
        self.required = tuple(required)
        self.fields = fields

    def problems(self, body: Any, *, creating: bool) -> dict[str, str]:
        """Return the validation errors by field."""
        if not isinstance(body, dict):
            return {"": "must be an object"}
        errors = {name: "is required" for name in self.required if creating and body.get(name) is None}
        for name, value in body.items():
            if name in self.fields and name not in errors and (problem := self.fields[name].problem(value)):
                errors[name] = problem
        return errors

    def checked(self, body: Any, *, creating: bool) -> Row:
        """Return the writable part of a body. Raises a 422 if any field is invalid."""
        if errors := self.problems(body, creating=creating):
            raise invalid(errors)
        return self.writable(body)

    def writable(self, body: Row) -> Row:
        return {name: value for name, value in body.items() if name in self.fields}

    def ignored(self, body: Any) -> tuple[str, ...]:
        return tuple(sorted(set(body) - set(self.fields))) if isinstance(body, dict) else ()


def list_of(body: Any, maximum: int, too_many_error: Callable[[int], ApiError]) -> list[Any]:
    """Return the body as a list of 1 to `maximum` items."""
    if not isinstance(body, list) or not body:
        raise invalid({"": "must be a list with at least one item"})
    if len(body) > maximum:
        raise too_many_error(maximum)
    return body


PAGING = ("page", "limit", "after", "before")
Value = Callable[[Row], Any]
Test = Callable[[Row], bool]
Read = Callable[[str], Any]


def boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError("true, false, 1 or 0")
    return text.lower() in ("true", "1")


def parse_datetime(text: str) -> str:
    """Return an ISO 8601 time as stored in rows (UTC, seconds). A date without a time gets the current time of day."""
    parsed = datetime.fromisoformat(text.replace(" ", "+"))
    if len(text) == 10:
        parsed = datetime.combine(parsed.date(), datetime.now(UTC).time())
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return isoformat_utc(parsed.timestamp())


def isoformat_utc(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _list(read: Read) -> Read:
    return lambda text: {read(part) for part in text.split(",")}


# operator: (how the text is parsed, how the value of a row is compared with it)
OPERATORS: dict[str, tuple[Callable[[Read], Read], Callable[[Any, Any], bool]]] = {
    "": (lambda read: read, lambda value, given: bool(value == given)),
    "not": (lambda read: read, lambda value, given: bool(value != given)),
    "in": (_list, lambda value, given: value in given),
    "not_in": (_list, lambda value, given: value not in given),
    "min": (lambda read: read, lambda value, given: value is not None and value >= given),
    "max": (lambda read: read, lambda value, given: value is not None and value <= given),
    "greater": (lambda read: read, lambda value, given: value is not None and value > given),
    "less": (lambda read: read, lambda value, given: value is not None and value < given),
    "like": (lambda read: lambda text: text.lower(), lambda value, given: given in str(value).lower()),
}


class Filters:
    """The filters of one listing. `add("id", int, "in min")` allows `id`, `id:in` and `id:min`."""

    def __init__(self, *others: str, sortable: Iterable[str] = (), where: Callable[[Row], bool] | None = None) -> None:
        """`where` is a test that always applies to the listing."""
        self.where = where
        self.others = {*PAGING, "include_fields", "exclude_fields", "sort", "direction", *others}
        self.sortable = tuple(sortable)
        self._filters: dict[str, tuple[Read, Callable[[Any, Any], bool], str, Value | None]] = {}

    def add(
        self,
        column: str,
        read: Read = str,
        operators: str = "",
        *,
        plain: bool = True,
        value: Value | None = None,
    ) -> "Filters":
        """Allow the given operators on a column. `value` computes a value that the row does not store."""
        for operator in ([""] if plain else []) + operators.split():
            make, test = OPERATORS[operator]
            self._filters[f"{column}:{operator}".rstrip(":")] = (make(read), test, column, value)
        return self

    def add_test(self, name: str, read: Read, test: Callable[[Any, Any], bool], column: str) -> "Filters":
        """Allow a filter with its own comparison: `test(value of the column, given)`."""
        self._filters[name] = (read, test, column, None)
        return self

    def tests(self, query: dict[str, str], table: Table) -> list[Test]:
        """Return the row tests for all filters of a query. Raises a 422 for unknown filters and invalid values."""
        if unknown := [name for name in query if name not in self._filters and name not in self.others]:
            raise ApiError(422, f"The filter(s): {', '.join(unknown)} are not valid filter parameter(s).")
        tests: list[Test] = [self.where] if self.where else []
        for name, text in query.items():
            if name in self.others:
                continue
            read, test, column, value = self._filters[name]
            try:
                given = read(text)
            except ValueError as error:
                raise ApiError(422, f"{name} is not valid", {name: str(error)}) from error
            # `choose` starts from lower bounds on the ID, which clients use for keyset paging.
            if name not in ("id:greater", "id:min"):
                tests.append(_test(test, given, value or _column(table, column)))
        return tests

    def names(self, query: dict[str, str]) -> list[str]:
        """Return the filters that a query uses."""
        return [name for name in query if name in self._filters]

    def choose(self, query: dict[str, str], table: Table) -> list[Row]:
        """Return the matching rows in the requested order; they are cached while a client pages through them."""
        tests = self.tests(query, table)
        key = tuple(sorted((name, text) for name, text in query.items() if name not in PAGING))

        def choose() -> list[Row]:
            above = max(int(query.get("id:greater", 0)), int(query.get("id:min", 1)) - 1)
            rows: Iterable[Row] = table.between(above)
            if f"{table.group}:in" in query:
                groups = {int(each) for each in query[f"{table.group}:in"].split(",")}
                stored = (row for group in groups for row in table.in_group(group) if row["id"] > above)
                rows = sorted(stored, key=itemgetter("id"))
            if tests:
                rows = (row for row in rows if all(test(row) for test in tests))
            return order(list(rows), query, table, self.sortable)

        return table.select(key, choose)


def _column(table: Table, column: str) -> Value:
    default = table.defaults.get(column)
    return lambda row: row.get(column, default)


def _test(test: Callable[[Any, Any], bool], given: Any, value: Value) -> Test:
    return lambda row: test(value(row), given)


def order(rows: list[Row], query: dict[str, str], table: Table, sortable: Iterable[str]) -> list[Row]:
    """Order rows by `sort` and `direction`, then by ID. Raises a 422 for columns outside `sortable`."""
    column, direction = query.get("sort", "id"), query.get("direction", "asc")
    if column not in (*sortable, "id") or direction not in ("asc", "desc"):
        raise ApiError(422, "sort or direction is not valid", {"sort": f"one of {', '.join(sortable)}; asc or desc"})
    if column == "id" and direction == "asc":
        return rows
    value = _column(table, column)
    return sorted(rows, key=lambda row: (value(row) is not None, value(row), row["id"]), reverse=direction == "desc")


def select_fields(row: Row, query: dict[str, str], key: str = "id") -> Row:
    """Apply `include_fields` and `exclude_fields` to a row. The ID always stays."""
    if "include_fields" in query:
        wanted = {key, *query["include_fields"].split(",")}
        return {name: value for name, value in row.items() if name in wanted}
    if "exclude_fields" in query:
        unwanted = set(query["exclude_fields"].split(",")) - {key}
        return {name: value for name, value in row.items() if name not in unwanted}
    return row


def requested_includes(query: dict[str, str], known: Iterable[str]) -> frozenset[str]:
    """Return the sub-resources named in `include`. Raises a 422 for unknown ones."""
    wanted = frozenset(query["include"].split(",")) if query.get("include") else frozenset()
    if unknown := wanted.difference(known):
        raise ApiError(422, "include is not valid", {"include": f"unknown: {', '.join(sorted(unknown))}"})
    return wanted
