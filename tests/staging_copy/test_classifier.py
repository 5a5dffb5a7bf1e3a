"""Columns without a rule get a proposal, and kept columns that look personal a warning, without naming any value."""

import base64
import gzip
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from staging_copy import services
from staging_copy.copying.stages import PreflightFailed
from staging_copy.masking.classifier import propose, warn
from staging_copy.report import policy_changes
from tests.staging_copy.conftest import CopyDatabases, Live

ADDRESS = b"jane@doe.example"


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("t.contact_mail", [ADDRESS, b"joe@doe.example"], "mask:email"),
        ("t.x", [b"ask " + ADDRESS + b" about the second delivery", b"nothing", b""], "scrub"),
        ("t.x", [b"+44 20 7946 0000", b"+44 20 7946 0001"], "mask:phone"),
        ("t.x", [b"GB33 BUKB 2020 1555 5555 55"], "mask:iban"),
        ("t.x", [b"198.51.100.7", b"2001:db8:0:1:1:1:1:1"], "mask:ip"),
        ("t.x", [b"id=" + base64.b64encode(b'{"who": "jane@doe.example"}')], "mask:text"),
        ("t.x", [base64.b64encode(gzip.compress(b"from jane@doe.example"))], "mask:text"),
        ("t.shipping_postCode", [], "mask:postcode"),
        ("t.lastName", [b"Doe"], "mask:last_name"),
        ("t.date_of_birth", [b"1970-01-01"], "empty"),
        ("t.gift_message", [b"Happy!"], "mask:text"),
        ("t.quantity", [b"1", b"2"], None),
        ("t.sku", [b"AB12-3456-7890", b"4006381333931"], None),
        ("t.image", [b"https://cdn.example/logo@2x.png?v=0123456789abcdef0123456789abcdef"], None),
    ],
)
def test_proposals_follow_names_and_values(column: str, values: list[bytes], rule: str | None) -> None:
    found = propose(column, values)
    assert (found.rule if found else None) == rule
    assert found is None or "jane" not in str(found)


def test_a_kept_column_is_questioned_and_a_masked_one_is_not() -> None:
    phones = [b"+44 20 7946 0000"]
    assert warn("t.x", "keep", phones) is not None and warn("t.x", "scrub", phones) is not None
    assert warn("t.x", "scrub:contacts", phones) is None and warn("t.x", "mask:text", phones) is None
    assert warn("t.x", "scrub", [ADDRESS]) is None


def test_an_error_proposes_rules_and_a_dry_run_warns(copy_databases: CopyDatabases, live: Live, settings: Any) -> None:
    live.order.source_status = "+44 20 7946 0000"
    live.order.save()
    services.take_backup()
    out = StringIO()
    call_command("copy_to_staging", "--dry-run", stdout=out)
    assert (
        "Kept, but looks personal: orders_order.source_status: `mask:phone` (1 of 1 values contain phone numbers)\n"
        in out.getvalue()
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_customer ADD fax text")
    try:
        services.take_backup()
        with pytest.raises(PreflightFailed, match=r"orders_customer\.fax.*Proposal: .*`mask:phone`"):
            services.start_copy(by=None)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_customer DROP fax")


def test_the_report_tells_what_changed_in_the_policy() -> None:
    def report(**columns: str) -> dict[str, Any]:
        return {"tables": [{"table": "t", "fate": "copy", "rules": columns}]}

    changes = policy_changes(report(a="keep", b="scrub"), report(a="mask:name", c="keep"))
    assert changes == [
        {"name": "t.a", "before": "keep", "after": "mask:name"},
        {"name": "t.b", "before": "scrub", "after": None},
        {"name": "t.c", "before": None, "after": "keep"},
    ]
