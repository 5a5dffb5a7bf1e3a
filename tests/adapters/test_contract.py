"""The standard suite: what every adapter must do, whatever its platform. A new adapter is added in cases.py."""

import ast
import copy
import importlib
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr, ValidationError

from connectors.adapters.registry import adapters
from connectors.engine.differences import drift
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.errors import ConnectorError, NeedsAttention, SkipRecord, SyncLogMissing, TryAgainLater
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.serialization import canonical_json
from connectors.sdk.streams import ComparisonDepth, SizeSchedules, Source, Target
from connectors.sdk.sync_log import LogError, LogUpdate
from connectors.sdk.transformations import SourceFieldMap
from connectors.sdk.webhooks import Webhooks
from hub.kinds import ITEM_KIND, DataType, Kind, Role
from hub.schedules import validate_schedule
from sandbox.process import SandboxProcess
from synclog.issue_catalog import render
from tests.adapters.cases import CASES
from tests.adapters.reading import all_ids, by_id, pages
from tests.adapters.samples import SAMPLES, product, variant
from tests.adapters.writing import CUSTOMER_KNOWN, NOTHING, creations, write

if without_case := adapters().keys() - CASES.keys():
    raise LookupError(f"No case in tests/adapters/cases.py: {sorted(without_case)}. See docs/adding-a-platform.md.")
IMPORTS = [(key, each) for key, adapter in adapters().items() for each in adapter.sources()]
EXPORTS = [
    (key, each)
    for key, adapter in adapters().items()
    for each in adapter.targets()
    if each not in CASES[key].changes_only
]
EVERY = pytest.mark.parametrize("key", sorted(adapters()))
Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]


def test_every_case_has_an_adapter() -> None:
    assert CASES.keys() <= adapters().keys()


# Declarations


@EVERY
def test_declarations_are_consistent(key: str) -> None:
    adapter = adapters()[key]
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,39}", adapter.key)
    assert adapter.name.strip() and adapter.role in Role.values
    assert adapter.streams and len(adapter.streams) == len(adapter.sources()) + len(adapter.targets())
    for stream in adapter.streams:
        assert stream.lane and stream.data_type in DataType
        schedules = [stream.full_schedule]
        if isinstance(stream.full_schedule, SizeSchedules):
            schedules = [stream.full_schedule.below, stream.full_schedule.above]
        if issubclass(stream, Source):
            assert set(stream.depends_on) < set(adapter.sources())
            schedules.append(stream.partial_schedule)
        if issubclass(stream, Target):
            assert 1 <= stream.shards <= 64 and stream.batch_size >= 1
        for schedule in filter(None, schedules):
            validate_schedule(schedule)
    assert adapter.rate is None or (adapter.rate.requests > 0 and adapter.rate.seconds > 0)


def platform_page(key: str) -> Path:
    name = CASES[key].page or adapters()[key].__module__.rpartition(".")[2]
    return Path(__file__).parents[2] / "docs" / "platforms" / f"{name}.md"


@EVERY
def test_docstring_and_docs_page_describe_the_adapter(key: str) -> None:
    adapter = adapters()[key]
    assert adapter.__doc__ and adapter.__doc__.strip()
    page = platform_page(key)
    text = " ".join(page.read_text().split())
    assert adapter.name in text
    for schema in (adapter.Settings, adapter.Credentials, adapter.FieldMap):
        # What every source has is explained once, in dashboard.md.
        for name in schema.model_fields.keys() - SourceFieldMap.model_fields.keys():
            assert f"`{name}`" in text, f"{page.name} does not explain {name}"
    for data_type, source in adapter.sources().items():
        # C5: without a full read, what was deleted while no event came stays for ever.
        assert source.full_schedule or f"{str(data_type.label)} have no full schedule" in text


@EVERY
def test_forms_reject_unknown_fields(key: str) -> None:
    case, adapter = CASES[key], adapters()[key]
    for schema, values in (
        (adapter.Settings, case.settings),
        (adapter.Credentials, case.credentials | {case.credential: "secret-word"}),
    ):
        schema.model_validate(values)
        with pytest.raises(ValidationError):
            schema.model_validate(values | {"no_such_name": 1})
    with pytest.raises(ValidationError):
        adapter.Credentials.model_validate({})


@EVERY
def test_secrets_are_never_shown(key: str) -> None:
    schema = adapters()[key].Credentials
    assert any(field.annotation is SecretStr for field in schema.model_fields.values())
    credentials = schema.model_validate(CASES[key].credentials | {CASES[key].credential: "secret-word"})
    assert "secret-word" not in f"{credentials!r} {credentials} {credentials.model_dump_json()}"


@EVERY
def test_adapters_import_only_the_sdk(key: str) -> None:
    package = adapters()[key].__module__
    shared = r"connectors\.sdk|hub\.kinds|(catalog|orders)\.items|common\.storable|hub\.field_registry"
    shared += r"|orders\.(amounts|currencies|parts|quantities|refunds|tracking_numbers)"
    allowed = re.compile(rf"({shared}|{re.escape(package)})(\.|$)")
    packages = {"accounts", "common", "hub", "catalog", "orders", "synclog", "connectors", "staging_copy", "dashboard"}
    packages |= {"synccenter", "sandbox", "django", "tests"}
    for path in _files(package):
        for name in _imported(path):
            assert name.partition(".")[0] not in packages or allowed.match(name), f"{path.name} imports {name}"


def _files(package: str) -> list[Path]:
    file = Path(str(importlib.import_module(package).__file__))
    return sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.partition(".")[0] not in sys.stdlib_module_names]


# Connection check


@EVERY
def test_check_returns_what_it_found(key: str, open_adapter: Open) -> None:
    assert open_adapter(key).check().strip()


@EVERY
def test_a_wrong_token_needs_attention(key: str, open_adapter: Open) -> None:
    """Also one with a character that no header can have, from copying it."""
    for token in ("wrong", "wrong\u200b", "wrong\nx"):
        with pytest.raises(NeedsAttention) as raised:
            open_adapter(key, token=token).check()
        assert raised.value.fix and "wrong" not in str(raised.value)


@EVERY
def test_assumptions_are_documented(key: str) -> None:
    """V6: each stands on the platform's page, with its key."""
    adapter = adapters()[key]
    text = platform_page(key).read_text()
    assert len({each.key for each in adapter.assumptions}) == len(adapter.assumptions)
    for each in adapter.assumptions:
        assert re.fullmatch(r"[a-z][a-z0-9_]{1,59}", each.key)
        assert f"| `{each.key}` | {each.text} |" in text, f"a row of the table of assumptions: {each.key}"


@EVERY
def test_testing_assumptions_changes_nothing(key: str, open_adapter: Open, platform: Platform) -> None:
    """V6: a check only reads. The simulated platforms behave as is assumed."""
    adapter = open_adapter(key)
    kinds = {kind for kind, _ in CASES[key].states.values()}
    before = {kind: list(platform(key).state(kind)) for kind in kinds}
    findings = check_assumptions(adapter, seconds=60)
    assert findings.keys() == {each.key for each in adapter.assumptions}
    assert {kind: list(platform(key).state(kind)) for kind in kinds} == before
    for each in adapter.assumptions:
        finding = findings[each.key]
        assert finding.evidence and finding.state is not AssumptionState.REFUTED, (each.key, finding)
        if each.check is None:
            assert finding.state is AssumptionState.UNKNOWN


# Imports


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_full_import_returns_every_item_once(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    read = [record for page in pages(open_adapter(key), data_type) for record in page.records]
    taken = [record for record in read if not any(problem.fatal for problem in record.problems)]
    assert len(by_id(taken)) == len(taken) > 0
    for record in read:
        assert record.raw is not None
        assert record.updated_at is None or record.updated_at.utcoffset() == timedelta(0)
        assert all(all(render(each, platform="P", source="S")) for each in record.problems)
    if data_type in CASES[key].states:
        kind, name = CASES[key].states[data_type]
        there = {str(row[name]) for row in platform(key).state(kind)}
        assert there <= {record.external_id for record in read}
        assert {record.external_id for record in taken} <= there


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_page_can_be_read_again(key: str, data_type: DataType, open_adapter: Open) -> None:
    cursor = None
    for page in pages(open_adapter(key), data_type):
        again = open_adapter(key).source(data_type).read_page(since=None, cursor=cursor)
        assert (again.records, again.cursor) == (page.records, page.cursor)
        assert page.cursor is None or orjson.loads(orjson.dumps(page.cursor)) == page.cursor
        cursor = page.cursor


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_partial_import_misses_nothing(key: str, data_type: DataType, open_adapter: Open) -> None:
    """A partial import since long ago returns everything that a full one does; the cut never decreases."""
    adapter = open_adapter(key)
    everything = {
        record.external_id for page in pages(adapter, data_type) for record in page.records if not record.problems
    }
    partial = pages(adapter, data_type, since=datetime(2000, 1, 1, tzinfo=UTC))
    assert everything <= {record.external_id for page in partial for record in page.records}
    cuts = [page.cut for page in partial if page.cut]
    assert cuts == sorted(cuts)


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_fetch_returns_existing_items(key: str, data_type: DataType, open_adapter: Open) -> None:
    adapter = open_adapter(key)
    known = [record for page in pages(adapter, data_type) for record in page.records if not record.problems][:3]
    found = adapter.source(data_type).fetch([*(record.external_id for record in known), "987654321", "no/such id?"])
    assert sorted(by_id(found)) == sorted(record.external_id for record in known)
    assert by_id(found) == by_id(known)
    assert adapter.source(data_type).fetch([]) == []


# Listings

LISTED = (DataType.PRODUCTS, DataType.BRANDS, DataType.CATEGORIES)
LISTERS = [
    (key, each)
    for key, adapter in adapters().items()
    for each in LISTED
    if ITEM_KIND[each] in adapter.listing_classes() and each in CASES[key].states
]


@EVERY
def test_shops_can_list_their_products(key: str) -> None:
    """The check after a live-to-staging copy needs this (L11, L15)."""
    adapter = adapters()[key]
    if adapter.role == Role.SHOP:
        assert Kind.PRODUCT in adapter.listing_classes()


@pytest.mark.parametrize(("key", "data_type"), LISTERS)
def test_list_ids_and_lookup_match_the_platforms_data(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    adapter, (kind, name) = open_adapter(key), CASES[key].states[data_type]
    there = {str(row[name]) for row in platform(key).state(kind)}
    listed = all_ids(adapter, ITEM_KIND[data_type])
    assert len(listed) == len(set(listed)) and set(listed) == there
    some = sorted(there)[:3]
    assert adapter.listing(ITEM_KIND[data_type]).lookup([*some, "987654321"]) == set(some)
    assert adapter.listing("no such kind") is None


@pytest.mark.parametrize(("key", "data_type"), LISTERS)
@pytest.mark.parametrize("body", [{"surprise": []}, [], {"data": [{}], "meta": {"pagination": {"total": 9}}}], ids=str)
def test_a_malformed_page_of_ids_raises(
    key: str, data_type: DataType, body: object, open_adapter: Open, platform: Platform
) -> None:
    platform(key).fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        all_ids(open_adapter(key), ITEM_KIND[data_type])


# Where stock and prices need the links of products that exist, the adapter has tests of its own.
LINKED = (DataType.STOCK, DataType.PRICES)
COMPARABLE = [
    (key, data_type)
    for key, adapter in adapters().items()
    for data_type, target in adapter.targets().items()
    if target.comparable and not (data_type in LINKED and data_type in CASES[key].changes_only)
]


@pytest.mark.parametrize(("key", "data_type"), COMPARABLE)
def test_written_items_are_read_back(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """Required for comparisons (N9): all items are returned, and their content, if the target returns it, equals what
    was sent."""
    adapter = open_adapter(key)
    target = adapter.target(data_type)
    operations = creations(adapter, data_type, CASES[key].samples.get(data_type, SAMPLES[data_type]))
    written = {
        outcome.external_id: operation.payload
        for outcome, operation in zip(write(adapter, data_type, operations, tmp_path), operations, strict=True)
        if outcome.error is None
    }
    stored: dict[str, Any] = {}
    cursor, pages_read = None, 0
    while pages_read == 0 or cursor is not None:
        page = target.read_existing(cursor=cursor)
        stored, cursor = stored | dict(page.items), page.cursor
        pages_read += 1
    assert written and written.keys() <= stored.keys()
    if target.comparable is ComparisonDepth.CONTENT:
        for external_id, payload in written.items():
            assert stored[external_id].keys() & payload.keys() and drift(stored[external_id], payload) == {}
    else:
        assert set(stored.values()) == {None}
    assert target.find_existing([*written, "987654321"]) == set(written)


@pytest.mark.parametrize(("key", "data_type"), COMPARABLE)
@pytest.mark.parametrize("body", [{"surprise": []}, [None], {"items": [{}], "next": None}], ids=str)
def test_malformed_held_pages_raise(
    key: str, data_type: DataType, body: object, open_adapter: Open, platform: Platform
) -> None:
    platform(key).fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        open_adapter(key).target(data_type).read_existing(cursor=None)


# Webhooks

REGISTERS = sorted(key for key, adapter in adapters().items() if adapter.webhooks.registers)


@EVERY
def test_platforms_with_webhooks_read_events(key: str) -> None:
    adapter = adapters()[key]
    webhooks = adapter.webhooks
    reads = webhooks.read_event.__func__ is not Webhooks.read_event.__func__  # type: ignore[attr-defined]
    assert not (webhooks.registers and webhooks.configured_manually)
    # What is asked about personal data arrives at an address that the store's app has.
    assert reads is (webhooks.registers or webhooks.configured_manually or bool(webhooks.privacy_events))


@pytest.mark.parametrize("key", REGISTERS)
def test_webhooks_are_registered_once_and_can_be_removed(key: str, open_adapter: Open) -> None:
    adapter = open_adapter(key)
    webhooks = adapter.webhooks(adapter.client)
    ours, headers = ("https://hub.example/webhooks/ours", {"X-Secret": "one"})
    number = webhooks.register(ours, headers)
    assert number > 0 and webhooks.register(ours, headers) == 0
    assert webhooks.register("https://hub.example/webhooks/theirs", headers) == number
    # Shopify signs with the app's secret, and sends no header of ours.
    assert webhooks.register(ours, {"X-Secret": "another"}) == (0 if key == "shopify" else number)
    assert webhooks.remove(ours) == number
    assert webhooks.remove(ours) == 0
    assert webhooks.register("https://hub.example/webhooks/theirs", headers) == 0


# Exports


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_payloads_are_deterministic(key: str, data_type: DataType, open_adapter: Open) -> None:
    for item in SAMPLES[data_type]:
        before = copy.deepcopy(item)
        first = open_adapter(key).target(data_type).payload(item, CUSTOMER_KNOWN)
        second = open_adapter(key).target(data_type).payload(copy.deepcopy(item), CUSTOMER_KNOWN)
        assert (
            first is not None
            and canonical_json(first) == canonical_json(second)
            and orjson.loads(canonical_json(first)) == first
        )
        assert item == before


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_removed_items_have_no_payload(key: str, data_type: DataType, open_adapter: Open) -> None:
    """Except orders, which are never removed."""
    gone = {DataType.CUSTOMERS: ("deleted",), DataType.ORDERS: ()}.get(data_type, ("discontinued", "deleted"))
    for item in copy.deepcopy(SAMPLES[data_type]):
        for status in gone:
            item.status = status
            assert open_adapter(key).target(data_type).payload(item, NOTHING) is None


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_sending_twice_changes_nothing(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    adapter = open_adapter(key)
    operations = creations(adapter, data_type, SAMPLES[data_type])
    first = write(adapter, data_type, operations, tmp_path)
    assert [outcome.error for outcome in first] == [None] * len(operations)
    assert len({outcome.external_id for outcome in first}) == len(operations)
    kind, name = CASES[key].states[data_type]
    state = without_timestamps(platform(key).state(kind), key)
    second = write(adapter, data_type, operations, tmp_path)
    assert [outcome.external_id for outcome in second] == [outcome.external_id for outcome in first]
    assert without_timestamps(platform(key).state(kind), key) == state
    assert {outcome.external_id for outcome in first} <= {str(row[name]) for row in state}


@pytest.mark.parametrize(
    ("key", "data_type"),
    [
        ("elevate", DataType.PRODUCTS),
        ("magento_target", DataType.PRICES),
        ("seller_center_shop", DataType.PRODUCTS),
        ("sparklayer", DataType.PRICES),
        ("woocommerce_target", DataType.PRODUCTS),
    ],
)
def test_a_price_below_zero_is_an_issue_of_its_item(key: str, data_type: DataType, open_adapter: Open) -> None:
    """Some targets accept it, others reject the whole batch."""
    item = variant(10, price="-1")
    odd = product(1, variants=[item]) if data_type == DataType.PRODUCTS else item
    with pytest.raises(SkipRecord, match=r"below zero|zero or more"):
        open_adapter(key).target(data_type).payload(odd, NOTHING)


@pytest.mark.parametrize("key", ["bigcommerce_target", "shopify_target", "vendure_target", "woocommerce_target"])
def test_a_variant_whose_sku_changes_stays_the_same_variant(key: str, open_adapter: Open) -> None:
    """Also if only the letter case changes, which some platforms ignore. Magento knows products by their SKU."""
    target = open_adapter(key).target(DataType.PRODUCTS)
    item = product(1)
    first, last = item.variants
    outcome, previous, found = Outcome(), None, set()
    for skus in (("SKU-10", "SKU-11"), ("NEW-10", "SKU-11"), ("new-10", "SKU-11"), ("new-10", "NEXT")):
        first.sku, last.sku = skus
        payload = target.payload(item, NOTHING)
        action = Action.UPDATE if previous else Action.CREATE
        operation: Operation[Any] = Operation(action, 1, outcome.external_id, payload, previous=previous)
        [outcome] = target.send([operation])
        assert outcome.error is None
        previous = payload
        found.add(tuple(sorted(outcome.links.items())))
    assert len(found) == 1 and len(outcome.links) == 2


def without_timestamps(rows: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The state without modification times."""
    return [{name: value for name, value in row.items() if name not in CASES[key].timestamp_fields} for row in rows]


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_removing_keeps_other_items_and_can_be_repeated(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    adapter = open_adapter(key)
    outcomes = write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type]), tmp_path)
    gone = Operation(Action.REMOVE, SAMPLES[data_type][0].id, outcomes[0].external_id, None)
    kind, name = CASES[key].states[data_type]
    for _ in range(2):
        assert write(adapter, data_type, [gone], tmp_path)[0].error is None
        there = {str(row[name]) for row in platform(key).state(kind)}
        assert outcomes[0].external_id not in there
        assert {outcome.external_id for outcome in outcomes[1:]} <= there


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_an_item_created_without_a_response_is_removed_or_reported(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """Its ID at the target is unknown, so it is found in another way, or the removal is reported."""
    adapter = open_adapter(key)
    (created,) = write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type][:1]), tmp_path)
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type][1:]), tmp_path)
    nameless = Operation(Action.REMOVE, SAMPLES[data_type][0].id, "", None)
    (outcome,) = write(adapter, data_type, [nameless], tmp_path)
    kind, name = CASES[key].states[data_type]
    there = {str(row[name]) for row in platform(key).state(kind)}
    assert isinstance(outcome.error, SkipRecord) or created.external_id not in there


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_batches_use_few_calls(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """Never one call per item if the platform has a batch call."""
    adapter = open_adapter(key)
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type]), tmp_path)
    assert adapter.http.calls <= CASES[key].calls


# Sync logs

LOGS = [
    (key, each) for key, adapter in adapters().items() if adapter.sync_log for each in sorted(adapter.sync_log.names)
]


@pytest.mark.parametrize(("key", "data_type"), LOGS)
def test_pushing_and_deleting_a_log_can_be_repeated(key: str, data_type: DataType, open_adapter: Open) -> None:
    adapter, now = open_adapter(key), datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert data_type in adapter.targets() and adapter.sync_log is not None
    log = adapter.sync_log(adapter.client)
    update = LogUpdate([LogError("product:1", "It has no SKU.", title="Lamp")], ["product:2"], finished_at=now)
    with pytest.raises(SyncLogMissing):
        log.update(data_type, update)
    for _ in range(2):
        log.start(data_type, started_at=now, last_finished_at=None)
    for _ in range(2):
        log.update(data_type, update)
    for _ in range(2):
        log.delete_all()
    with pytest.raises(SyncLogMissing):
        log.update(data_type, update)


# Failures

TRANSIENT_FAULTS: list[dict[str, object]] = [
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 503},
    {"fault": "drop"},
    {"fault": "half_body", "when": "after"},
]
# Responses that look valid but are not the platform's. Feed imports are excluded, because they only return a status.
BODIES: list[dict[str, object]] = [
    {"fault": "garbage", "when": "after"},
    {"fault": "status", "status": 200, "body": "<html>Back soon</html>"},
    {"fault": "status", "status": 200, "body": {"surprise": []}},
    {"fault": "status", "status": 200, "body": []},
]


def _is_feed(key: str) -> bool:
    return any(issubclass(target, FeedTarget) for target in adapters()[key].targets().values())


def act(adapter: Adapter[Any], folder: Path) -> None:
    """Make the first call of a sync."""
    if sources := adapter.sources():
        adapter.source(next(iter(sources))).read_page(since=None, cursor=None)
        return
    data_type = next(iter(adapter.targets()))
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type]), folder)


@EVERY
def test_retry_after_is_respected(key: str, open_adapter: Open, platform: Platform, tmp_path: Path) -> None:
    platform(key).fault("status", status=429, headers={"Retry-After": "90"})
    before = datetime.now(UTC)
    with pytest.raises(TryAgainLater) as raised:
        act(open_adapter(key), tmp_path)
    assert raised.value.not_before is not None
    assert timedelta(seconds=85) < raised.value.not_before - before < timedelta(seconds=95)


@EVERY
def test_an_absurd_retry_after_stops_nothing_for_long(
    key: str, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """A date in 2099, thousands of digits, digits that are not ASCII, a date that does not exist."""
    absurd = (
        "Thu, 31 Dec 2099 23:59:59 GMT",
        "9" * 4400,
        "\N{SUPERSCRIPT TWO}",
        "-1",
        "1e9",
        "Thu, 99 Dec 20990 9:9:9 GMT",
    )
    names = ("Retry-After", "X-Retry-After", "X-Rate-Limit-Time-Reset-Ms")
    latest = datetime.now(UTC) + timedelta(days=1, seconds=30)
    for value in absurd:
        platform(key).clear_faults()
        platform(key).fault("status", status=429, headers=dict.fromkeys(names, value))
        with pytest.raises(TryAgainLater) as error:
            act(open_adapter(key), tmp_path)
        assert error.value.not_before is None or error.value.not_before < latest


@EVERY
@pytest.mark.parametrize("status", [401, 403])
def test_rejected_credentials_need_attention(
    key: str, status: int, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    platform(key).fault("status", status=status)
    with pytest.raises(NeedsAttention) as raised:
        act(open_adapter(key), tmp_path)
    assert raised.value.fix


@pytest.mark.parametrize(
    ("key", "transient_fault"),
    [
        (key, transient_fault)
        for key in sorted(adapters())
        for transient_fault in TRANSIENT_FAULTS + ([] if _is_feed(key) else BODIES)
    ],
    ids=lambda each: "-".join(map(str, each.values())) if isinstance(each, dict) else each,
)
def test_temporary_errors_are_retried(
    key: str, transient_fault: dict[str, object], open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """A complete response that cannot be parsed must count neither as a bug nor as an empty result."""
    platform(key).fault(**transient_fault)  # type: ignore[arg-type]
    with pytest.raises(TryAgainLater):
        act(open_adapter(key), tmp_path)


@EVERY
@pytest.mark.parametrize("status", [401, 500])
def test_errors_contain_no_secrets(
    key: str, status: int, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    platform(key).fault("status", status=status)
    with pytest.raises(ConnectorError) as raised:
        act(open_adapter(key), tmp_path)
    assert CASES[key].account[1] not in f"{raised.value!r} {getattr(raised.value, 'fix', '')}"


def test_item_kinds_and_samples_cover_all_exports() -> None:
    assert {data_type for _, data_type in EXPORTS} <= set(SAMPLES) <= set(ITEM_KIND)
