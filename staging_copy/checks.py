"""System check: every table and column of every model needs a masking rule (N3)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.postgres.fields import ArrayField
from django.core.checks import CheckMessage, Error
from django.db import models

from staging_copy.masking.policy import Policy, Rows, Rule, TablePolicy, argument, verb
from staging_copy.policies import collect

_TEXT = (models.CharField, models.TextField)
_NO_EMPTY_VALUE = (models.DateField, models.TimeField, models.UUIDField, models.GenericIPAddressField)


def every_column_has_a_rule(app_configs: Sequence[AppConfig] | None = None, **options: Any) -> list[CheckMessage]:
    """Compares the policies with the installed models, in both directions."""
    policy, mistakes = collect()
    messages: list[CheckMessage] = [Error(str(mistake), id="staging_copy.E004") for mistake in mistakes]
    return messages + compare(policy, apps.get_models(include_auto_created=True))


def compare(policy: Policy, all_models: Iterable[type[models.Model]]) -> list[CheckMessage]:
    """The rules that are missing, orphaned or not applicable to the type of their column."""
    installed: dict[str, type[models.Model]] = {
        model._meta.db_table: model for model in all_models if _has_a_table(model)
    }
    return [
        *_tables_and_columns(policy, installed),
        *_orphaned_rules(policy, installed),
        *_unsuitable(policy, installed),
        *_retentions(policy, installed),
        *_dangling_references(policy, installed),
    ]


def _has_a_table(model: type[models.Model]) -> bool:
    return not (model._meta.proxy or model._meta.swapped)


def _columns(model: type[models.Model]) -> dict[str, Any]:
    return {str(field.column): field for field in model._meta.local_concrete_fields}


def _tables_and_columns(policy: Policy, installed: dict[str, type[models.Model]]) -> Iterator[Error]:
    for table, model in installed.items():
        rules = policy.tables.get(table)
        if rules is None:
            yield Error(
                f"Table {table} has no masking policy.",
                hint=f"Add it to POLICY in the policy.py of {model._meta.app_label}.",
                id="staging_copy.E001",
            )
        elif rules.rows is Rows.COPY:
            for column in _columns(model).keys() - rules.columns.keys():
                yield Error(f"Column {table}.{column} has no masking rule.", id="staging_copy.E002")


def _orphaned_rules(policy: Policy, installed: dict[str, type[models.Model]]) -> Iterator[Error]:
    for table, rules in policy.tables.items():
        if table in policy.retired or table == "django_migrations":
            continue
        if table not in installed:
            yield _orphaned_rule(table)
            continue
        for column in {*rules.columns, *rules.key} - _columns(installed[table]).keys():
            if f"{table}.{column}" not in policy.retired:
                yield _orphaned_rule(f"{table}.{column}")


def _orphaned_rule(name: str) -> Error:
    return Error(
        f"There is a masking rule for {name}, but no model has it.",
        hint="Remove the rule, or list the name in RETIRED while older archives still contain it.",
        id="staging_copy.E003",
    )


_FOR_UNIQUE_COLUMNS = {
    "scrub": "scrub:unique",
    "scrub:contacts": "scrub:unique",
    "mask:email": "mask:unique_email",
}


def _unsuitable(policy: Policy, installed: dict[str, type[models.Model]]) -> Iterator[Error]:
    for table, model in installed.items():
        rules = policy.tables.get(table, TablePolicy(table))
        for column in _unique_columns(model):
            if better := _FOR_UNIQUE_COLUMNS.get(str(rules.columns.get(column))):
                yield Error(
                    f"Rule of {table}.{column}: two spellings of an address would become one value of a unique column; "
                    f"use `{better}`.",
                    id="staging_copy.E005",
                )
        for column, field in _columns(model).items():
            if column in rules.columns and (problem := _problem(rules.columns[column], field)):
                yield Error(f"Rule of {table}.{column}: {problem}", id="staging_copy.E005")


def _unique_columns(model: type[models.Model]) -> set[str]:
    """The columns that make rows unique, alone or with others."""
    constraints = [each for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    names = {name for constraint in constraints for name in constraint.fields}
    return {column for column, field in _columns(model).items() if field.unique or field.name in names}


def _problem(rule: Rule, field: Any) -> str:
    """Why the rule cannot be applied to this column; empty if it can."""
    word = verb(rule)
    is_json = isinstance(field, models.JSONField)
    if word == "json" and not is_json:
        return "only JSON columns can have rules by path."
    if is_json and (rule in ("keep", "scrub", "scrub:contacts") or word == "mask"):
        return "a JSON column needs rules by path ({key: rule}), `keep:tree` or `scrub:tree`."
    if not is_json and argument(rule) == "tree":
        return "only JSON columns can use `:tree`."
    if rule == "mask:ip" and isinstance(field, models.GenericIPAddressField):
        return ""
    if word == "mask" and not isinstance(field, (*_TEXT, ArrayField)):
        return f"`{rule}` needs a text column, and this is a {field.get_internal_type()}."
    if word == "scrub" and not (is_json or isinstance(field, (*_TEXT, ArrayField))):
        return f"`scrub` needs a text column, and this is a {field.get_internal_type()}."
    if rule in ("empty", "preserve") and not field.null and isinstance(field, _NO_EMPTY_VALUE):
        return f"`{rule}` needs a nullable column, because this type has no empty value."
    if rule in ("empty", "preserve") and not field.null and field.unique:
        return f"`{rule}` would write the same value to several rows of a unique column; use `preserve:random`."
    if rule in ("empty", "preserve") and not field.null and field.remote_field:
        return f"`{rule}` would write an invalid foreign key."
    return ""


def _retentions(policy: Policy, installed: dict[str, type[models.Model]]) -> Iterator[Error]:
    for table, model in installed.items():
        retention = policy.retention.get(table)
        if retention is None:
            yield Error(f"Table {table} has no retention.", id="staging_copy.E006")
        elif retention.column and retention.column not in _columns(model):
            yield Error(f"Retention of {table}: column {retention.column} does not exist.", id="staging_copy.E006")
        elif retention.parent and retention.parent not in installed:
            yield Error(f"Retention of {table}: table {retention.parent} does not exist.", id="staging_copy.E006")
    for table in policy.retention.keys() - installed.keys() - policy.retired - {"django_migrations"}:
        yield _orphaned_rule(table)


def _dangling_references(policy: Policy, installed: dict[str, type[models.Model]]) -> Iterator[Error]:
    """Foreign keys from copied tables into tables whose rows are not copied."""
    for table, model in installed.items():
        rules = policy.tables.get(table)
        if rules is None or rules.rows is not Rows.COPY:
            continue
        for column, field in _columns(model).items():
            if rules.columns.get(column) != "keep" or not getattr(field, "db_constraint", False):
                continue
            target = policy.tables.get(field.related_model._meta.db_table)
            if target is not None and target.rows is not Rows.COPY:
                yield Error(
                    f"{table}.{column} is kept, but rows of {target.table} are not copied ({target.rows}).",
                    hint="Make the column `empty`, or copy the rows of both tables.",
                    id="staging_copy.E007",
                )
