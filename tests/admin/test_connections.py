"""Connections in the console: the form built from the adapter's schema, secrets that are never shown, and actions."""

from typing import Any

import pytest

from accounts.models import AuditEvent
from hub.models import Connection, Job, Run
from synclog.models import SyncLog
from tests.admin.conftest import Console
from tests.two_sellers import SECRET, TwoSellers

ADD = "/admin/hub/connection/add/?platform=paper"


@pytest.fixture
def shop(two_sellers: TwoSellers) -> Connection:
    return two_sellers.north.shop


def page(connection: Connection, action_name: str = "change") -> str:
    return f"/admin/hub/connection/{connection.pk}/{action_name}/"


def filled(operator: Console, two_sellers: TwoSellers, **changes: Any) -> dict[str, Any]:
    return operator.form_of(ADD) | {
        "name": "Second shop",
        "slug": "second",
        "seller": two_sellers.north.seller.pk,
        "base_url": "http://127.0.0.1:9/",
        "settings__store": "abc",
        "credentials__user": "u",
        "credentials__token": "brand-new-token",
        **changes,
    }


def test_adding_starts_with_choosing_the_platform(operator: Console) -> None:
    text = operator.get("/admin/hub/connection/add/").content.decode()
    assert "Paper Shop" in text and "?platform=paper_front" in text


def test_form_shows_labels_and_help_of_the_adapter(operator: Console) -> None:
    text = operator.get(ADD).content.decode()
    for words in ("Store hash", "Stands in the address of the control panel.", "Access token", "One per line."):
        assert words in text


def test_adding_a_connection_installs_it_and_starts_the_first_sync(operator: Console, two_sellers: TwoSellers) -> None:
    sent = filled(operator, two_sellers, settings__storefronts="de\nfr", field_map__customers__group="tag")
    answer = operator.post(ADD, sent)
    assert answer.status_code == 302, operator.errors_of(answer)
    created = Connection.objects.get(slug="second")
    assert created.settings["storefronts"] == ["de", "fr"] and created.settings["channel"] == 1
    assert created.credentials == {"user": "u", "token": "brand-new-token"}
    assert created.field_map == {"customers": {"group": "tag"}}
    assert created.base_url == "http://127.0.0.1:9"
    assert Job.objects.filter(connection=created).count() == 3
    assert Run.objects.filter(job__connection=created, trigger=Run.Trigger.INSTALL).count() == 3
    assert (
        AuditEvent.objects.get(action="connection.install", target="Second shop").user.email == "operator@hub.example"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("settings__store", ""),
        ("settings__channel", "0"),
        ("settings__channel", "many"),
        ("settings__edition", "huge"),
        ("credentials__token", ""),
        ("field_map__customers__group", "a\0b"),
        ("base_url", "http://169.254.169.254/latest"),
        ("base_url", "ftp://shop.example"),
        ("base_url", "https://user:password@shop.example/"),
        ("slug", "north-shop"),
        ("slug", "not a slug"),
    ],
)
def test_invalid_input_is_rejected_at_its_field(
    operator: Console, two_sellers: TwoSellers, field: str, value: str
) -> None:
    answer = operator.post(ADD, filled(operator, two_sellers, **{field: value}))
    assert answer.status_code == 200
    assert list(operator.errors_of(answer)) == [field]
    assert not Connection.objects.filter(name="Second shop").exists()
    assert "brand-new-token" not in answer.content.decode()


def test_empty_secret_keeps_the_stored_one(operator: Console, shop: Connection) -> None:
    sent = operator.form_of(page(shop))
    assert "credentials__token" not in sent and sent["settings__store"] == "store-north"
    answer = operator.post(page(shop), sent | {"name": "Renamed", "settings__store": "other"})
    assert answer.status_code == 302, operator.errors_of(answer)
    shop.refresh_from_db()
    assert (shop.name, shop.settings["store"]) == ("Renamed", "other")
    assert shop.credentials == {"user": "u", "token": SECRET}
    assert AuditEvent.objects.get(action="connection.change").detail == {"credentials_changed": False}


def test_secret_is_entered_again_when_the_connection_leads_to_another_host(operator: Console, shop: Connection) -> None:
    """Who may change a connection must not learn its secret by sending it to a host of theirs."""
    sent = operator.form_of(page(shop)) | {"base_url": "http://localhost:9"}
    errors = operator.errors_of(operator.post(page(shop), sent))
    assert list(errors) == ["credentials__token"] and "another host" in errors["credentials__token"][0]
    shop.refresh_from_db()
    assert shop.base_url == "http://127.0.0.1:9"
    sent |= {"base_url": "http://127.0.0.1:9/api"}
    assert operator.post(page(shop), sent).status_code == 302
    sent |= {"base_url": "http://localhost:9", "credentials__token": "entered-again"}
    assert operator.post(page(shop), sent).status_code == 302
    shop.refresh_from_db()
    assert (shop.base_url, shop.credentials["token"]) == ("http://localhost:9", "entered-again")


def test_new_secret_replaces_the_stored_one(operator: Console, shop: Connection) -> None:
    operator.post(page(shop), operator.form_of(page(shop)) | {"credentials__token": "rolled"})
    shop.refresh_from_db()
    assert shop.credentials == {"user": "u", "token": "rolled"}
    assert AuditEvent.objects.get(action="connection.change").detail == {"credentials_changed": True}


def test_saving_the_form_keeps_a_concurrent_pause(operator: Console, shop: Connection) -> None:
    sent = operator.form_of(page(shop))
    operator.do(page(shop, "pause"), reason="sale weekend")
    operator.post(page(shop), sent | {"name": "Renamed"})
    shop.refresh_from_db()
    assert shop.name == "Renamed" and shop.paused_at and shop.pause_reason == "sale weekend"


def test_platform_seller_and_slug_are_fixed(operator: Console, shop: Connection, two_sellers: TwoSellers) -> None:
    sent = operator.form_of(page(shop)) | {
        "slug": "x",
        "platform": "paper_front",
        "seller": two_sellers.south.seller.pk,
    }
    operator.post(page(shop), sent)
    shop.refresh_from_db()
    assert (shop.slug, shop.platform, shop.seller) == ("north-shop", "paper", two_sellers.north.seller)


def test_connection_test_shows_the_result(operator: Console, shop: Connection) -> None:
    answer = operator.do(page(shop, "test"))
    assert answer["HX-Redirect"] == page(shop)
    assert "Connection test succeeded: Paper Shop store-north" in operator.get(page(shop)).content.decode()
    operator.post(page(shop), operator.form_of(page(shop)) | {"credentials__token": "wrong"})
    operator.do(page(shop, "test"))
    text = operator.get(page(shop)).content.decode()
    assert "Connection test failed: The shop rejected the token." in text and "wrong" not in text
    shop.refresh_from_db()
    assert shop.state == Connection.State.NEEDS_ATTENTION


def test_connection_test_settles_assumptions_and_changes_no_setting(operator: Console, shop: Connection) -> None:
    """V6."""
    text = operator.get(page(shop)).content.decode()
    assert text.count("Not tested") == 4 and "Suggestion" not in text
    settings = shop.settings
    operator.do(page(shop, "test"))
    results = {each.key: each for each in shop.assumption_results.all()}
    assert {key: each.state for key, each in results.items()} == {
        "ids": "confirmed",
        "edition": "refuted",
        "order": "unknown",
        "removal": "unknown",
    }
    text = operator.get(page(shop)).content.decode()
    for words in (
        *("The shop is a small one.", "1 assumption is wrong for this account.", "All 5 are."),
        *("Suggestion: set Edition to large.", "The shop did not answer.", "the connection test only reads"),
    ):
        assert words in text, words
    operator.do(page(shop, "test"))
    shop.refresh_from_db()
    assert shop.settings == settings and shop.assumption_results.count() == 4
    assert shop.assumption_results.get(key="ids").tested_at > results["ids"].tested_at
    operator.post(page(shop), operator.form_of(page(shop)) | {"name": "Renamed"})
    assert shop.assumption_results.count() == 4, "nothing that was tested has changed"
    operator.post(page(shop), operator.form_of(page(shop)) | {"settings__edition": "large"})
    assert not shop.assumption_results.exists()


def test_pause_resume_and_dry_run(operator: Console, shop: Connection) -> None:
    operator.do(page(shop, "pause"), reason="sale weekend")
    shop.refresh_from_db()
    assert shop.paused_at and not shop.lanes.filter(paused=False).exists()
    operator.do(page(shop, "resume"))
    for expected in (True, False):
        operator.do(page(shop, "switch_read_only"))
        shop.refresh_from_db()
        assert shop.paused_at is None and shop.read_only is expected
    assert AuditEvent.objects.get(action="connection.pause").detail == {"reason": "sale weekend"}


def test_sync_now_starts_the_selected_data_type(operator: Console, shop: Connection) -> None:
    operator.do(page(shop, "sync_now"), data_type="products")
    assert Run.objects.filter(job__connection=shop, job__data_type="products", trigger="button").count() == 1
    operator.do(page(shop, "sync_now"), data_type="orders")
    assert "has no enabled job" in operator.get(page(shop)).content.decode()


def test_uninstalled_connection_can_still_be_viewed(operator: Console, shop: Connection) -> None:
    operator.do(page(shop, "uninstall"))
    shop.refresh_from_db()
    assert shop.state == Connection.State.UNINSTALLED and shop.credentials is None
    assert not SyncLog.objects.filter(connection=shop).exists()
    text = operator.get(page(shop)).content.decode()
    assert "uninstalled" in text.lower() and 'name="_save"' not in text


@pytest.mark.parametrize("action_name", ["test", "sync_now", "pause", "resume", "switch_read_only", "uninstall"])
def test_get_request_runs_no_action(operator: Console, shop: Connection, action_name: str) -> None:
    before = Connection.objects.values().get(pk=shop.pk)
    events = AuditEvent.objects.count()
    assert b"<form" in operator.dialog(page(shop, action_name))
    assert Connection.objects.values().get(pk=shop.pk) == before
    assert AuditEvent.objects.count() == events


def test_action_requires_a_csrf_token(operator: Console, shop: Connection) -> None:
    strict = Console(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert strict.do(page(shop, "uninstall")).status_code == 403
    shop.refresh_from_db()
    assert shop.state == Connection.State.ACTIVE


def test_page_shows_deprecation_warnings(operator: Console, shop: Connection) -> None:
    """F16: for example, an API version that will be shut down."""
    warning = "The small edition ends soon: choose the large one."
    known = shop.settings
    assert warning in operator.get(page(shop)).content.decode()
    for settings in (known | {"edition": "large"}, {"unreadable": True}):
        Connection.objects.filter(pk=shop.pk).update(settings=settings)
        assert warning not in operator.get(page(shop)).content.decode()
