"""After any sequence of calls, a sync log equals a simple model of the rules (D16–D18)."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Seller
from synclog.models import SyncLog
from tests.two_sellers import ApiClient, TwoSellers, key_for

LOG = "/api/v1/sync-log/model/products"
TIMES = st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"])
IDS = st.sampled_from(["a", "b", "c", "variant:1"])
ERRORS = st.dictionaries(IDS, st.sampled_from(["no SKU", "no price"]), max_size=4)
REPORTED = st.fixed_dictionaries(
    {}, optional={"started_full_sync": TIMES, "last_full_sync": TIMES, "last_full_sync_succeeded": st.booleans()}
)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("PUT"), REPORTED, ERRORS, st.just(set())),
        st.tuples(st.just("PATCH"), REPORTED, ERRORS, st.sets(IDS, max_size=3)),
        st.tuples(st.just("DELETE"), st.just({}), st.just({}), st.just(set())),
    ),
    max_size=5,
)


@dataclass
class Model:
    """The rules, without a database."""

    times: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def put(self, times: dict[str, Any], errors: dict[str, str]) -> None:
        self.times, self.errors = dict(times), dict(errors)

    def patch(self, times: dict[str, Any], errors: dict[str, str], resolved: set[str]) -> None:
        self.times |= times
        self.errors = {ref: text for ref, text in (self.errors | errors).items() if ref not in resolved}

    @property
    def recorded(self) -> bool:
        return bool(self.times.get("started_full_sync") or self.times.get("last_full_sync"))


def check(client: ApiClient, model: Model) -> None:
    log, errors = client.get(LOG), client.get(f"{LOG}/errors")
    if not model.recorded:
        assert (log.status_code, errors.status_code) == (404, 404)
        return
    stored = log.json()
    for name in ("started_full_sync", "last_full_sync", "last_full_sync_succeeded"):
        assert stored[name] == model.times.get(name), name
    assert stored["error_count"] == len(model.errors)
    assert {item["external_id"]: item["message"] for item in errors.json()["items"]} == model.errors


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(calls=CALLS)
def test_any_sequence_of_calls(
    two_sellers: TwoSellers, calls: list[tuple[str, dict[str, Any], dict[str, str], set[str]]]
) -> None:
    seller: Seller = two_sellers.north.seller
    SyncLog.objects.filter(seller=seller, integration="model").delete()
    client, model = key_for(seller), Model()
    for method, times, errors, resolved in calls:
        resolved = resolved - errors.keys()
        body: dict[str, Any] = {
            **times,
            "errors": [{"external_id": ref, "message": text} for ref, text in errors.items()],
        }
        if method == "DELETE":
            assert client.send("DELETE", LOG).status_code == 204
            model = Model()
        elif method == "PUT":
            assert client.send("PUT", LOG, body).status_code == 200
            model.put(times, errors)
        else:
            assert client.send("PATCH", LOG, body | {"resolved": sorted(resolved)}).status_code == 200
            model.patch(times, errors, resolved)
        check(client, model)
