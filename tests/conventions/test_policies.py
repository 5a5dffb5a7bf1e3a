"""Every table and column of the database has a staging copy rule, and every table a retention."""

import pytest
from django.db import connection

from staging_copy.checks import every_column_has_a_rule
from staging_copy.masking.policy import Rows, verb
from staging_copy.policies import load

PERSONAL = {
    "accounts_user": ("password", "email", "name"),
    "accounts_seller": (
        "contact_name",
        "contact_email",
        "phone",
        "street",
        "city",
        "postcode",
        "tax_id",
        "bank_account",
    ),
    "orders_customer": ("email", "first_name", "last_name", "company_name", "phone", "tax_id", "note"),
    "orders_address": ("first_name", "last_name", "company", "street", "city", "postcode", "phone", "email"),
    "orders_order": ("customer_note", "internal_note", "ip_address"),
}
OWN_ENDPOINTS = ("base_url", "settings", "credentials", "webhook_token", "webhook_secret")


def columns() -> dict[str, set[str]]:
    """Table → columns in PostgreSQL, with partitions merged into their parent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
              AND attnum > 0 AND NOT attisdropped
            """
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


def test_the_policies_match_the_models() -> None:
    assert [str(message) for message in every_column_has_a_rule()] == []


@pytest.mark.django_db
def test_every_column_of_the_database_has_a_rule() -> None:
    policy = load()
    for table, names in columns().items():
        assert table in policy.tables, table
        if policy.tables[table].rows is Rows.COPY:
            assert names == set(policy.tables[table].columns), table


@pytest.mark.django_db
def test_every_table_of_the_database_has_a_retention() -> None:
    assert columns().keys() - load().retention.keys() == set()


def test_personal_data_is_masked() -> None:
    tables = load().tables
    for table, names in PERSONAL.items():
        for name in names:
            assert verb(tables[table].columns[name]) == "mask", (table, name)


def test_endpoints_and_credentials_of_live_stay_on_live() -> None:
    rules = load().tables["hub_connection"].columns
    for name in OWN_ENDPOINTS:
        assert verb(rules[name]) == "preserve", name


def test_logs_and_queues_of_live_stay_on_live() -> None:
    tables = load().tables
    for table in ("hub_change", "hub_linkpayload", "hub_runlogline", "synclog_issue", "synclog_itemevent"):
        assert tables[table].rows is Rows.EMPTY, table
