"""What every adapter has to keep, whichever platform it speaks to. A new one is under it by its line in cases.py."""

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

from connectors.engine.checks.content_diff import drift
from connectors.registry import adapters
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError, NeedsAttention, SkipRecord, SyncLogMissing, TryAgainLater
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Action, Operation
from connectors.sdk.serialization import canonical_json
from connectors.sdk.streams import ComparisonDepth
from connectors.sdk.sync_log import LogError, LogUpdate
from hub.kinds import ITEM_KIND, DataType, Role
from hub.schedules import validate_schedule
from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES
from tests.adapters.reading import all_ids, by_id, pages
from tests.adapters.samples import SAMPLES
from tests.adapters.writing import NOTHING, creations, write

IMPORTS = [(key, each) for key, adapter in adapters().items() for each in adapter.imports]
EXPORTS = [
    (key, each)
    for key, adapter in adapters().items()
    for each in adapter.exports
    if each not in CASES[key].changes_only
]
EVERY = pytest.mark.parametrize("key", sorted(adapters()))
Open = Callable[..., Adapter]
Platform = Callable[[str], SandboxProcess]


def test_every_adapter_is_under_this_suite() -> None:
    assert sorted(CASES) == sorted(adapters())


# Declared


@EVERY
def test_what_it_declares_makes_sense(key: str) -> None:
    adapter = adapters()[key]
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,39}", adapter.key)
    assert adapter.name.strip() and adapter.role in Role.values
    assert adapter.imports or adapter.exports
    assert all(adapter.imports.values()) and all(adapter.exports.values())
    assert set(adapter.shards) <= set(adapter.exports) and all(1 <= each <= 64 for each in adapter.shards.values())
    assert set(adapter.batch_size) == set(adapter.exports) and all(each >= 1 for each in adapter.batch_size.values())
    assert set(adapter.schedules) <= {*adapter.imports, *adapter.exports}
    for data_type, earlier in adapter.import_dependencies.items():
        assert data_type in adapter.imports and set(earlier) < set(adapter.imports)
    by_size = adapter.schedules_by_size
    assert set(by_size) <= {*adapter.imports, *adapter.exports} and not set(by_size) & set(adapter.schedules)
    pairs = [*adapter.schedules.values(), *((rule.below, rule.above) for rule in by_size.values())]
    for schedule in (each for both in pairs for each in both if each):
        validate_schedule(schedule)
    assert adapter.rate is None or (adapter.rate.requests > 0 and adapter.rate.seconds > 0)


@EVERY
def test_its_docstring_and_its_page_describe_what_it_is(key: str) -> None:
    adapter = adapters()[key]
    assert adapter.__doc__ and adapter.__doc__.strip()
    name = CASES[key].page or adapter.__module__.rpartition(".")[2]
    page = Path(__file__).parents[2] / "docs" / "platforms" / f"{name}.md"
    text = page.read_text()
    assert adapter.name in text
    for schema in (adapter.Settings, adapter.Credentials, adapter.FieldMap):
        for name in schema.model_fields:
            assert f"`{name}`" in text, f"{page.name} does not explain {name}"


@EVERY
def test_its_forms_refuse_what_they_do_not_know(key: str) -> None:
    case, adapter = CASES[key], adapters()[key]
    for schema, values in (
        (adapter.Settings, case.settings),
        (adapter.Credentials, {case.credential: "secret-word"}),
    ):
        schema.model_validate(values)
        with pytest.raises(ValidationError):
            schema.model_validate(values | {"no_such_name": 1})
    with pytest.raises(ValidationError):
        adapter.Credentials.model_validate({})


@EVERY
def test_its_secrets_are_never_shown(key: str) -> None:
    schema = adapters()[key].Credentials
    assert any(field.annotation is SecretStr for field in schema.model_fields.values())
    credentials = schema.model_validate({CASES[key].credential: "secret-word"})
    assert "secret-word" not in f"{credentials!r} {credentials} {credentials.model_dump_json()}"


@EVERY
def test_it_imports_only_the_contract(key: str) -> None:
    package = adapters()[key].__module__
    shared = r"connectors\.(contract|errors|http|listing|paging|records|signatures)|hub\.kinds|(catalog|orders)\.items"
    allowed = re.compile(rf"({shared}|{re.escape(package)})(\.|$)")
    rooms = {"accounts", "hub", "catalog", "orders", "synclog", "connectors", "staging_copy", "dashboard"}
    rooms |= {"synccenter", "sandbox", "django", "tests"}
    for path in _files(package):
        for name in _imported(path):
            assert name.partition(".")[0] not in rooms or allowed.match(name), f"{path.name} imports {name}"


def _files(package: str) -> list[Path]:
    file = Path(str(importlib.import_module(package).__file__))
    return sorted(file.parent.glob("*.py")) if file.name == "__init__.py" else [file]


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.partition(".")[0] not in sys.stdlib_module_names]


# Checking


@EVERY
def test_a_check_names_what_it_found(key: str, open_adapter: Open) -> None:
    assert open_adapter(key).check().strip()


@EVERY
def test_a_wrong_token_needs_a_person(key: str, open_adapter: Open) -> None:
    with pytest.raises(NeedsAttention) as refused:
        open_adapter(key, token="wrong").check()
    assert refused.value.fix and "wrong" not in str(refused.value)


# Reading


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_full_read_brings_everything_once(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform
) -> None:
    read = [record for page in pages(open_adapter(key), data_type) for record in page.records]
    taken = [record for record in read if not any(problem.fatal for problem in record.problems)]
    assert len(by_id(taken)) == len(taken) > 0
    for record in read:
        assert record.raw is not None
        assert record.updated_at is None or record.updated_at.utcoffset() == timedelta(0)
        assert all(problem.code and problem.message and problem.fix for problem in record.problems)
    if data_type in CASES[key].states:
        kind, name = CASES[key].states[data_type]
        there = {str(row[name]) for row in platform(key).state(kind)}
        assert there <= {record.external_id for record in read}
        assert {record.external_id for record in taken} <= there


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_page_can_be_read_again(key: str, data_type: DataType, open_adapter: Open) -> None:
    cursor = None
    for page in pages(open_adapter(key), data_type):
        again = open_adapter(key).read_page(data_type, since=None, cursor=cursor)
        assert (again.records, again.cursor) == (page.records, page.cursor)
        assert page.cursor is None or orjson.loads(orjson.dumps(page.cursor)) == page.cursor
        cursor = page.cursor


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_a_partial_read_misses_nothing(key: str, data_type: DataType, open_adapter: Open) -> None:
    """Since long ago it brings all that a full one does; the cut never goes back."""
    adapter = open_adapter(key)
    everything = {
        record.external_id for page in pages(adapter, data_type) for record in page.records if not record.problems
    }
    partial = pages(adapter, data_type, since=datetime(2000, 1, 1, tzinfo=UTC))
    assert everything <= {record.external_id for page in partial for record in page.records}
    cuts = [page.cut for page in partial if page.cut]
    assert cuts == sorted(cuts)


@pytest.mark.parametrize(("key", "data_type"), IMPORTS)
def test_fetching_brings_what_exists(key: str, data_type: DataType, open_adapter: Open) -> None:
    adapter = open_adapter(key)
    known = [record for page in pages(adapter, data_type) for record in page.records if not record.problems][:3]
    found = adapter.fetch(data_type, [*(record.external_id for record in known), "987654321", "no/such id?"])
    assert sorted(by_id(found)) == sorted(record.external_id for record in known)
    assert by_id(found) == by_id(known)
    assert adapter.fetch(data_type, []) == []


# Existing

LISTED = (DataType.PRODUCTS, DataType.BRANDS, DataType.CATEGORIES)
LISTERS = [
    (key, each)
    for key, adapter in adapters().items()
    for each in LISTED
    if adapter.list_ids is not Adapter.list_ids and each in CASES[key].states
]


@EVERY
def test_a_shop_can_be_asked_what_it_has(key: str) -> None:
    """The check after a live-to-staging copy asks it (L11, L15)."""
    adapter = adapters()[key]
    if adapter.role == Role.SHOP:
        assert adapter.lookup is not Adapter.lookup and adapter.list_ids is not Adapter.list_ids


@pytest.mark.parametrize(("key", "data_type"), LISTERS)
def test_what_it_lists_is_what_there_is(key: str, data_type: DataType, open_adapter: Open, platform: Platform) -> None:
    adapter, (kind, name) = open_adapter(key), CASES[key].states[data_type]
    there = {str(row[name]) for row in platform(key).state(kind)}
    listed = all_ids(adapter, ITEM_KIND[data_type])
    assert len(listed) == len(set(listed)) and set(listed) == there
    some = sorted(there)[:3]
    assert adapter.lookup(ITEM_KIND[data_type], [*some, "987654321"]) == set(some)
    with pytest.raises(NotImplementedError):
        adapter.list_ids("no such kind", cursor=None)


@pytest.mark.parametrize(("key", "data_type"), LISTERS)
@pytest.mark.parametrize("body", [{"surprise": []}, [], {"data": [{}], "meta": {"pagination": {"total": 9}}}], ids=str)
def test_a_page_of_ids_that_is_none_is_no_end(
    key: str, data_type: DataType, body: object, open_adapter: Open, platform: Platform
) -> None:
    platform(key).fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        all_ids(open_adapter(key), ITEM_KIND[data_type])


COMPARABLE = [(key, each) for key, adapter in adapters().items() for each in adapter.comparable]


@pytest.mark.parametrize(("key", "data_type"), COMPARABLE)
def test_what_was_written_is_read_back(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """What a proof lives on (N9): everything that is there, and where its content is told, it is what was sent."""
    adapter = open_adapter(key)
    assert data_type in adapter.exports
    operations = creations(adapter, data_type, SAMPLES[data_type])
    written = {
        outcome.external_id: operation.payload
        for outcome, operation in zip(write(adapter, data_type, operations, tmp_path), operations, strict=True)
        if outcome.error is None
    }
    held: dict[str, Any] = {}
    cursor, pages_read = None, 0
    while pages_read == 0 or cursor is not None:
        items, cursor = adapter.read_held(data_type, cursor=cursor)
        held |= items
        pages_read += 1
    assert written and written.keys() <= held.keys()
    if adapter.comparable[data_type] is ComparisonDepth.CONTENT:
        for external_id, payload in written.items():
            assert held[external_id].keys() & payload.keys() and drift(held[external_id], payload) == {}
    else:
        assert set(held.values()) == {None}
    assert adapter.holds(data_type, [*written, "987654321"]) == set(written)


@pytest.mark.parametrize(("key", "data_type"), COMPARABLE)
@pytest.mark.parametrize("body", [{"surprise": []}, [], {"items": [{}], "next": None}], ids=str)
def test_what_it_holds_is_never_read_in_part(
    key: str, data_type: DataType, body: object, open_adapter: Open, platform: Platform
) -> None:
    platform(key).fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        open_adapter(key).read_held(data_type, cursor=None)


# Webhooks

REGISTERS = sorted(key for key, adapter in adapters().items() if adapter.registers_webhooks)


@EVERY
def test_whoever_sends_events_is_understood(key: str) -> None:
    adapter = adapters()[key]
    reads = adapter.read_event.__func__ is not Adapter.read_event.__func__  # type: ignore[attr-defined]
    assert not (adapter.registers_webhooks and adapter.manual_webhooks)
    assert reads is (adapter.registers_webhooks or adapter.manual_webhooks)


@pytest.mark.parametrize("key", REGISTERS)
def test_hooks_are_made_once_and_go_again(key: str, open_adapter: Open) -> None:
    adapter = open_adapter(key)
    ours, headers = ("https://hub.example/webhooks/ours", {"X-Secret": "one"})
    number = adapter.register_webhooks(ours, headers)
    assert number > 0 and adapter.register_webhooks(ours, headers) == 0
    assert adapter.register_webhooks("https://hub.example/webhooks/theirs", headers) == number
    assert adapter.register_webhooks(ours, {"X-Secret": "another"}) == number
    assert adapter.remove_webhooks(ours) == number
    assert adapter.remove_webhooks(ours) == 0
    assert adapter.register_webhooks("https://hub.example/webhooks/theirs", headers) == 0


# Writing


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_a_payload_depends_on_the_item_alone(key: str, data_type: DataType, open_adapter: Open) -> None:
    for item in SAMPLES[data_type]:
        before = copy.deepcopy(item)
        first = open_adapter(key).payload(data_type, item, NOTHING)
        second = open_adapter(key).payload(data_type, copy.deepcopy(item), NOTHING)
        assert (
            first is not None
            and canonical_json(first) == canonical_json(second)
            and orjson.loads(canonical_json(first)) == first
        )
        assert item == before


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_what_is_gone_does_not_belong_there(key: str, data_type: DataType, open_adapter: Open) -> None:
    """Orders apart, which happened and are never taken back."""
    gone = {DataType.CUSTOMERS: ("deleted",), DataType.ORDERS: ()}.get(data_type, ("discontinued", "deleted"))
    for item in copy.deepcopy(SAMPLES[data_type]):
        for status in gone:
            item.status = status
            assert open_adapter(key).payload(data_type, item, NOTHING) is None


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_sending_twice_makes_one_state(
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


def without_timestamps(rows: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """A state without the times at which it was written."""
    return [{name: value for name, value in row.items() if name not in CASES[key].timestamp_fields} for row in rows]


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_removing_leaves_the_rest_and_may_be_repeated(
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
def test_what_was_made_without_an_answer_is_removed_or_reported(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """Its id at the target is not known then, so it is found by something else or a person is told."""
    adapter = open_adapter(key)
    (made,) = write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type][:1]), tmp_path)
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type][1:]), tmp_path)
    nameless = Operation(Action.REMOVE, SAMPLES[data_type][0].id, "", None)
    (outcome,) = write(adapter, data_type, [nameless], tmp_path)
    kind, name = CASES[key].states[data_type]
    there = {str(row[name]) for row in platform(key).state(kind)}
    assert isinstance(outcome.error, SkipRecord) or made.external_id not in there


@pytest.mark.parametrize(("key", "data_type"), EXPORTS)
def test_a_batch_takes_one_call_of_a_kind(
    key: str, data_type: DataType, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """Never one call an item where a batch exists."""
    adapter = open_adapter(key)
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type]), tmp_path)
    assert adapter.http.calls <= CASES[key].calls


# Sync logs

LOGS = [(key, each) for key, adapter in adapters().items() for each in sorted(adapter.keeps_sync_log)]


@pytest.mark.parametrize(("key", "data_type"), LOGS)
def test_a_log_can_be_pushed_again_and_deleted_again(key: str, data_type: DataType, open_adapter: Open) -> None:
    adapter, now = open_adapter(key), datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert data_type in adapter.exports
    report = LogUpdate([LogError("product:1", "It has no SKU.", title="Lamp")], ["product:2"], finished_at=now)
    with pytest.raises(SyncLogMissing):
        adapter.add_to_log(data_type, report)
    for _ in range(2):
        adapter.start_log(data_type, started=now, finished_at=None)
    for _ in range(2):
        adapter.add_to_log(data_type, report)
    for _ in range(2):
        adapter.delete_logs()
    with pytest.raises(SyncLogMissing):
        adapter.add_to_log(data_type, report)


# Trouble

TRANSIENT_FAULTS: list[dict[str, object]] = [
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 503},
    {"fault": "drop"},
    {"fault": "half_body", "when": "after"},
]
# Answers that look well but are not the platform's. A file for a feed is answered by a status alone.
BODIES: list[dict[str, object]] = [
    {"fault": "garbage", "when": "after"},
    {"fault": "status", "status": 200, "body": "<html>Back soon</html>"},
    {"fault": "status", "status": 200, "body": {"surprise": []}},
    {"fault": "status", "status": 200, "body": []},
]


def _is_feed(key: str) -> bool:
    return issubclass(adapters()[key], FeedTarget)


def act(adapter: Adapter, folder: Path) -> None:
    """The first thing that the adapter does for its living."""
    if adapter.imports:
        adapter.read_page(next(iter(adapter.imports)), since=None, cursor=None)
        return
    data_type = next(iter(adapter.exports))
    write(adapter, data_type, creations(adapter, data_type, SAMPLES[data_type]), folder)


@EVERY
def test_a_busy_platform_is_obeyed(key: str, open_adapter: Open, platform: Platform, tmp_path: Path) -> None:
    platform(key).fault("status", status=429, headers={"Retry-After": "90"})
    before = datetime.now(UTC)
    with pytest.raises(TryAgainLater) as refused:
        act(open_adapter(key), tmp_path)
    assert refused.value.not_before is not None
    assert timedelta(seconds=85) < refused.value.not_before - before < timedelta(seconds=95)


@EVERY
@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_need_a_person(
    key: str, status: int, open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    platform(key).fault("status", status=status)
    with pytest.raises(NeedsAttention) as refused:
        act(open_adapter(key), tmp_path)
    assert refused.value.fix


@pytest.mark.parametrize(
    ("key", "transient_fault"),
    [
        (key, transient_fault)
        for key in sorted(adapters())
        for transient_fault in TRANSIENT_FAULTS + ([] if _is_feed(key) else BODIES)
    ],
    ids=lambda each: "-".join(map(str, each.values())) if isinstance(each, dict) else each,
)
def test_what_passes_is_tried_again(
    key: str, transient_fault: dict[str, object], open_adapter: Open, platform: Platform, tmp_path: Path
) -> None:
    """A whole answer that cannot be understood is no answer; never a bug, never nothing to do."""
    platform(key).fault(**transient_fault)  # type: ignore[arg-type]
    with pytest.raises(TryAgainLater):
        act(open_adapter(key), tmp_path)


@EVERY
@pytest.mark.parametrize("status", [401, 500])
def test_errors_hold_no_secret(key: str, status: int, open_adapter: Open, platform: Platform, tmp_path: Path) -> None:
    platform(key).fault("status", status=status)
    with pytest.raises(ConnectorError) as refused:
        act(open_adapter(key), tmp_path)
    assert CASES[key].account[1] not in f"{refused.value!r} {getattr(refused.value, 'fix', '')}"


def test_item_kinds_and_samples_cover_what_is_exported() -> None:
    assert {data_type for _, data_type in EXPORTS} <= set(SAMPLES) <= set(ITEM_KIND)
