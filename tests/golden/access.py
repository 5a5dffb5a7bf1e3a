"""The only place where the golden tests touch the product: all that a change of its interfaces has to follow.

What goes in and out are plain values: rows and settings as dictionaries, payloads and records as JSON.
"""

import ast
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Seller
from accounts.services import SCOPES, create_api_key
from connectors.adapters.factory import account_for, open_adapter
from connectors.adapters.registry import adapters
from connectors.engine import dropship, loading
from connectors.engine.applying import content_hash
from connectors.engine.deciding import digest
from connectors.engine.exporting import config_hash
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Action, Operation
from connectors.sdk.sync_log import LogError, LogUpdate
from connectors.webhooks import schemes
from hub.kinds import ITEM_KIND, DataType, Kind
from hub.models import Connection, Job
from synccenter.api import api
from synclog.issue_catalog import ISSUE_TYPES

ROOT = Path(settings.BASE_DIR)
OURS = (
    "accounts",
    "common",
    "hub",
    "catalog",
    "orders",
    "synclog",
    "connectors",
    "staging_copy",
    "dashboard",
    "synccenter",
)

# What there is


def exports() -> dict[str, list[str]]:
    """Platform → the data types that it exports."""
    return {key: [str(each) for each in adapter.targets()] for key, adapter in adapters().items() if adapter.targets()}


def imports() -> dict[str, list[str]]:
    """Platform → the data types that it imports."""
    return {key: [str(each) for each in adapter.sources()] for key, adapter in adapters().items() if adapter.sources()}


def is_feed(platform: str) -> bool:
    return any(issubclass(target, FeedTarget) for target in adapters()[platform].targets().values())


# Rows


def save(rows: dict[str, list[dict[str, Any]]]) -> None:
    for label, values in rows.items():
        model = apps.get_model(label)
        model._default_manager.bulk_create(model(**each) for each in values)


def save_links(connection_id: int, links: dict[str, dict[int, str]]) -> None:
    values = [
        {"connection_id": connection_id, "kind": kind, "item_id": pk, "external_id": external_id}
        for kind, ids in links.items()
        for pk, external_id in ids.items()
    ]
    save({"hub.Link": values})


def save_target(
    *,
    pk: int,
    seller_id: int,
    platform: str,
    settings: dict[str, Any],
    field_map: dict[str, Any],
    credentials: dict[str, str],
) -> Connection:
    return Connection.objects.create(
        id=pk,
        seller_id=seller_id,
        slug=f"target-{pk}",
        name="Target",
        platform=platform,
        role=adapters()[platform].role,
        base_url="https://target.example",
        settings=settings,
        field_map=field_map,
        credentials=credentials,
        state="active",
    )


# Exports


def payloads(connection: Connection, data_type: str, ids: Sequence[int]) -> dict[str, Any]:
    """Item → payload and the hash by which the engine decides whether it is sent; None: it does not belong there."""
    adapter = open_adapter(connection)
    kind = ITEM_KIND[DataType(data_type)]
    items = loading.load(kind, ids)
    strangers = dropship.restrict_to_vendor(connection, items) if kind == Kind.ORDER else set()
    references = loading.references(connection, items.values())
    found: dict[str, Any] = {}
    for pk in ids:
        if pk in strangers:
            found[str(pk)] = "a stranger's"
            continue
        try:
            payload = adapter.target(DataType(data_type)).payload(items[pk], references)
        except SkipRecord as error:
            found[str(pk)] = {"skipped": error.problem.code}
        else:
            answer = {"payload": orjson.loads(orjson.dumps(payload)), "hash": digest(payload).hex()}
            found[str(pk)] = None if payload is None else answer
    adapter.http.close()
    return found


def hash_of_setup(connection: Connection) -> str:
    """By which a full sync sees that payloads may have changed."""
    return config_hash(Job(connection=connection, filters={"brands": ["Acmé"], "statuses": ["live"]}))


def feed_files(connection: Connection, ids: Sequence[int], folder: Path) -> dict[str, str]:
    """The files of an import of everything, and of one that creates, changes and removes."""
    with pytest.MonkeyPatch.context() as patch:
        # The last day of an old interface is no matter of the format of its files.
        patch.setattr("connectors.platforms.elevate.v3.END_OF_LIFE", date.max)
        adapter = open_adapter(connection)
        target = adapter.target(DataType.PRODUCTS)
        assert isinstance(target, FeedTarget)
        items = loading.load("product", ids)
        references = loading.references(connection, items.values())
        sent = []
        for pk in ids:
            try:
                payload = target.payload(items[pk], references)
            except SkipRecord:
                continue
            if payload is not None:
                sent.append((pk, payload))
        everything = [Operation(Action.CREATE, pk, "", payload) for pk, payload in sent]
        changes = [Operation(Action.UPDATE, pk, f"p{pk}", payload, _as_before(payload)) for pk, payload in sent]
        gone = Operation(Action.REMOVE, 999, "p999", None)
        files = {
            "everything": _feed_file(target, everything, folder, replace_all=True),
            "created": _feed_file(target, everything, folder, replace_all=False),
            "changed": _feed_file(target, changes, folder, replace_all=False),
            "changed and removed": _feed_file(target, [*changes, gone], folder, replace_all=False),
        }
        adapter.http.close()
    return files


def _as_before(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as if its first variant had had another stock."""
    before = deepcopy(payload)
    (product,) = before["productGroup"]["products"].values()
    next(iter(product["variants"].values()))["defaults"]["stock"] = 4711
    return before


def _feed_file(
    target: FeedTarget[Any, Any, Any], operations: Iterable[Operation[Any]], folder: Path, *, replace_all: bool
) -> str:
    path = folder / "feed.gz"
    with target.feed(target.client).open_file(str(path), replace_all=replace_all) as file:
        for operation in operations:
            file.add(target.data_type, operation)
    return gzip.decompress(path.read_bytes()).decode()


def write_sync_log(connection: Connection, data_type: str) -> None:
    """The requests that a target with a sync log receives from the start to the end of a sync."""
    adapter, now = open_adapter(connection), datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    errors = [
        LogError("product:1", "It has no SKU.", title="Lámp", link="https://hub.example/1"),
        LogError("variant:2", "Gone."),
    ]
    assert adapter.sync_log is not None
    log = adapter.sync_log(adapter.client)
    log.start(DataType(data_type), started_at=now, last_finished_at=None)
    log.start(DataType(data_type), started_at=now, last_finished_at=now)
    log.update(DataType(data_type), LogUpdate(errors, ["product:2"]))
    log.update(DataType(data_type), LogUpdate([], [], finished_at=now))
    log.delete_all()
    adapter.http.close()


def sync_logs() -> dict[str, list[str]]:
    """Platform → the data types of which it keeps a log."""
    return {key: sorted(map(str, each.sync_log.names)) for key, each in adapters().items() if each.sync_log}


# Imports


def read(
    *,
    platform: str,
    base_url: str,
    settings: dict[str, Any],
    field_map: dict[str, Any],
    credentials: dict[str, str],
) -> dict[str, Any]:
    """Data type → the records in their order with the hashes that the import stores, and those of records that are
    fetched one by one. `raw` is what was received, and stands as its hash."""
    connection = Connection(
        platform=platform,
        base_url=base_url,
        settings=settings,
        field_map=field_map,
        credentials=credentials,
        slug="source",
        name="Source",
    )
    adapter = open_adapter(connection)
    found = {}
    for data_type in adapter.sources():
        records = [_as_json(record) for record in _records(adapter, data_type)]
        named = [record["record"]["external_id"] for record in records[:3]]
        fetched = {record.external_id: content_hash(record).hex() for record in adapter.source(data_type).fetch(named)}
        found[str(data_type)] = {"records": records, "fetched": fetched}
    adapter.http.close()
    return found


def _records(adapter: Adapter[Any], data_type: DataType) -> Iterator[Any]:
    cursor = None
    while True:
        page = adapter.source(data_type).read_page(since=None, cursor=cursor)
        yield from page.records
        cursor = page.cursor
        if cursor is None:
            return


def _as_json(record: Any) -> dict[str, Any]:
    values = asdict(record)
    values["raw"] = digest(values["raw"]).hex()
    values["problems"] = [{name: each[name] for name in ("code", "fatal", "ref")} for each in values["problems"]]
    return {"record": orjson.loads(orjson.dumps(values, default=str)), "hash": content_hash(record).hex()}


# Feeds


def whole_feeds(seller_id: int) -> dict[str, str]:
    """The outgoing feeds of a seller, as they are answered in each form."""
    _, key = create_api_key(name="golden", seller=Seller.objects.get(pk=seller_id), scopes=["feeds:read"])
    client = Client(headers={"Authorization": f"Bearer {key}"})
    return {
        f"{feed} as {form}": client.get(f"/api/v1/feeds/{feed}/full", {"format": form}).getvalue().decode()
        for feed in ("products", "inventory", "images")
        for form in ("jsonl", "xml")
    }


# Names that leave the process


def stored_choices() -> dict[str, list[str]]:
    """Table and column → the values that it may hold."""
    return {
        f"{model._meta.db_table}.{field.column}": [str(value) for value, _ in field.flatchoices]
        for model in _models()
        for field in model._meta.fields
        if field.choices
    }


def tables() -> dict[str, list[str]]:
    """Table → its columns."""
    return {
        model._meta.db_table: sorted(field.column for field in model._meta.fields if field.column)
        for model in _models()
    }


def _models() -> list[Any]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def tasks() -> list[str]:
    current_app.loader.import_default_modules()
    return sorted(name for name in current_app.tasks if not name.startswith("celery."))


def beat() -> dict[str, Any]:
    return {
        name: {"task": entry["task"], "schedule": str(entry["schedule"]), "options": entry.get("options", {})}
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
    }


def queues() -> dict[str, Any]:
    return {"default": settings.CELERY_TASK_DEFAULT_QUEUE, "routes": settings.CELERY_TASK_ROUTES}


def urls() -> dict[str, str]:
    """Name of a pattern, with its namespaces → its path. The admin's are Django's."""
    return dict(sorted(_patterns(get_resolver(), "", "")))


def _patterns(resolver: URLResolver, prefix: str, space: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            if each.name:
                yield space + each.name, path
        elif each.namespace != "admin":
            yield from _patterns(each, path, f"{space}{each.namespace}:" if each.namespace else space)


def openapi() -> dict[str, Any]:
    """Operations with their parameters and the shapes of what goes in and out; shapes with their properties."""
    document = orjson.loads(orjson.dumps(api.get_openapi_schema(), option=orjson.OPT_NON_STR_KEYS))
    operations = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operations[f"{method.upper()} {path}"] = {
                "id": operation["operationId"],
                "parameters": sorted(f"{each['in']}: {each['name']}" for each in operation.get("parameters", [])),
                "body": _references(operation.get("requestBody", {})),
                "answers": {status: _references(answer) for status, answer in operation["responses"].items()},
            }
    return {"operations": operations, "shapes": {name: _shape(each) for name, each in _components(document)}}


def _components(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(document["components"]["schemas"].items())


def _shape(schema: dict[str, Any]) -> Any:
    """Property → its type; the values of an enumeration."""
    if "properties" in schema:
        required = set(schema.get("required", ()))
        return {
            name: {"required": name in required} | _without_words(each) for name, each in schema["properties"].items()
        }
    return _without_words(schema)


def _without_words(value: Any) -> Any:
    """A schema without what is written for people."""
    if isinstance(value, dict):
        words = {"title", "description", "examples", "example"}
        return {
            name: _without_words(each)
            for name, each in value.items()
            # A property may have the name of one of the keywords; its value is then a schema.
            if name not in words or isinstance(each, dict)
        }
    return [_without_words(each) for each in value] if isinstance(value, list) else value


def _references(value: Any) -> list[str]:
    return sorted(set(re.findall(r"#/components/schemas/([\w.]+)", orjson.dumps(value).decode())))


def permissions() -> list[str]:
    found = Permission.objects.filter(content_type__app_label__in=OURS).values_list(
        "content_type__app_label", "codename"
    )
    return sorted(".".join(each) for each in found)


def scopes() -> list[str]:
    return sorted(SCOPES)


def commands() -> dict[str, list[str]]:
    """Command → its own arguments and options."""
    usual = {option for each in BaseCommand().create_parser("", "")._actions for option in each.option_strings}
    found = {}
    for name, app in sorted(get_commands().items()):
        if app in OURS:
            actions = load_command_class(app, name).create_parser("manage.py", name)._actions
            found[name] = sorted(
                "/".join(each.option_strings) or each.dest for each in actions if not set(each.option_strings) & usual
            )
    return found


def connection_schemas() -> dict[str, Any]:
    """Platform → the settings, credentials and field maps stored in the database, with their defaults."""
    return {
        key: {
            "settings": _schema(adapter.Settings),
            "credentials": sorted(adapter.Credentials.model_fields),
            "field map": _schema(adapter.FieldMap),
        }
        for key, adapter in adapters().items()
    }


def _schema(form: Any) -> Any:
    schema = form.model_json_schema()
    return {
        "properties": _without_words(schema.get("properties", {})),
        "parts": {name: _without_words(each.get("properties", {})) for name, each in schema.get("$defs", {}).items()},
    }


def lanes() -> dict[str, Any]:
    """Platform → the initial values of its jobs, and the lanes that are stored in the database."""
    return {key: _lanes_of(adapter) for key, adapter in sorted(adapters().items())}


def _lanes_of(adapter: type[Adapter[Any]]) -> dict[str, Any]:
    sources, targets = adapter.sources(), adapter.targets()
    schedules = {
        str(each): [stream.full_schedule, getattr(stream, "partial_schedule", "")]
        for each, stream in (targets | sources).items()
    }
    return {
        "imports": {str(each): stream.lane for each, stream in sources.items()},
        "exports": {str(each): stream.lane for each, stream in targets.items()},
        "shards": {str(each): stream.shards for each, stream in targets.items() if stream.shards > 1},
        "batch size": {str(each): stream.batch_size for each, stream in targets.items()},
        "schedules": {each: pair for each, pair in schedules.items() if any(pair)},
        "role": str(adapter.role),
    }


def webhook_schemes(credentials: dict[str, dict[str, str]], setups: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Platform → the names of the schemes by which its calls are trusted; and the names of our own headers."""
    found: dict[str, Any] = {
        "headers": [schemes.SECRET_HEADER, schemes.SIGNATURE_HEADER, schemes.TIMESTAMP_HEADER],
    }
    for key, adapter in adapters().items():
        connection = Connection(
            platform=key,
            base_url="https://platform.example",
            settings=setups[key],
            credentials=credentials[key],
            field_map={},
        )
        found[key] = sorted(adapter.webhooks.secrets(account_for(connection), "own"))
    return found


# Names that occur only in the source code


@cache
def texts_in_source() -> frozenset[str]:
    """Every text constant of the product."""
    return frozenset(
        node.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def _trees() -> tuple[ast.Module, ...]:
    return tuple(
        ast.parse(path.read_text())
        for app in OURS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    )


def environment_names() -> set[str]:
    """The settings that are read from the environment."""
    source = (ROOT / "synccenter" / "settings.py").read_text()
    return set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))


def audit_actions() -> set[str]:
    """What people did, by the names that the audit trail keeps. One with a part that varies ends with a dot."""
    found = set()
    for value in _keywords("action"):
        text = value.values[0] if isinstance(value, ast.JoinedStr) else value
        if isinstance(text, ast.Constant) and re.fullmatch(r"[a-z_]+(\.[a-z_]*)+", str(text.value)):
            found.add(text.value)
    return found


def issue_codes() -> set[str]:
    """The codes of issues, which merchants and their programs see."""
    return set(ISSUE_TYPES)


def _keywords(name: str) -> Iterator[ast.expr]:
    for call in _calls():
        yield from (each for keyword in call.keywords if keyword.arg == name for each in _choices(keyword.value))


def _choices(value: ast.expr) -> list[ast.expr]:
    """The value, or both that a condition chooses from."""
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def _calls() -> Iterator[ast.Call]:
    return (node for tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call))
