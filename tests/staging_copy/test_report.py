"""The report of a copy, as JSON and as a page for printing (N4, L11 to L16)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sandbox.process import SandboxProcess
from staging_copy import report
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.staging_copy.test_checked_copy import platform, shop
from tests.two_sellers import make_person

pytestmark = pytest.mark.system

__all__ = ["platform", "shop"]
CANARY = "Tweety Canary"


@pytest.fixture
def finished_copy(
    copy_databases: CopyDatabases,
    live: Live,
    shop: None,
    platform: SandboxProcess,
    copy: Callable[[], Copy],
    settings: Any,
) -> Copy:
    """A copy whose staging shop lacks two products and the seller, and has a seller unknown to staging."""
    settings.STAGING_COPY_CANARIES = [CANARY]
    live.order.internal_note = f"{CANARY} sends regards."
    live.order.save()
    for kind, ids in (("products", ["3", "5"]), ("sellers", ["1"])):
        platform.control("POST", "delete", json={"kind": kind, "ids": ids})
    finished_copy = copy()
    assert finished_copy.state == Copy.State.DONE, finished_copy.problem
    return finished_copy


@pytest.fixture
def admin_client(finished_copy: Copy, client: Client) -> Client:
    client.force_login(make_person("audrey@hub.example", is_staff=True, is_superuser=True))
    return client


def test_as_json(finished_copy: Copy, admin_client: Client, live: Live) -> None:
    answer = admin_client.get(f"/admin/staging_copy/copy/{finished_copy.pk}/report.json")
    assert answer["Content-Disposition"] == f'attachment; filename="copy-{finished_copy.pk}.json"'
    data = answer.json()
    later = datetime.fromisoformat(data["advice"]["shop_and_oms_backups_from"])
    taken = datetime.fromisoformat(data["backup"]["taken_at"])
    assert timedelta(0) < later - taken < timedelta(days=1)
    assert "Orders are not checked against the OMS" in data["advice"]["orders"]
    assert re.fullmatch("[0-9a-f]{64}", data["backup"]["checksum"])
    leaks = data["leaks"]
    assert leaks["addresses_outside_the_masking_domain"] == leaks["allowed_addresses"] == 0
    assert leaks["canaries"] == {CANARY: {"met_in_backup": 1, "met_on_staging": 0}}
    assert leaks["blocks_scanned"] > 10 and leaks["masked_addresses"] >= 5
    assert leaks["at_signs_of_no_address"] == {"catalog_product.description": 1}  # @media
    tables = {table["table"]: table for table in data["tables"]}
    assert tables["orders_customer"]["rules"]["email"] == "mask:email"
    assert all(
        table["rows_in_backup"] == table["rows_on_staging"] for table in tables.values() if table["fate"] == "copy"
    )
    assert data["highest_ids"]["order"] == live.order.pk and data["highest_ids"]["acme-shop product"] == 30
    check = data["check"]
    [asked] = check["shops"]
    assert asked["kinds"].keys() == {"seller", "product", "brand", "category"}, "no orders"
    assert (asked["kinds"]["product"]["checked"], asked["kinds"]["product"]["missing"]) == (30, 2)
    assert [row["shop_id"] for row in check["deleted_products"]["shown"]] == ["3", "5"]
    assert [row["slug"] for row in check["deleted_sellers"]["shown"]] == ["acme"]
    assert {"shop": "acme-shop", "kind": "seller", "shop_id": "2"} in check["only_in_shop"]["shown"]
    assert check["guard"] == {"harmful": [], "answer": None, "by": ""}


def test_for_printing(finished_copy: Copy, admin_client: Client) -> None:
    page = admin_client.get(f"/admin/staging_copy/copy/{finished_copy.pk}/report/").content.decode()
    text = unescape(" ".join(re.sub(r"<[^>]+>", " ", page[page.index("<article") : page.index("</article>")]).split()))
    data = finished_copy.report
    taken = datetime.fromisoformat(data["backup"]["taken_at"])
    later = datetime.fromisoformat(data["advice"]["shop_and_oms_backups_from"])
    for part in (
        f"Status {Copy.State.DONE.label} Backup of live {data['backup']['name']}, SHA-256 {data['backup']['checksum']}",
        f"Live data as of {taken:%Y-%m-%d %H:%M:%S} UTC",
        f"from backups taken at or shortly after {later:%Y-%m-%d %H:%M} UTC. {data['advice']['orders']}",
        "Acme's shop (Acme) products 30 2 0 0",
        "No approval was required: less than 20% or 10 items of each kind were missing.",
        "Products deleted on staging They don't exist in the staging shop. Total: 2.",
        "Their products are not synced on staging. Total: 1.",
        "slightly later than the backup of live.",
        "Email addresses outside the masking domain 0",
        f"Canary {CANARY} 1 in the backup, 0 on staging",
        "Highest IDs in use",
        "email: mask:email",
        "django_session 0 0 emptied",
    ):
        assert part in text, part


def test_a_long_list_is_truncated_only_on_the_page(db: None) -> None:
    shown = [{"shop": "acme-shop", "kind": "product", "shop_id": str(number)} for number in range(300)]
    [listing] = report.template_context(Copy(report={"check": {"only_in_shop": {"total": 12_345, "shown": shown}}}))[
        "listings"
    ]
    assert (listing.total, len(listing.rows), listing.headings) == (
        12_345,
        report.MAX_ROWS,
        ["Shop", "Type", "ID in shop"],
    )
    assert listing.lines[0] == ["acme-shop", "Product", "0"]


def test_a_copy_without_results_has_an_empty_report(db: None) -> None:
    context = report.template_context(Copy())
    assert context["tables"] == context["listings"] == context["stages"] == [] and context["check"] == {}
