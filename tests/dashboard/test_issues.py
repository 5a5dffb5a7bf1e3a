"""The issues page: filters, Resolve, Retry and the CSV file (D7)."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from common.csv_export import safe_cell
from dashboard.export import ISSUE_HEADER
from hub.kinds import Kind
from hub.models import Change
from synclog.models import Issue
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]


def titles(client: Client, query: str = "") -> list[str]:
    return [issue.title for issue, _ in client.get(f"/s/acorn/issues/{query}").context["rows"]]


def test_an_issue_shows_problem_fix_and_link(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/issues/").content.decode()
    assert "A variant has no SKU" in page and "Add a SKU in the shop" in page
    assert f"/s/acorn/products/{acorn.products[2].pk}/" in page
    assert 'href="https://shop.example/manage/products/3/edit"' in page and "Fix in BigCommerce" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Enamel coffee pot", "Linen napkins, set of four"]),
        ("?severity=warning", ["Linen napkins, set of four"]),
        ("?text=sku", ["Enamel coffee pot"]),
        ("?text=linen", ["Linen napkins, set of four"]),
        ("?data_type=orders", []),
        ("?connection=acorn-bigcommerce", ["Enamel coffee pot", "Linen napkins, set of four"]),
        ("?shown=resolved", ["Brass desk lamp"]),
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
    assert "javascript:" not in logged_in(acorn.owner).get("/s/acorn/issues/").content.decode()


def test_an_issue_is_resolved(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    here = "/s/acorn/issues/?severity=error"
    response = client.post(f"/s/acorn/issues/{acorn.issues[0].pk}/resolve/", {"next": here})
    assert response.headers["Location"] == here
    assert titles(client) == ["Linen napkins, set of four"]
    resolved = Issue.objects.get(pk=acorn.issues[0].pk)
    assert resolved.resolved_at is not None and resolved.resolved_by == acorn.owner


def test_the_redirect_stays_on_this_site(acorn: Merchant, logged_in: LogIn) -> None:
    address = f"/s/acorn/issues/{acorn.issues[0].pk}/resolve/"
    response = logged_in(acorn.owner).post(address, {"next": "https://evil.example/"})
    assert response.headers["Location"] == "/s/acorn/issues/"


def test_selected_issues_are_resolved_together(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    chosen = [issue.pk for issue in acorn.issues[:2]]
    response = client.post("/s/acorn/issues/resolve/", {"issue": [*chosen, "x", "9" * 30]}, follow=True)
    assert "2 issues resolved." in response.content.decode()
    assert titles(client) == []


def test_resolving_needs_a_selection(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).post("/s/acorn/issues/resolve/", follow=True).content.decode()
    assert "Select at least one issue." in page


def test_the_item_of_an_issue_is_retried(acorn: Merchant, logged_in: LogIn) -> None:
    """Of a failed export; what failed to import is read again in the next sync."""
    change = Change.objects.get()
    Change.objects.filter(pk=change.pk).update(item_id=acorn.products[2].pk)
    Issue.objects.filter(pk=acorn.issues[0].pk).update(job=change.job)
    client = logged_in(acorn.owner)
    page = client.post(f"/s/acorn/issues/{acorn.issues[0].pk}/retry/", follow=True).content.decode()
    assert "Retrying now." in page
    change.refresh_from_db()
    assert (change.kind, change.state) == (Kind.PRODUCT, Change.State.READY)
    again = client.post(f"/s/acorn/issues/{acorn.issues[1].pk}/retry/", follow=True).content.decode()
    assert "retried in the next sync" in again


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
    response = logged_in(acorn.owner).get("/s/acorn/issues/download/?severity=error")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = response.getvalue().decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ISSUE_HEADER
    (row,) = rows
    assert row[1] == '\'=HYPERLINK("http://evil.example","click")'
    assert row[3] == "A variant has no SKU (Size L)."
    assert row[9].endswith(("+01:00", "+02:00")), "time in the seller's zone"
