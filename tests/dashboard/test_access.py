"""Access control: nobody sees or changes data of another seller, and viewers change nothing.

The tests walk all URLs of the dashboard, so that no new page is left out.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.members import invite
from accounts.models import ApiKey, AuditEvent, Invitation, Membership, User
from accounts.services import create_api_key
from dashboard.urls import seller_urls
from hub.kinds import DataType, Direction
from hub.models import LinkPayload, Run
from synclog.models import Issue, RejectedItem, SavedView
from synclog.rejected_items import Rejected, keep
from tests.dashboard.merchants import Merchant, make_comparison, person, webhook_event

CHANGES = {
    *("sync", "pause_job", "resume_job", "retry_held", "act_on_issues"),
    *("cancel_run", "answer_run", "create_key", "revoke_key", "replay_webhook", "replay_webhooks"),
    *("webhook_secret", "preview_job", "compare_job", "repair_items", "start_previewed_sync", "accept_difference"),
    *("test_connection", "connect_test", "connect_begin", "connect_sample", "save_mapping", "change_transformation"),
    "test_connection",
    *("invite", "resend_invitation", "withdraw_invitation", "change_role", "remove_member", "transfer_ownership"),
    *("leave_team", "ask_for_access", "erase_customer", "save_view", "delete_view", "install", "authorize"),
}
# Actions that viewers can take, because they concern only themselves.
OWN_ACTIONS = {"create_key", "revoke_key", "leave_team", "ask_for_access", "save_view", "delete_view"}
# Pages that viewers cannot see.
NOT_FOR_VIEWERS = {
    "payload",
    "export_customer",
    "connect",
    "connect_form",
    "connect_setup",
    "mapping",
    "transformation",
}
NAMES = [pattern.name for pattern in seller_urls]


def objects_of(merchant: Merchant) -> dict[str, Any]:
    """A value for every URL parameter, all of one seller."""
    return {
        "connection": merchant.shop.slug,
        "platform": "bigcommerce",
        "item": _rejected_item(merchant).pk,
        "data_type": "products",
        "job": merchant.job(Direction.IMPORT, DataType.PRODUCTS).pk,
        "issue": _issue_of_unimported(merchant).pk,
        "run": merchant.runs["done"].pk,
        "check": make_comparison(merchant).pk,
        "product": merchant.products[0].pk,
        "customer": merchant.customer.pk,
        "order": merchant.order.pk,
        "link": LinkPayload.objects.get(link__connection=merchant.shop).pk,
        "event": webhook_event(merchant.shop).pk,
        "saved_view": SavedView.objects.create(user=merchant.owner, seller=merchant.seller, name="Mine").pk,
        "member": Membership.objects.get(user=merchant.viewer).pk,
        "invitation": invite(seller=merchant.seller, email="new@x.example", role="member", days=7, by=merchant.owner)[
            0
        ].pk,
        "key": create_api_key(name="k", scopes=["sync:read"], seller=merchant.seller, user=merchant.owner)[0].pk,
    }


def _rejected_item(merchant: Merchant) -> RejectedItem:
    job = merchant.job(Direction.IMPORT, DataType.PRODUCTS)
    item = Rejected(kind="product", external_id="978", title="", payload={"sku": "KETTLE"})
    keep(job=job, seller_id=merchant.seller.pk, items=[item], now=timezone.now())
    return RejectedItem.objects.get(seller=merchant.seller)


def _issue_of_unimported(merchant: Merchant) -> Issue:
    """Of an imported item the URL leads to the item's page."""
    log = merchant.issues[0].sync_log
    return Issue.objects.create(sync_log=log, seller=log.seller, external_id="product:977", message="?")


def addresses(seller: str, objects: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(name, URL, whether the URL names an object) of every page of a seller."""
    found = []
    for pattern in seller_urls:
        names = pattern.pattern.converters
        kwargs = {name: objects[name] for name in names}
        found.append(
            (
                str(pattern.name),
                reverse(f"dashboard:{pattern.name}", kwargs={"seller": seller} | kwargs),
                bool(set(names) - {"platform"}),
            )
        )
    return found


def ask(client: Client, name: str, address: str) -> int:
    return (client.post(address) if name in CHANGES else client.get(address)).status_code


def everything() -> list[object]:
    """What a forbidden request must not change."""
    return [
        list(Run.objects.order_by("pk").values_list("pk", "state")),
        list(Issue.objects.order_by("pk").values_list("pk", "resolved_at")),
        list(ApiKey.objects.order_by("pk").values_list("pk", "revoked_at")),
        list(Membership.objects.order_by("pk").values_list("pk", "role")),
        list(Invitation.objects.order_by("pk").values_list("pk", "token_hash", "withdrawn_at")),
        AuditEvent.objects.count(),
    ]


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("charlie@nowhere.example")


def test_anonymous_users_are_redirected_to_login(acorn: Merchant, client: Client) -> None:
    for name, address, _ in addresses("acorn", objects_of(acorn)):
        assert ask(client, name, address) == 302, name


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("http://testserver/s/acorn/issues/?view=warnings", "/s/acorn/issues/?view=warnings"),
        ("https://elsewhere.example/s/acorn/issues/", "/s/acorn/"),
        ("", "/s/acorn/"),
    ],
)
def test_after_an_action_without_session_the_login_leads_to_a_page(
    acorn: Merchant, client: Client, referer: str, leads_to: str
) -> None:
    """The URL of an action has no page: 405."""
    sent = client.post("/s/acorn/issues/act/", headers={"Referer": referer})
    assert sent.headers["Location"] == f"/login/?{urlencode({'next': leads_to}, safe='/')}"


def test_non_members_get_404(acorn: Merchant, stranger: User, logged_in: Callable[[User], Client]) -> None:
    objects = objects_of(acorn)
    before = everything()
    for name, address, _ in addresses("acorn", objects):
        assert ask(logged_in(stranger), name, address) == 404, name
    assert everything() == before


def test_members_of_another_seller_get_404(
    acorn: Merchant, birch: Merchant, logged_in: Callable[[User], Client]
) -> None:
    objects = objects_of(acorn)
    bob = logged_in(birch.owner)
    before = everything()
    for name, address, _ in addresses("acorn", objects):
        assert ask(bob, name, address) == 404, name
    # Nor under the URL of their own seller.
    for name, address, names_an_object in addresses("birch", objects):
        if names_an_object:
            assert ask(bob, name, address) == 404, name
    bob.post("/s/birch/issues/act/", {"action": "resolve", "issue": [issue.pk for issue in acorn.issues]})
    assert bob.get(f"/s/birch/issues/?run={acorn.runs['done'].pk}").status_code == 404
    assert everything() == before


def test_viewers_can_see_everything_and_change_nothing(acorn: Merchant, logged_in: Callable[[User], Client]) -> None:
    objects = objects_of(acorn)
    victor = logged_in(acorn.viewer)
    before = everything()
    for name, address, _ in addresses("acorn", objects):
        if name in OWN_ACTIONS:
            continue
        expected = 403 if name in CHANGES | NOT_FOR_VIEWERS else 200
        assert ask(victor, name, address) == expected, name
    assert everything() == before


def test_owners_reach_every_page(acorn: Merchant, logged_in: Callable[[User], Client]) -> None:
    alice = logged_in(acorn.owner)
    for name, address, _ in addresses("acorn", objects_of(acorn)):
        if name not in CHANGES:
            assert alice.get(address).status_code == 200, name


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_get_changes_nothing(acorn: Merchant, logged_in: Callable[[User], Client], name: str) -> None:
    address = {one: address for one, address, _ in addresses("acorn", objects_of(acorn))}[name]
    assert logged_in(acorn.owner).get(address).status_code == 405


def test_forms_need_a_csrf_token(acorn: Merchant) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(acorn.owner)
    response = client.post("/s/acorn/issues/act/", {"action": "resolve", "issue": acorn.issues[0].pk})
    assert response.status_code == 403
    assert "expired" in response.content.decode()


def test_keys_of_colleagues_cannot_be_revoked(acorn: Merchant, logged_in: Callable[[User], Client]) -> None:
    colleague = person("bo@acorn.example", acorn.seller, Membership.Role.OWNER)
    key, _ = create_api_key(name="theirs", scopes=["sync:read"], seller=acorn.seller, user=colleague)
    assert logged_in(acorn.owner).post(f"/s/acorn/settings/keys/{key.pk}/revoke/").status_code == 404


def test_lists_show_only_own_data(acorn: Merchant, birch: Merchant, logged_in: Callable[[User], Client]) -> None:
    """Both sellers have the same products, so only IDs can tell the pages apart."""
    pages = {name: logged_in(birch.owner).get(f"/s/birch/{name}/").content.decode() for name in ("products", "orders")}
    assert f"/products/{birch.products[0].pk}/" in pages["products"]
    assert all(f"/products/{product.pk}/" not in pages["products"] for product in acorn.products)
    assert f"/orders/{acorn.order.pk}/" not in pages["orders"]


def test_a_poll_after_the_session_ended_reloads_the_page(acorn: Merchant, client: Client) -> None:
    """Instead of showing the login page inside another page."""
    response = client.get("/s/acorn/live/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_the_last_chosen_seller_is_remembered(acorn: Merchant, birch: Merchant, client: Client) -> None:
    Membership.objects.create(user=acorn.owner, seller=birch.seller)
    client.force_login(acorn.owner)
    client.get("/s/birch/")
    assert client.get("/").headers["Location"] == "/s/birch/"
    Membership.objects.filter(user=acorn.owner, seller=birch.seller).delete()
    assert client.get("/").headers["Location"] == "/s/acorn/"


def test_a_user_without_a_seller_gets_a_message(stranger: User, logged_in: Callable[[User], Client]) -> None:
    assert "have access to any seller yet" in logged_in(stranger).get("/").content.decode()
