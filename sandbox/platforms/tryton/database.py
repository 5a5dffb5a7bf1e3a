"""The records of one database: searched by domains, read by paths, and written with Tryton's commands for relations."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.platforms.tryton.models import COMPUTED_TARGETS, MODELS, MODULES, Field, Model
from sandbox.platforms.tryton.values import HttpError, UserError

Row = dict[str, Any]
Context = dict[str, Any]
Computed = Callable[["Records", Row, Context], Any]


class Records:
    """Records by model and ID. `computed` works out the fields that are not stored."""

    def __init__(self, computed: dict[tuple[str, str], Computed]) -> None:
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in MODELS}
        self.modules = set(MODULES)
        self._computed = computed

    # Models

    def model(self, name: str) -> Model:
        found = MODELS.get(name)
        if found is None or not self._is_active(found.module):
            raise HttpError(500, f"'{name}'")
        return found

    def field(self, model: str, name: str) -> Field:
        found = self.model(model).fields.get(name)
        if found is None or not self._is_active(found.module):
            raise HttpError(500, f"'{name}'")
        return found

    def _is_active(self, module: str) -> bool:
        return not module or module in self.modules

    def describe_models(self) -> Iterator[Row]:
        """The rows of `ir.model.field`."""
        number = 0
        for name, model in MODELS.items():
            for field, about in model.fields.items():
                number += 1
                if self._is_active(model.module) and self._is_active(about.module):
                    yield {"id": number, "model": name, "name": field}

    # Reading

    def get(self, model: str, number: Any) -> Row:
        if number not in self.tables[model]:
            raise HttpError(404, "The requested URL was not found on the server.")
        return self.tables[model][number]

    def value(self, model: str, row: Row, name: str, context: Context) -> Any:
        """A field of a record: IDs for a relation."""
        field = self.field(model, name)
        if field.kind == "many":
            rows = self.tables[field.target].values()
            return [each["id"] for each in rows if each.get(field.inverse) == row["id"] and _shown(each, context)]
        if field.kind == "computed":
            return self._computed[model, name](self, row, context)
        if name == "rec_name":
            return str(row.get(self.model(model).named_by) or f"({row['id']})")
        return list(row.get(name, ())) if field.kind == "set" else row.get(name)

    def target(self, model: str, name: str) -> str:
        return COMPUTED_TARGETS.get((model, name)) or self.field(model, name).target

    def read(self, model: str, row: Row, paths: Iterable[str], context: Context) -> Row:
        """The fields at these paths: `template.name` gives `{"template": {"id", "__name__", "name"}}`."""
        tree: dict[str, list[str]] = {}
        for path in paths:
            name, _, rest = path.partition(".")
            tree.setdefault(name, []).extend([rest] if rest else [])
        found: Row = {"id": row["id"], "__name__": model}
        for name, nested in tree.items():
            value = self.value(model, row, name, context)
            if nested:
                target = self.target(model, name)
                if not target:
                    raise HttpError(500, "'Field' object has no attribute 'get_target'")
                numbers = value if isinstance(value, list) else [value] if value else []
                rows = [self.read(target, self.tables[target][each], nested, context) for each in numbers]
                value = rows if isinstance(value, list) else next(iter(rows), None)
            found[name] = value
        return found

    def search(self, model: str, domain: Any, context: Context) -> list[Row]:
        """The records that meet a domain, in order of ID. Without a clause about `active`, only active ones."""
        if model == "ir.model.field":
            self.tables[model] = {row["id"]: row for row in self.describe_models()}
        hidden = self.model(model).has_active and context.get("active_test", True) and "active" not in str(domain)
        rows = [row for row in self.tables[model].values() if not hidden or row.get("active", True)]
        return sorted((row for row in rows if self._meets(model, row, domain, context)), key=lambda row: row["id"])

    def _meets(self, model: str, row: Row, domain: Any, context: Context) -> bool:
        if not domain:
            return True
        if isinstance(domain[0], str) and domain[0] not in ("AND", "OR"):
            return self._clause(model, row, domain, context)
        each = (self._meets(model, row, part, context) for part in domain if part not in ("AND", "OR"))
        return any(each) if domain[0] == "OR" else all(each)

    def _clause(self, model: str, row: Row, clause: Any, context: Context) -> bool:
        path, operator, operand, *_ = clause
        values = self._values(model, row, path.split("."), context | {"active_test": False})
        if operator in ("!=", "not in", "not like"):
            opposite = {"!=": "=", "not in": "in", "not like": "like"}[operator]
            return not any(_compare(value, opposite, operand) for value in values or [None])
        return any(_compare(value, operator, operand) for value in values or [None])

    def _values(self, model: str, row: Row, path: list[str], context: Context) -> list[Any]:
        """All values at a path: several where it leads over a list."""
        value = self.value(model, row, path[0], context)
        values = value if isinstance(value, list) else [value]
        if len(path) == 1:
            return values
        target = self.target(model, path[0])
        if not target:
            raise HttpError(500, f"Missing search function for field {path[0]}")
        found: list[Any] = []
        for number in values:
            if number is not None:
                found += self._values(target, self.tables[target][number], path[1:], context)
        return found

    # Writing

    def create(self, model: str, values: Row) -> Row:
        number = max(self.tables[model], default=0) + 1
        moment = now()
        row: Row = {"id": number, "create_date": moment, "write_date": moment, **self.model(model).defaults}
        self.tables[model][number] = row
        self._assign(model, row, values)
        return row

    def write(self, model: str, row: Row, values: Row) -> None:
        row["write_date"] = now()
        self._assign(model, row, values)

    def delete(self, model: str, numbers: Iterable[int]) -> None:
        for number in list(numbers):
            self.get(model, number)
            del self.tables[model][number]

    def _assign(self, model: str, row: Row, values: Row) -> None:
        for name, value in values.items():
            field = self.field(model, name)
            if field.kind == "computed" or name in ("id", "rec_name"):
                raise UserError(f'You are not allowed to modify the field "{name}".')
            if field.kind in ("many", "set"):
                self._command(row, name, field, value or [])
                continue
            if field.kind == "one" and value is not None and value not in self.tables[field.target]:
                raise UserError(f'The value for field "{name}" does not exist.')
            row[name] = value

    def _command(self, row: Row, name: str, field: Field, commands: list[Any]) -> None:
        for command, *arguments in commands:
            if command == "create":
                created = [self.create(field.target, self._owned(row, field, each)) for each in arguments[0]]
                if field.kind == "set":
                    row.setdefault(name, []).extend(each["id"] for each in created)
            elif command == "write":
                for number in arguments[0]:
                    self.write(field.target, self.get(field.target, number), arguments[1])
            elif command == "delete":
                self.delete(field.target, arguments[0])
            elif command in ("add", "remove") and field.kind == "set":
                kept = [each for each in row.get(name, []) if each not in arguments[0]]
                row[name] = kept + (arguments[0] if command == "add" else [])
            else:
                raise HttpError(500, f"'{command}'")

    @staticmethod
    def _owned(row: Row, field: Field, values: Row) -> Row:
        return values | ({field.inverse: row["id"]} if field.kind == "many" else {})

    def age(self, hours: float) -> None:
        """Move the dates of all records back."""
        for table in self.tables.values():
            for row in table.values():
                for name in ("create_date", "write_date"):
                    if name in row:
                        row[name] -= timedelta(hours=hours)


def now() -> datetime:
    return datetime.now(UTC)


def _shown(row: Row, context: Context) -> bool:
    return not context.get("active_test", True) or row.get("active", True)


def _compare(value: Any, operator: str, operand: Any) -> bool:
    if operator == "=":
        return bool(value == operand)
    if operator == "in":
        return value in operand
    if value is None or operand is None:
        return False
    if operator in ("like", "ilike"):
        parts = re.findall(r"\\.|[^\\]", operand)  # a backslash escapes a wildcard
        pattern = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
        return re.fullmatch(pattern, str(value), re.IGNORECASE if operator == "ilike" else 0) is not None
    compare = {">": value.__gt__, ">=": value.__ge__, "<": value.__lt__, "<=": value.__le__}
    if operator not in compare:
        raise HttpError(500, f"'{operator}'")
    return compare[operator](operand) is True
