"""The inbox: causes, filters, what people do about issues, and the CSV file (D7, I1, I2)."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from common.csv_export import safe_cell
from connectors.models import WebhookEvent
from connectors.webhooks.requested import requested_item
from dashboard.export import ISSUE_HEADER
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Link
from synclog.causes import cause_of
from synclog.models import Issue
from synclog.services import IssueDraft, log_for, upsert_issues
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]


def titles(client: Client, query: str = "") -> list[str]:
    """Titles of causes, or of the items of one cause."""
    rows = client.get(f"/s/acorn/issues/{query}").context["rows"]
    return [row[0].title for row in rows]


def act(client: Client, action: str, **scope: object) -> str:
    """The page after an action."""
    return client.post("/s/acorn/issues/act/", {"action": action, **scope}, follow=True).content.decode()


def of_target(merchant: Merchant, *products: int, **fields: Any) -> list[Issue]:
    """Issues of the export to the search engine about some of the products, by position."""
    job = merchant.job(Direction.EXPORT, DataType.PRODUCTS)
    about = {"code": "sku_missing", "message": "1 variant has no SKU: L.", "fix": "Add a SKU."} | fields
    drafts = [
        IssueDraft(f"product:{one.pk}", kind=Kind.PRODUCT, item_id=one.pk, title=one.title, **about)
        for one in (merchant.products[position] for position in products)
    ]
    upsert_issues(log=log_for(job=job, seller_id=merchant.seller.pk), job=job, drafts=drafts, now=timezone.now())
    return list(Issue.objects.filter(job=job).order_by("pk"))


def test_issues_with_one_cause_are_one_row(acorn: Merchant, logged_in: LogIn) -> None:
    """The same problem of an item at its source and at a target counts once (I1)."""
    of_target(acorn, 1, 2)
    client = logged_in(acorn.owner)
    response = client.get("/s/acorn/issues/")
    ((cause, places),) = response.context["rows"]
    assert (cause.title, cause.items, cause.issues, cause.new_items) == ("SKU missing", 2, 3, 2)
    Issue.objects.filter(job__direction="export", title="Wool blanket, grey").update(
        opened_at=timezone.now() - timedelta(days=2, hours=1)
    )
    ((earlier, _places),) = client.get("/s/acorn/issues/").context["rows"]
    assert earlier.new_by_day == [0, 0, 0, 0, 1, 0, 1]
    assert places == ["BigCommerce shop", "Elevate search"] and "2 products" in response.content.decode()
    assert sorted(titles(client, "?cause=sku_missing")) == ["Enamel coffee pot", "Wool blanket, grey"]


@pytest.mark.parametrize(
    ("words", "others", "same"),
    [
        ("Price list 17 is unknown", "Price list 18 is unknown", True),
        ("“Chair” is too long", "“Desk” is too long", True),
        ("SKU A-1 is taken", "Weight A-1 is taken", False),
        ("The item doesn't exist and can't be changed", "The item doesn't have a price and can't be changed", False),
    ],
)
def test_what_a_platform_rejects_is_grouped_by_its_words(words: str, others: str, same: bool) -> None:
    first, second = (
        cause_of(code="rejected", message=f"Elevate rejected the item: {text}") for text in (words, others)
    )
    assert (first == second) == same and first.startswith("rejected:")
    assert cause_of(code="sku_missing", message=words) == cause_of(code="sku_missing", message=others) == "sku_missing"


def test_the_page_of_a_cause_shows_problem_fix_and_link(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/issues/?cause=sku_missing").content.decode()
    assert "A variant has no SKU" in page and "Add a SKU in the shop" in page
    assert f"/s/acorn/products/{acorn.products[2].pk}/" in page
    assert 'href="https://shop.example/manage/products/3/edit"' in page and "Fix in BigCommerce" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["SKU missing"]),
        ("?view=warnings", ["Weight missing"]),
        ("?view=open", ["SKU missing", "Weight missing"]),
        ("?text=sku", ["SKU missing"]),
        ("?view=warnings&text=linen", ["Weight missing"]),
        ("?data_type=orders", []),
        ("?connection=acorn-bigcommerce", ["SKU missing"]),
        ("?view=resolved", ["Brass desk lamp"]),
        ("?cause=weight_missing", ["Linen napkins, set of four"]),
    ],
)
def test_filters(acorn: Merchant, logged_in: LogIn, query: str, expected: list[str]) -> None:
    assert titles(logged_in(acorn.owner), query) == expected


def test_the_issues_of_a_run(acorn: Merchant, logged_in: LogIn) -> None:
    run = acorn.runs["done"]
    assert titles(logged_in(acorn.owner), f"?run={run.pk}") == ["Enamel coffee pot"]


def test_the_issue_of_an_order_is_titled_with_its_number(acorn: Merchant, logged_in: LogIn) -> None:
    Issue.objects.filter(pk=acorn.issues[0].pk).update(kind="order", title="1001")
    assert "Order 1001</" in logged_in(acorn.owner).get("/s/acorn/issues/").content.decode()


def test_an_unsafe_link_is_not_rendered(acorn: Merchant, logged_in: LogIn) -> None:
    """Issues reported over the API can hold any text."""
    Issue.objects.filter(pk=acorn.issues[0].pk).update(link="javascript:alert(document.cookie)")
    assert (
        "javascript:" not in logged_in(acorn.owner).get("/s/acorn/issues/?view=open&cause=sku_missing").content.decode()
    )


def test_an_issue_is_resolved(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    here = "/s/acorn/issues/?text=coffee"
    response = client.post("/s/acorn/issues/act/", {"action": "resolve", "issue": acorn.issues[0].pk, "next": here})
    assert response.headers["Location"] == here
    assert titles(client, "?view=open") == ["Weight missing"]
    resolved = Issue.objects.get(pk=acorn.issues[0].pk)
    assert resolved.resolved_at is not None and resolved.resolved_by == acorn.owner


def test_the_redirect_stays_on_this_site(acorn: Merchant, logged_in: LogIn) -> None:
    sent = {"action": "resolve", "issue": acorn.issues[0].pk, "next": "https://evil.example/"}
    response = logged_in(acorn.owner).post("/s/acorn/issues/act/", sent)
    assert response.headers["Location"] == "/s/acorn/issues/"


@pytest.mark.parametrize(
    "scope", [{"issue": [0]}, {"cause_key": ["sku_missing"]}, {"everything": "1", "text": "sku", "view": "blocking"}]
)
def test_one_action_for_an_item_a_cause_or_all_that_match(
    acorn: Merchant, logged_in: LogIn, scope: dict[str, Any]
) -> None:
    """An item's issues at its source and at a target are one."""
    of_target(acorn, 2)
    if "issue" in scope:
        scope = {"issue": [acorn.issues[0].pk, "x", "9" * 30]}
    assert "2 issues resolved." in act(logged_in(acorn.owner), "resolve", **scope)
    assert titles(logged_in(acorn.owner), "?view=open") == ["Weight missing"]


@pytest.mark.parametrize(("action", "scope"), [("resolve", {}), ("shout", {"issue": 1}), ("assign:x", {"issue": 1})])
def test_an_action_needs_a_selection_and_a_meaning(
    acorn: Merchant, logged_in: LogIn, action: str, scope: dict[str, Any]
) -> None:
    page = act(logged_in(acorn.owner), action, **scope)
    assert 'class="notice notice-error"' in page and not AuditEvent.objects.exists()


def test_a_muted_cause_stays_away_also_with_new_issues(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    act(client, "mute", cause_key="sku_missing")
    of_target(acorn, 1)
    assert (titles(client), titles(client, "?view=snoozed")) == ([], ["SKU missing"])
    assert client.get("/s/acorn/").context["overview"].blocked == {}
    act(client, "show", cause_key="sku_missing")
    assert (titles(client), titles(client, "?view=snoozed")) == (["SKU missing"], [])


def test_a_snoozed_issue_comes_back_by_itself(acorn: Merchant, logged_in: LogIn) -> None:
    client, issue = logged_in(acorn.owner), acorn.issues[0]
    act(client, "snooze:7", issue=issue.pk)
    assert titles(client) == []
    Issue.objects.filter(pk=issue.pk).update(snoozed_until=timezone.now())
    assert titles(client) == ["SKU missing"]


def test_a_cause_and_an_issue_are_assigned(acorn: Merchant, birch: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    for stranger in (birch.owner.pk, "9" * 5000):
        assert "not a member" in act(client, f"assign:{stranger}", cause_key="sku_missing")
    act(client, f"assign:{acorn.viewer.pk}", cause_key="sku_missing")
    act(client, f"assign:{acorn.viewer.pk}", issue=acorn.issues[1].pk)
    mine = f"?view=open&assigned={acorn.viewer.pk}"
    assert titles(client, mine) == ["SKU missing", "Weight missing"]
    assert "assigned to Victor" in client.get("/s/acorn/issues/").content.decode()
    act(client, "assign", cause_key="sku_missing")
    assert titles(client, mine) == ["Weight missing"]


def test_the_items_of_an_export_are_sent_again(acorn: Merchant, logged_in: LogIn) -> None:
    """What failed to import is checked again instead."""
    change = Change.objects.get()
    Change.objects.filter(pk=change.pk).update(item_id=acorn.products[2].pk)
    of_target(acorn, 1, 2)
    client = logged_in(acorn.owner)
    assert "Sending 2 items again." in act(client, "send", cause_key="sku_missing")
    assert set(Change.objects.values_list("item_id", "state")) == {
        (product.pk, Change.State.READY) for product in acorn.products[1:3]
    }
    assert "Select Check again." in act(client, "send", cause_key="weight_missing")


def test_checking_again_asks_the_source_for_the_items(acorn: Merchant, logged_in: LogIn) -> None:
    """Of items that were never imported by the ID in the issue, of others by their link (I2)."""
    Issue.objects.filter(pk=acorn.issues[0].pk).update(external_id="product:99", item_id=None)
    of_target(acorn, 0)
    Link.objects.filter(external_id="111").update(received_hash=b"received")
    page = act(logged_in(acorn.owner), "check", cause_key="sku_missing")
    assert "Checking 2 items again." in page
    events = WebhookEvent.objects.filter(connection=acorn.shop, state="pending", data_type="products")
    assert [requested_item(event.payload, "products")[0].external_id for event in events.order_by("pk")] == [
        "111",
        "99",
    ]
    assert AuditEvent.objects.get(action="issue.check").target == "2 items"
    act(logged_in(acorn.owner), "check", cause_key="sku_missing")
    assert events.count() == 2
    Issue.objects.filter(pk=acorn.issues[0].pk).update(external_id="variant:671", item_id=None)
    page = act(logged_in(acorn.owner), "check", issue=acorn.issues[0].pk)
    assert "need a full sync" in page and events.count() == 2, "the source cannot fetch a variant without a product"


def test_the_list_is_sent_again_only_if_it_has_changed(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    seen = client.get("/s/acorn/issues/").context["digest"]
    assert client.get("/s/acorn/issues/live/", {"seen": seen}).status_code == 204
    of_target(acorn, 1)
    assert "2 products" in client.get("/s/acorn/issues/live/", {"seen": seen}).content.decode()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1", '"=1', "\tx"])
def test_spreadsheet_formulas_are_escaped(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a\t@x", "a\t'@x"),
        ("a\n-2\n+3", "a\n'-2\n'+3"),
        ("a| =1", "a|' =1"),
        ('a";"=1', 'a";\'"=1'),
        ("\t=1", "'\t'=1"),
    ],
)
def test_formulas_after_any_separator_are_escaped(cell: str, expected: str) -> None:
    """A spreadsheet may split the file at another separator than ours (case: `a;=1+1;b` in Europe)."""
    assert safe_cell(cell) == expected


@pytest.mark.parametrize("cell", ["Oak table", "variant:5", "3.50", 7, "a=b", ""])
def test_other_cells_are_unchanged(cell: object) -> None:
    assert safe_cell(cell) == str(cell)


def test_the_csv_file_holds_the_filtered_issues(acorn: Merchant, logged_in: LogIn) -> None:
    Issue.objects.filter(pk=acorn.issues[0].pk).update(title='=HYPERLINK("http://evil.example","click")')
    response = logged_in(acorn.owner).get("/s/acorn/issues/download/")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = response.getvalue().decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ISSUE_HEADER
    (row,) = rows
    assert row[1] == '\'=HYPERLINK("http://evil.example","click")'
    assert row[3] == "A variant has no SKU (Size L)."
    assert row[9].endswith(("+01:00", "+02:00")), "time in the seller's zone"


def test_filters_stay_in_the_menu_until_they_are_cleared(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    kept = 'href="/s/acorn/issues/?data_type=customers"'
    client.get("/s/acorn/issues/?data_type=customers&text=")
    # A link to a cause or to a view is not the form: it keeps what was chosen.
    assert titles(client, "?view=blocking") == ["SKU missing"]
    assert kept in client.get("/s/acorn/products/").content.decode()
    client.get("/s/acorn/issues/?data_type=customers&text=ann@oak.example")
    assert kept in client.get("/s/acorn/products/").content.decode()
    client.get("/s/acorn/issues/?clear=1")
    assert kept not in client.get("/s/acorn/products/").content.decode()


def test_filters_are_saved_under_a_name_for_one_person(acorn: Merchant, birch: Merchant, logged_in: LogIn) -> None:
    viewer, owner = logged_in(acorn.viewer), logged_in(acorn.owner)
    url = "/s/acorn/issues/views/save/"
    assert "enter a name" in viewer.post(url, {"name": "", "data_type": "products"}, follow=True).content.decode()
    personal = viewer.post(url, {"name": "Ann", "text": "ann@oak.example"}, follow=True).content.decode()
    assert "Filters with an email address cannot be saved" in personal
    viewer.post(url, {"name": "Oak", "data_type": "products", "text": "Oak"})
    viewer.post(url, {"name": "Oak", "data_type": "products", "text": "Beech", "page": "x"})
    (view,) = viewer.get("/s/acorn/issues/").context["saved_views"]
    assert view.filters == {"data_type": "products", "text": "Beech"}
    assert view.query == "data_type=products&text=Beech"
    assert owner.get("/s/acorn/issues/").context["saved_views"] == []
    assert owner.post(f"/s/acorn/issues/views/{view.pk}/delete/").status_code == 404
    viewer.post(f"/s/acorn/issues/views/{view.pk}/delete/")
    assert viewer.get("/s/acorn/issues/").context["saved_views"] == []
