"""Voyado Elevate's Admin API v4 (gzipped JSON Lines) and v3 (XML): atomic imports, one at a time.

Documented by the vendor: the two methods (PUT replaces everything and accepts only `replace`, POST is incremental), the
media type and the mandatory gzip, `blockingTimeout` (0 to 5 minutes, 5 by default), `validationOnly`, `force`, `name`,
the statuses, `errorDetails`, 403 for an invalid Api-Key.

Assumed, since no page says so: `{"remove": {"key": …}}`, and that removing a missing key succeeds; 409 while another
import is running (or waiting, with `--busy wait`), where an upload counts as running from its first byte; the envelope
`{"reason", "errorDetails"}` of a 400 (v3: `{"reason", "errors"}` with messages that quote keys); that the harm check
rejects an import which removes exactly half of a market; `translation` as `{"defaults": {"name"}}`.

Both versions share clusters, imports and statuses. v3 has one method; the document says what it replaces.
"""

import asyncio
import gzip
import io
import itertools
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms import elevate_xml
from sandbox.platforms.base import (
    Options,
    PagedDict,
    Platform,
    UnknownStateKind,
    annotate_call,
    json_response,
    token_matches,
)
from sandbox.platforms.elevate_catalog import CatalogErrors, Format, merge

YIELD_EVERY = 500  # operations processed before other requests get a chance to run
MAX_WAIT_S = 300
VERBS = ("replace", "edit", "remove")
ENTITIES = ("productGroup", "content", "translation")
Entity = tuple[str, str]
DURATION = re.compile(r"PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


class ImportRejected(Exception):
    """A rejected import. `problems` holds the errors in the catalog data, if any."""

    def __init__(self, reason: str, problems: CatalogErrors | None = None, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.problems = problems
        self.status = status

    def response(self, *, xml: bool = False) -> Response:
        if not self.problems:
            return json_response({"reason": self.reason}, self.status)
        details = {"errors": self.problems.texts()} if xml else {"errorDetails": self.problems.details()}
        return json_response({"reason": self.reason, **details}, self.status)


@dataclass(slots=True)
class Group:
    """A stored product group: its JSON, and the products that it has in each market."""

    body: bytes
    products: tuple[tuple[str, tuple[str, ...]], ...]
    variants: tuple[str, ...]

    @classmethod
    def of(cls, group: dict[str, Any]) -> "Group":
        products = group["products"]
        return cls(
            orjson.dumps(group),
            tuple((key, tuple(product["markets"])) for key, product in products.items()),
            tuple(key for product in products.values() for key in product["variants"]),
        )

    def without(self, markets: set[str]) -> "Group | None":
        """Return the group without some of its products; None if none are left."""
        group = orjson.loads(self.body)
        for product in group["products"].values():
            product["markets"] = [market for market in product["markets"] if market not in markets]
        return Group.of(group) if any(product["markets"] for product in group["products"].values()) else None

    def entities(self) -> list[Entity]:
        """Return its products and variants as (kind, key)."""
        return [("product", key) for key, _ in self.products] + [("variant", key) for key in self.variants]


@dataclass
class Import:
    """One import as the status call reports it, with its content."""

    id: int
    name: str
    full: bool
    status: str = "WAITING"
    reason: str | None = None
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    operations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERBS, 0))
    forced: bool = False
    xml: bool = False
    compressed: bool = True
    names: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def answer(self) -> dict[str, Any]:
        return {"id": self.id, "status": self.status, "reason": self.reason}

    def state(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "names"}


@dataclass
class StagedImport:
    """The changes of a validated import: entities to set (by kind and key) and keys to remove."""

    groups: dict[str, Group] = field(default_factory=dict)
    other_entities: dict[tuple[str, str], bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    names: dict[tuple[str, str], str] = field(default_factory=dict)


class Cluster:
    """The catalog and the imports of one account."""

    def __init__(self, seed: str) -> None:
        self.groups = PagedDict()
        self.other_entities: dict[tuple[str, str], bytes] = {}
        self.imports: dict[int, Import] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.running_imports = 0
        self.import_lock = asyncio.Lock()
        self._owners: dict[Entity, str] = {}
        self._sizes: Counter[str] = Counter()
        self._ids = itertools.count(random.Random(seed).getrandbits(62))

    def open_import(self, name: str, *, full: bool, forced: bool, xml: bool) -> Import:
        import_job = Import(next(self._ids), name, full, forced=forced, xml=xml)
        self.imports[import_job.id] = import_job
        return import_job

    def check_unique(self, staged: StagedImport, *, full: bool, problems: CatalogErrors) -> None:
        """Check that product and variant keys are unique in the catalog that would result."""
        owners: dict[Entity, str] = {}
        for group_key, group in staged.groups.items():
            for entity, times in Counter(group.entities()).items():
                remaining_owner = None if full else self._owners.get(entity)
                if remaining_owner in staged.groups or remaining_owner in staged.removed:
                    remaining_owner = None
                if times > 1 or remaining_owner or owners.setdefault(entity, group_key) != group_key:
                    problems.add(*entity, "Duplicate key")

    def check_harmful(self, staged: StagedImport, *, full: bool) -> None:
        """Raise `ImportRejected` if a market would lose half of its products or more."""
        lost: Counter[str] = Counter()
        for group_key in self.groups if full else staged.groups.keys() | staged.removed:
            new = staged.groups.get(group_key)
            kept = dict(new.products) if new else {}
            for key, markets in self.groups[group_key].products if group_key in self.groups else ():
                lost.update(set(markets) - set(kept.get(key, ())))
        for market, removed in lost.items():
            if removed * 2 >= self._sizes[market]:
                raise ImportRejected(
                    f"Potentially harmful import: it removes {removed} of {self._sizes[market]} products "
                    f"in market '{market}'. Use force=true to import anyway."
                )

    def apply(self, staged: StagedImport, *, full: bool) -> None:
        for key in list(self.groups) if full else staged.groups.keys() | staged.removed:
            self._drop(key)
        if full:
            self.other_entities = {}
        for key in staged.removed:
            for kind in ENTITIES[1:]:
                self.other_entities.pop((kind, key), None)
        for key, group in staged.groups.items():
            self.groups[key] = group
            self._owners.update(dict.fromkeys(group.entities(), key))
            for _, markets in group.products:
                self._sizes.update(markets)
        self.other_entities |= staged.other_entities
        self.names |= staged.names  # the latest name applies to the whole catalog

    def _drop(self, key: str) -> None:
        if key not in self.groups:
            return
        group = self.groups[key]
        self.groups.drop(key)
        for entity in group.entities():
            del self._owners[entity]
        for _, markets in group.products:
            self._sizes.subtract(markets)


class Elevate(Platform):
    """All clusters, identified by their Api-Key."""

    name = "elevate"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.format = Format(options.markets)
        self._running: set[asyncio.Task[ImportRejected | None]] = set()
        self._create_clusters()

    def _create_clusters(self) -> None:
        self.clusters = {name: Cluster(f"{self.options.seed}:{name}") for name in self.accounts}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/admin/v4/import/catalog", self._import, methods=["PUT", "POST"]),
            Route("/api/admin/v4/import/status", self._status),
            Route("/api/admin/v3/import/data", self._import_xml, methods=["POST"]),
            Route("/api/admin/v3/import/status", self._status),
        ]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Kinds: `groups` (`{"key", "productGroup"}` by key), `imports` (by ID) and `names` (`{"label", "id",
        "name"}`).
        """
        cluster = self.clusters.get(account)
        if cluster is None or kind not in ("groups", "imports", "names"):
            raise UnknownStateKind(f"accounts: {', '.join(self.clusters)}; kinds: groups, imports, names")
        if kind == "names":
            return [{"label": label, "id": each, "name": name} for (label, each), name in cluster.names.items()], None
        if kind == "imports":
            imports = [one.state() for one in cluster.imports.values() if one.id > int(after or 0)]
            return imports[:limit], imports[limit - 1]["id"] if len(imports) > limit else None
        keys, following = cluster.groups.page(after, limit)
        rows = [{"key": key, "productGroup": orjson.loads(cluster.groups[key].body)} for key in keys]
        return rows, following

    async def reset(self) -> None:
        for task in self._running:
            task.cancel()
        self._create_clusters()

    def invalid_request(self, problem: Problem) -> Response:
        return ImportRejected(problem.detail).response()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()

    def _cluster(self, request: Request) -> Cluster:
        given = request.headers.get("api-key", "")
        for name, token in self.accounts.items():
            if token_matches(given, token):
                annotate_call(request, account=name)
                return self.clusters[name]
        raise ImportRejected("Api-Key could not be validated", status=403)

    async def _status(self, request: Request) -> Response:
        try:
            cluster = self._cluster(request)
        except ImportRejected as error:
            return error.response()
        given = request.query_params.get("id", "")
        if not given.isdecimal():
            return ImportRejected("The query parameter 'id' is required and must be a number").response()
        known = cluster.imports.get(int(given))
        return json_response(known.answer() if known else {"id": int(given), "status": "NOT_FOUND", "reason": None})

    async def _import(self, request: Request) -> Response:
        await self.options.latency()
        full = request.method == "PUT"
        try:
            cluster = self._cluster(request)
            wait = blocking_timeout(request.query_params.get("blockingTimeout"))
            force, only_check = flag(request, "force"), flag(request, "validationOnly")
            check_headers(request)
            if only_check:
                lines = operations(await request.body())
                await self._checked(cluster, Import(0, "", full, forced=force), lines)
                return Response(status_code=204)
            import_job = self._open(cluster, request, full=full, forced=force)
            answer = await self._run(cluster, import_job, request, wait)
            annotate_call(request, items=sum(import_job.operations.values()))
            return answer
        except ImportRejected as error:
            return error.response()

    async def _import_xml(self, request: Request) -> Response:
        """v3: the document says what the import replaces."""
        await self.options.latency()
        try:
            cluster = self._cluster(request)
            wait = blocking_timeout(request.query_params.get("blockingTimeout"))
            force = flag(request, "force")
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/xml":
                raise ImportRejected("Content-Type must be application/xml", status=415)
            import_job = self._open(cluster, request, full=False, forced=force, xml=True)
            import_job.compressed = request.headers.get("content-encoding") == "gzip"
            answer = await self._run(cluster, import_job, request, wait)
            annotate_call(request, items=sum(import_job.operations.values()))
            return answer
        except ImportRejected as error:
            return error.response(xml=True)

    def _open(self, cluster: Cluster, request: Request, *, full: bool, forced: bool, xml: bool = False) -> Import:
        if self.options.busy == "reject" and cluster.running_imports:
            raise ImportRejected("Another import is running", status=409)
        return cluster.open_import(request.query_params.get("name", ""), full=full, forced=forced, xml=xml)

    async def _run(self, cluster: Cluster, import_job: Import, request: Request, wait: float) -> Response:
        """Receive the upload, then run as much of the import as the caller is willing to wait for."""
        cluster.running_imports += 1
        try:
            body = await request.body()
        except ClientDisconnect:
            cluster.running_imports -= 1
            import_job.status, import_job.reason = "FAILURE", "The upload was interrupted"
            raise
        outcome = asyncio.create_task(self._work(cluster, import_job, body))
        self._running.add(outcome)
        outcome.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait([outcome], timeout=wait)
        if not done:
            return json_response(import_job.answer(), 202)
        if error := outcome.result():
            raise error
        return Response(status_code=204)

    async def _work(self, cluster: Cluster, import_job: Import, body: bytes) -> ImportRejected | None:
        """Run an import from its start to its end, possibly beyond the request. Returns why it was rejected, if it
        was.
        """
        try:
            async with cluster.import_lock:
                import_job.status = "IN_PROGRESS"
                await asyncio.sleep(self.options.import_ms / 1000)
                staged = await self._checked(cluster, import_job, self._operations(import_job, body))
                cluster.apply(staged, full=import_job.full)
                import_job.status = "SUCCESS"
        except ImportRejected as error:
            texts = error.problems.texts() if import_job.xml and error.problems else []
            import_job.status, import_job.reason = "FAILURE", "\n".join([error.reason, *texts])
            return error
        except asyncio.CancelledError:
            import_job.status = "ABORTED"
            raise
        finally:
            cluster.running_imports -= 1
        return None

    def _operations(self, import_job: Import, body: bytes) -> Iterable[tuple[str, dict[str, Any]]]:
        if not import_job.xml:
            return operations(body)
        try:
            document = elevate_xml.read(body, compressed=import_job.compressed, markets=self.format.markets)
        except elevate_xml.InvalidDocument as unreadable:
            raise ImportRejected(str(unreadable)) from unreadable
        import_job.full, import_job.names = document.full, document.names
        return document.operations

    async def _checked(
        self, cluster: Cluster, import_job: Import, given: Iterable[tuple[str, dict[str, Any]]]
    ) -> StagedImport:
        """Return the changes that the import would make. Raises `ImportRejected` if anything is invalid or harmful."""
        staged, problems = StagedImport(names=dict(import_job.names)), CatalogErrors()
        seen: set[str] = set()
        for number, (verb, operation) in enumerate(given, 1):
            import_job.operations[verb] += 1
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if import_job.full and verb != "replace":
                raise ImportRejected(f"operation {number}: a full import must only contain 'replace' instructions")
            if operation["key"] in seen:
                problems.add("product group", operation["key"], "Duplicate key")
            seen.add(operation["key"])
            self._stage(cluster, staged, problems, verb, operation)
        if not seen:
            raise ImportRejected("The import contains no operations")
        cluster.check_unique(staged, full=import_job.full, problems=problems)
        if problems:
            raise ImportRejected("The catalog contains errors", problems)
        if not import_job.forced:
            cluster.check_harmful(staged, full=import_job.full)
        return staged

    def _stage(
        self, cluster: Cluster, staged: StagedImport, problems: CatalogErrors, verb: str, operation: dict[str, Any]
    ) -> None:
        key = operation["key"]
        if verb == "remove":
            markets = set(operation.get("markets", self.format.markets))
            left = cluster.groups[key].without(markets) if key in cluster.groups else None
            if left is None:
                staged.removed.add(key)
            else:
                staged.groups[key] = left
            return
        entity = next((name for name in ENTITIES if name in operation), None)
        if entity is None or len(operation) != 2:
            raise ImportRejected(f"'{key}': exactly one of {', '.join(ENTITIES)} is required besides 'key'")
        value = operation[entity]
        if entity == "translation":
            label, separator, identifier = key.partition(":")
            name = value.get("defaults", {}).get("name") if isinstance(value, dict) else None
            if not separator or not isinstance(name, str) or not name:
                raise ImportRejected(f"'{key}': a translation requires a key label:id and a name in its defaults")
            staged.names[label, identifier] = name
        if entity != "productGroup":
            staged.other_entities[entity, key] = orjson.dumps(value)
            return
        if verb == "edit" and key in cluster.groups:
            value = merge(orjson.loads(cluster.groups[key].body), value)
        if self.format.check_group(key, value, problems):
            staged.groups[key] = Group.of(value)


def operations(body: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations of a gzipped JSON Lines body as (verb, content). Raises `ImportRejected` for invalid
    syntax.
    """
    for number, line in enumerate(_lines(body), 1):
        if not line.strip():
            continue
        try:
            operation = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ImportRejected(f"line {number}: not JSON: {error}") from error
        if not isinstance(operation, dict) or len(operation) != 1 or next(iter(operation)) not in VERBS:
            raise ImportRejected(f"line {number}: exactly one of {', '.join(VERBS)} is expected")
        verb, content = next(iter(operation.items()))
        if not isinstance(content, dict) or not isinstance(content.get("key"), str) or not content["key"]:
            raise ImportRejected(f"line {number}: '{verb}' requires a 'key'")
        yield verb, content


def _lines(body: bytes) -> Iterator[bytes]:
    try:
        with gzip.open(io.BytesIO(body)) as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise ImportRejected(f"The request body must be compressed using gzip: {error}") from error


def check_headers(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/jsonlines":
        raise ImportRejected("Content-Type must be application/jsonlines", status=415)
    if request.headers.get("content-encoding") != "gzip":
        raise ImportRejected("Content-Encoding must be gzip", status=415)


def flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise ImportRejected(f"'{name}' must be true or false")
    return given == "true"


def blocking_timeout(given: str | None) -> float:
    """Return the seconds of an ISO 8601 duration such as PT3M or PT30S."""
    if given is None:
        return MAX_WAIT_S
    match = DURATION.fullmatch(given)
    seconds = float(match[1] or 0) * 60 + float(match[2] or 0) if match and given != "PT" else -1
    if not 0 <= seconds <= MAX_WAIT_S:
        raise ImportRejected("'blockingTimeout' must be a duration from PT0S to PT5M")
    return seconds
