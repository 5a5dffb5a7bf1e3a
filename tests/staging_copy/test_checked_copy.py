"""After a copy, a separate process checks staging against its own shop; a person can answer and roll back."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.models import Link
from sandbox.process import SandboxProcess
from staging_copy import requested_actions, services
from staging_copy.models import Copy
from staging_copy.services import copies
from staging_copy.tasks import run_due_copies
from tests.factories import make_products, make_user
from tests.staging_copy.conftest import CopyDatabases, Live

CREDENTIALS = {"service_name": "Staging", "api_key": "key"}

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("check_of_its_own")]


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_shop", accounts={"Staging": "key"}, products=30, dirty=False)


@pytest.fixture
def shop(copy_databases: CopyDatabases, live: Live, platform: SandboxProcess) -> None:
    """Live has 30 products in a shop, and staging has its own shop with the same products."""
    live.shop.platform, live.shop.settings = "seller_center_shop", {"seller": "1"}
    live.shop.credentials = CREDENTIALS
    live.shop.base_url = platform.url
    live.shop.save()
    products = make_products(live.seller, 30)
    Link.objects.bulk_create(
        Link(connection=live.shop, kind="product", external_id=str(number), item_id=product.pk)
        for number, product in enumerate(products, 1)
    )
    # Staging's own connection; live's endpoint is changed below.
    copy_databases.execute(
        "INSERT INTO accounts_seller SELECT * FROM jsonb_populate_record(NULL::accounts_seller, %s)",
        row(copy_databases, "accounts_seller"),
    )
    copy_databases.execute(
        "INSERT INTO hub_connection SELECT * FROM jsonb_populate_record(NULL::hub_connection, %s)",
        row(copy_databases, "hub_connection"),
    )
    live.shop.base_url = "https://shop.live.example"
    live.shop.save()


def row(copy_databases: CopyDatabases, table: str) -> str:
    [(found,)] = copy_databases.query(f"SELECT to_jsonb(t)::text FROM {table} AS t", on=copy_databases.live)  # noqa: S608
    return str(found)


def deleted(copy_databases: CopyDatabases) -> list[str]:
    found = copy_databases.query(
        "SELECT external_id FROM hub_link JOIN catalog_product AS p ON p.id = item_id"
        " WHERE kind = 'product' AND p.status = 'deleted' ORDER BY external_id::int"
    )
    return [external_id for (external_id,) in found]


def delete_at_shop(platform: SandboxProcess, *ids: int) -> None:
    platform.control("POST", "delete", json={"kind": "products", "ids": [str(number) for number in ids]})


def frozen(copy_databases: CopyDatabases) -> bool:
    return bool(copy_databases.query("SELECT FROM hub_platformswitch"))


def test_products_missing_in_the_staging_shop_are_deleted_on_staging_only(
    copy_databases: CopyDatabases, live: Live, shop: None, platform: SandboxProcess, copy: Callable[[], Copy]
) -> None:
    delete_at_shop(platform, 3, 5)
    created = copy()
    assert created.state == Copy.State.DONE, created.problem
    assert deleted(copy_databases) == ["3", "5"]
    assert copy_databases.query("SELECT FROM catalog_product WHERE status = 'deleted'", on=copy_databases.live) == []
    assert not frozen(copy_databases)
    assert [row["shop_id"] for row in created.report["check"]["deleted_products"]["shown"]] == ["3", "5"]


def test_answer_rollback_and_undo_of_the_rollback(
    copy_databases: CopyDatabases, live: Live, shop: None, platform: SandboxProcess, copy: Callable[[], Copy]
) -> None:
    by = make_user()
    delete_at_shop(platform, *range(1, 21))
    created = copy()
    assert created.state == Copy.State.ASKING and frozen(copy_databases)
    assert created.question == [{"shop": "acme-shop", "kind": "product", "missing": 20, "of": 30}]

    def request_action(requested_action: str) -> str:
        requested_actions.request_action(copy=created, requested_action=requested_action, by=by)
        run_due_copies()
        created.refresh_from_db()
        return str(created.state)

    assert request_action("yes") == Copy.State.DONE, created.problem
    assert len(deleted(copy_databases)) == 20 and not frozen(copy_databases)
    assert created.report["check"]["guard"]["by"] == str(by)
    assert request_action("roll_back") == Copy.State.ROLLED_BACK
    assert copy_databases.query("SELECT count(*) FROM catalog_product") == [(0,)]
    with pytest.raises(ValueError, match="Rolled back"):
        request_action("yes")
    assert request_action("roll_back") == Copy.State.DONE
    assert len(deleted(copy_databases)) == 20


def test_a_shop_that_is_down_leaves_staging_frozen_until_it_is_checked_again(
    copy_databases: CopyDatabases, live: Live, shop: None, platform: SandboxProcess, copy: Callable[[], Copy]
) -> None:
    delete_at_shop(platform, 3)
    platform.control("POST", "faults", json={"fault": "garbage", "times": 100})
    created = copy()
    assert created.state == Copy.State.UNCHECKED
    assert created.problem.startswith("acme-shop could not be checked:")
    assert deleted(copy_databases) == [] and frozen(copy_databases)
    platform.reset()
    delete_at_shop(platform, 3)
    assert services.check_again(copy=created).state == Copy.State.DONE
    assert deleted(copy_databases) == ["3"] and not frozen(copy_databases)


def test_a_killed_check_is_continued(
    copy_databases: CopyDatabases,
    live: Live,
    shop: None,
    platform: SandboxProcess,
    copy: Callable[[], Copy],
    monkeypatch: Any,
) -> None:
    def killed(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    delete_at_shop(platform, 3)
    with monkeypatch.context() as patch:
        patch.setattr("staging_copy.checking.process.run", killed)
        with pytest.raises(KeyboardInterrupt):
            copy()
    assert Copy.objects.get().state == Copy.State.CHECKING
    run_due_copies()
    assert Copy.objects.get().state == Copy.State.DONE
    assert deleted(copy_databases) == ["3"]


def test_a_running_copy_can_be_canceled(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    by = make_user()
    services.take_backup()
    planned = services.start_copy(by=by)
    original = copies.copy_watcher

    def cancel_at_once(copy: Copy, watcher: Any) -> Any:
        Copy.objects.filter(pk=copy.pk).update(requested_action=Copy.Action.CANCEL, action_requested_by=by)
        return original(copy, watcher)

    monkeypatch.setattr(copies, "copy_watcher", cancel_at_once)
    run_due_copies()
    planned.refresh_from_db()
    assert planned.state == Copy.State.CANCELLED and str(by) in planned.problem
    assert copy_databases.names() == {copy_databases.staging.name}
