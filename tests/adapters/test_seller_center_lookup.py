"""The shop's answers about IDs are only accepted if they are unambiguous (L11, L12, L15): a failed lookup proves
nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError, ListingRepeats, NeedsAttention, TryAgainLater
from connectors.sdk.listing_protocol import ListingClient
from sandbox.process import SandboxProcess
from tests.adapters.reading import all_ids
from tests.adapters.seller_center import open_account

ACCOUNTS = {"Live": "live-key", "Staging": "staging-key"}


@pytest.fixture
def process(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """A live shop and its staging copy, which initially have the same 30 products."""
    return sandbox("seller_center_shop", accounts=ACCOUNTS, products=30, dirty=False)


@pytest.fixture
def shop(process: SandboxProcess) -> Iterator[Adapter]:
    adapter = open_account(process, "Live")
    yield adapter
    adapter.http.close()


def first_ids(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def test_ids_are_looked_up_a_thousand_per_call(shop: Adapter) -> None:
    assert shop.listing("product").lookup([*first_ids(1200), *first_ids(3), "98765", "no such id"]) == set(
        first_ids(30)
    )
    assert shop.http.calls == 2
    assert shop.listing("product").lookup(iter(())) == set() and shop.http.calls == 2


def test_products_deleted_on_staging_are_missing_only_there(process: SandboxProcess, shop: Adapter) -> None:
    process.control("POST", "delete", json={"account": "Staging", "kind": "products", "ids": ["3", "5"]})
    process.control("POST", "delete", json={"account": "Staging", "kind": "sellers", "ids": ["2"]})
    staging = open_account(process, "Staging")
    assert staging.listing("product").lookup(first_ids(6)) == {"1", "2", "4", "6"}
    assert staging.listing("seller").lookup(first_ids(4)) == {"1", "3"}
    assert shop.listing("product").lookup(first_ids(6)) == set(first_ids(6)) and shop.listing("seller").lookup(
        first_ids(4)
    ) == set(first_ids(3))
    staging.http.close()


def test_all_ids_are_listed(process: SandboxProcess, shop: Adapter) -> None:
    process.control("POST", "delete", json={"kind": "products", "ids": ["7"]})
    assert set(all_ids(shop, "product")) == set(first_ids(30)) - {"7"}
    assert set(all_ids(shop, "seller")) == set(first_ids(3))
    assert set(all_ids(shop, "brand")) == {row["id"] for row in process.state("brands")}
    assert set(all_ids(shop, "category")) == {row["id"] for row in process.state("categories")}


def test_a_long_list_is_paged(sandbox: Callable[..., SandboxProcess]) -> None:
    """And an ID repeated on two pages causes no error."""
    process = sandbox("seller_center_shop", accounts={"Large": "key"}, products=2100, dirty=False)
    process.fault("overlap", path="/list", items=5)
    shop = open_account(process, "Large")
    assert set(all_ids(shop, "product")) == set(first_ids(2100)) and shop.http.calls == 3
    shop.http.close()


def test_unsupported_kinds_have_no_listing(shop: Adapter) -> None:
    assert shop.listing("order") is None


MALFORMED_RESPONSES: list[Any] = [
    None,
    [],
    {},
    "found",
    {"found": None},
    {"found": {"1": True}},
    {"found": "1"},
    {"found": ["1", "2"], "next": "2"},
    {"found": ["1"], "error": "database gone"},
    {"found": ["1", "77"]},
    {"found": ["1", None]},
    {"found": ["1", True]},
    {"found": [["1"]]},
    {"ids": ["1"]},
]


@pytest.mark.parametrize("response", MALFORMED_RESPONSES, ids=str)
def test_a_malformed_lookup_response_raises(process: SandboxProcess, shop: Adapter, response: Any) -> None:
    process.fault("status", path="/lookup", status=200, body=response if response is not None else "null")
    with pytest.raises(TryAgainLater):
        shop.listing("product").lookup(["1", "2", "3"])


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "half_body", "when": "after"},
        {"fault": "garbage"},
        {"fault": "drop"},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 404},
        {"fault": "status", "status": 422},
        {"fault": "status", "status": 204, "body": ""},
        {"fault": "status", "status": 302},
        {"fault": "rate_limited"},
    ],
    ids=lambda fault: f"{fault['fault']}-{fault.get('status', '')}",
)
@pytest.mark.parametrize("after", [0, 1])
def test_a_failed_batch_fails_the_whole_lookup(
    process: SandboxProcess, shop: Adapter, fault: dict[str, Any], after: int
) -> None:
    """The first or the second of two batches; the result of the other one is not returned either."""
    process.fault(**fault, path="/lookup", after=after)
    with pytest.raises(ConnectorError):
        shop.listing("product").lookup(first_ids(1200))


def test_a_slow_shop_times_out(process: SandboxProcess, shop: Adapter) -> None:
    shop.http.deadline = 0.2
    process.fault("slow", path="/lookup", delay=1)
    with pytest.raises(TryAgainLater):
        shop.listing("product").lookup(["1"])


def test_an_empty_response_is_valid(process: SandboxProcess, shop: Adapter) -> None:
    """Whether so many items may be deleted at once is decided by the mass-deletion guard, not by the lookup."""
    process.fault("status", path="/lookup", status=200, body={"found": []})
    assert shop.listing("product").lookup(["1", "2"]) == set()


def test_ids_may_be_numbers(process: SandboxProcess, shop: Adapter) -> None:
    process.fault("status", path="/lookup", status=200, body={"found": [2]})
    assert shop.listing("product").lookup(["1", "2"]) == {"2"}


def listing(answers: list[Any]) -> ListingClient:
    """A client for a shop that gives these responses in order, and then repeats the last one."""
    return ListingClient(lambda path, body: answers.pop(0) if len(answers) > 1 else answers[0])


@pytest.mark.parametrize(
    "answers",
    [
        [{"ids": [], "next": "1"}],
        [{"ids": ["1"], "next": "1"}],
        [{"ids": ["1"], "next": "1"}, {"ids": ["2"], "next": "2"}, {"ids": ["1"], "next": "1"}],
        [{"ids": ["1"]}],
        [{"ids": ["1"], "next": 1}],
        [{"ids": ["1"], "next": "1"}, {"ids": None, "next": None}],
        [{"ids": ["1"], "next": None, "truncated": True}],
        [{"found": ["1"]}],
    ],
    ids=str,
)
def test_an_inconsistent_listing_raises(answers: list[Any]) -> None:
    with pytest.raises(TryAgainLater):
        listing(answers).ids("products", "1")


def place(second: int, row_id: str = "1") -> dict[str, str]:
    return {"updated_at": f"2026-01-01T00:00:{second:02d}+00:00", "id": row_id}


@pytest.mark.parametrize(
    "answer",
    [
        {"items": [{"id": "1"}], "next": place(5)},
        {"items": [{"id": "1"}], "next": place(4)},
        {"items": [], "next": place(6)},
        {"items": [{"id": "1"}], "next": {"updated_at": "yesterday", "id": "1"}},
        {"items": [{"id": "1"}], "next": "abc"},
        {"items": [{"id": "1"}]},
        {"items": {"id": "1"}, "next": None},
        {"items": [], "next": None, "error": "half of it"},
    ],
    ids=str,
)
def test_an_inconsistent_page_raises(answer: Any) -> None:
    with pytest.raises((TryAgainLater, ListingRepeats)):
        listing([answer]).read("products", since=None, cursor=place(5), limit=10)


def test_a_page_may_continue_within_the_same_second() -> None:
    answer = {"items": [{"id": "2"}], "next": place(5, "2")}
    rows, cursor, cut = listing([answer]).read("products", since=None, cursor=place(5, "1"), limit=10)
    assert rows == [{"id": "2"}] and cursor == place(5, "2") and cut is not None and cut.second == 5


def test_fetching_accepts_only_requested_rows() -> None:
    assert listing([{"items": []}]).rows("products", ["1"]) == []
    answers: list[Any] = [{"items": [{}, {}]}, {"items": [], "next": "x"}, {"items": None}, []]
    for answer in answers:
        with pytest.raises(TryAgainLater):
            listing([answer]).rows("products", ["1"])


def test_a_wrong_key_needs_attention(process: SandboxProcess) -> None:
    adapter = open_account(process, "Live", key="wrong")
    with pytest.raises(NeedsAttention):
        adapter.listing("product").lookup(["1"])
    adapter.http.close()
