"""Policies are checked against the models by a system check (N3)."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, SlugField, TextField

from staging_copy.checks import compare, every_column_has_a_rule
from staging_copy.masking.columns import Column, compile_table
from staging_copy.masking.policy import PolicyError, parse
from staging_copy.policies import load
from tests.staging_copy.test_rules import rules


def source(**attributes: Any) -> SimpleNamespace:
    return SimpleNamespace(**attributes)


def messages(change: Any) -> list[str]:
    """The check's messages after applying `change` to the real policy."""
    policy = load()
    tables = {name: dict(table.columns) or {"*": table.rows.value} for name, table in policy.tables.items()}
    keys = {name: table.key for name, table in policy.tables.items() if table.key}
    retention = dict.fromkeys(policy.retention, "forever")
    retired: set[str] = set(policy.retired)
    change(tables, retention, retired)
    parsed, errors = parse([source(POLICY=tables, RETENTION=retention, KEYS=keys, RETIRED=retired)])
    assert not errors
    return [f"{each.id} {each.msg}" for each in compare(parsed, apps.get_models(include_auto_created=True))]


def test_every_table_and_column_of_this_product_has_a_rule() -> None:
    assert every_column_has_a_rule() == []


def test_no_text_that_others_write_is_kept() -> None:
    """An address in a kept column stops every copy, and somebody at a shop could put it there."""
    ours = {"prefix", "scopes", "region", "time_zone", "currency", "base_currency", "country", "platform", "lane_ids"}
    ours |= {"hub_lane.name", "hub_link.kind"}
    written_by_others = [
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
        if model._meta.app_label not in ("auth", "contenttypes")
        and isinstance(field, (CharField, TextField, ArrayField))
        and not (field.choices or isinstance(field, SlugField) or field.name.endswith("_schedule"))
        and load().tables[model._meta.db_table].columns.get(field.column) == "keep"
        and not {field.name, f"{model._meta.db_table}.{field.column}"} & ours
    ]
    assert written_by_others == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t, r, gone: t.pop("orders_customer"), "E001 Table orders_customer"),
        (lambda t, r, gone: t["orders_customer"].pop("email"), "E002 Column orders_customer.email"),
        (
            lambda t, r, gone: t["orders_customer"].update(fax="keep"),
            "E003 There is a masking rule for orders_customer.fax",
        ),
        (lambda t, r, gone: t.update(old={"id": "keep"}), "E003 There is a masking rule for old"),
        (lambda t, r, gone: t["catalog_product"].update(attributes="keep"), "E005 Rule of catalog_product.attributes"),
        (lambda t, r, gone: t["orders_order"].update(total="mask:name"), "E005 Rule of orders_order.total"),
        (lambda t, r, gone: t["orders_order"].update(placed_at="empty"), "E005 Rule of orders_order.placed_at"),
        (
            lambda t, r, gone: t["hub_connection"].update(webhook_token="preserve"),
            "E005 Rule of hub_connection.webhook",
        ),
        (lambda t, r, gone: t["catalog_variant"].update(sku="scrub"), "E005 Rule of catalog_variant.sku: two"),
        (lambda t, r, gone: t["accounts_user"].update(email="mask:email"), "E005 Rule of accounts_user.email: two"),
        (lambda t, r, gone: r.pop("orders_order"), "E006 Table orders_order has no retention"),
        (lambda t, r, gone: t.update(catalog_brand={"*": "empty"}), "E007 catalog_product.brand_id is kept"),
    ],
)
def test_a_gap_is_named(change: Any, expected: str) -> None:
    assert any(message.startswith(f"staging_copy.{expected}") for message in messages(change))


def test_a_retired_column_may_keep_its_rule() -> None:
    def retire(tables: Any, retention: Any, retired: set[str]) -> None:
        tables["orders_customer"]["fax"] = "mask:phone"
        retired.add("orders_customer.fax")

    assert messages(retire) == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": "mask:nothing"}, "unknown mask"),
        ({"a": "kept"}, "not a rule"),
        ({"a": None}, "not a rule"),
        ({"a": ["keep", "keep"]}, "one rule"),
        ({"a": "preserve"}, "KEYS"),
        ({"*": "keep"}, "must be the only key"),
        ({"*": "empty", "a": "keep"}, "must be the only key"),
        ({}, "expected"),
    ],
)
def test_an_invalid_rule_is_rejected(columns: Any, expected: str) -> None:
    _, [error] = parse([source(POLICY={"t": columns})])
    assert expected in str(error) and str(error).startswith("t")


@pytest.mark.parametrize("text", ["", "90 days", "0 days by at", "partition", "with", "for ever", "1 days by a; drop"])
def test_an_invalid_retention_is_rejected(text: str) -> None:
    _, [error] = parse([source(RETENTION={"t": text})])
    assert "not a valid retention" in str(error)


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (Column("c", "jsonb"), "keep"),
        (Column("c", "hstore"), "keep"),
        (Column("c", "tsvector"), "keep"),
        (Column("c", "xml"), "scrub"),
        (Column("c", "integer"), "mask:name"),
        (Column("c", "integer[]"), "mask:name"),
        (Column("c", "character varying", limit=20), "mask:email"),
        (Column("c", "date", nullable=False), "empty"),
    ],
)
def test_a_type_that_the_rule_does_not_fit_stops_the_copy(column: Column, rule: str) -> None:
    """The archive may contain column types that no model uses."""
    from datetime import UTC, datetime

    with pytest.raises(PolicyError, match=r"t\.c"):
        compile_table("t", [column], {"c": rule}, rules, datetime.now(UTC))
