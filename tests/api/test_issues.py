"""GET /api/v1/issues: open issues of the sellers that the key can access."""

from tests.two_sellers import TwoSellers, key_for


def test_open_issues_of_the_seller_are_listed(two_sellers: TwoSellers) -> None:
    (issue,) = key_for(two_sellers.north.seller).get("/api/v1/issues").json()["items"]
    assert (issue["seller"], issue["external_id"], issue["message"]) == ("north", "customer:1", "No email at north")


def test_resolved_issues_are_not_listed(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    client.send("PATCH", "/api/v1/sync-log/north-shop/customers", {"resolved": ["customer:1"]})
    assert client.get("/api/v1/issues").json()["items"] == []


def test_filters_narrow_the_list(two_sellers: TwoSellers) -> None:
    client = key_for()
    assert len(client.get("/api/v1/issues").json()["items"]) == 2
    assert len(client.get("/api/v1/issues?integration=south-shop&data_type=customers").json()["items"]) == 1
    assert client.get("/api/v1/issues?severity=warning").json()["items"] == []
    assert client.get("/api/v1/issues?integration=a%00b").status_code == 400
