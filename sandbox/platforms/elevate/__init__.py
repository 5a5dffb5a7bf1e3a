"""Voyado Elevate's Admin API v4 (gzipped JSON Lines) and v3 (XML): atomic imports, one at a time.

Documented by the vendor: the two methods (PUT replaces everything and accepts only `replace`, POST is incremental), the
media type and the mandatory gzip, `blockingTimeout` (0 to 5 minutes, 5 by default), `validationOnly`, `force`, `name`,
the statuses, `errorDetails`, 403 for an invalid Api-Key. A cluster takes one version: 405 for the other, and for the
export of v4, until a PUT of v4 or a full import of v3 with `downgrade=true`. 409 while another import is running (so
says import/product-sets).

Assumed, since no page says so: `{"remove": {"key": …}}`, and that removing a missing key succeeds; that a cluster which
was never imported to takes either version; that an upload counts as running from its first byte; the envelope
`{"reason", "errorDetails"}` of a 400 (v3: `{"reason", "errors"}` with messages that quote keys); that the harm check
rejects an import which removes exactly half of a market; `translation` as `{"defaults": {"name"}}`.

Both versions share clusters, imports and statuses. v3 has one method; the document says what it replaces. Control
route: `POST version {"account", "version"}` puts a cluster on a version, as another system would.
"""

import asyncio
import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.lines import LineSchema
from sandbox.contracts.problems import Problem
from sandbox.platforms.base import (
    Options,
    Platform,
    UnknownStateKind,
    annotate_call,
    json_response,
    token_matches,
)
from sandbox.platforms.elevate import configuration, v3_documents
from sandbox.platforms.elevate.catalog import CatalogErrors, merge
from sandbox.platforms.elevate.cluster import ENTITIES, Cluster, Group, Import, StagedImport
from sandbox.platforms.elevate.requests import ImportRejected, blocking_timeout, check_headers, flag, operations

YIELD_EVERY = 500  # operations processed before other requests get a chance to run


# A cluster that is not on v4 answers this to increments and exports of v4; one on v4 to imports of v3.
WRONG_VERSION = ImportRejected("The cluster does not take this version of the API", status=405)
KINDS = ("PRODUCT_GROUPS", "CONTENT", "TRANSLATIONS")
MAX_EXPORT_KEYS = 100
UPGRADE_CATALOG = "/api/admin/v4/export/upgrade-catalog"


class Elevate(Platform):
    """All clusters, identified by their Api-Key."""

    name = "elevate"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.lines = LineSchema(self.name, "operation") if options.contract == "enforce" else None
        self._running: set[asyncio.Task[ImportRejected | None]] = set()
        self._finish_imports = asyncio.Event()
        self._create_clusters()

    def _create_clusters(self) -> None:
        self.clusters = {name: Cluster(f"{self.options.seed}:{name}", self.options.markets) for name in self.accounts}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/admin/v4/import/catalog", self._import, methods=["PUT", "POST"]),
            Route("/api/admin/v4/import/configuration", self._configure, methods=["POST"]),
            Route("/api/admin/v4/import/status", self._status),
            Route("/api/admin/v4/export/catalog", self._export),
            Route(UPGRADE_CATALOG, self._export),
            Route("/api/admin/v4/export/configuration", self._export_configuration),
            Route("/api/admin/v3/import/data", self._import_xml, methods=["POST"]),
            Route("/api/admin/v3/import/status", self._status),
        ]

    def control_routes(self) -> list[BaseRoute]:
        async def version(request: Request) -> Response:
            body = orjson.loads(await request.body())
            self.clusters[body["account"]].version = body["version"]
            return json_response({"version": body["version"]})

        async def finish_imports(request: Request) -> Response:
            """`POST /_sandbox/finish-imports`: the imports under way, and later ones, take no more time."""
            self._finish_imports.set()
            return Response(status_code=204)

        return [
            Route("/_sandbox/version", version, methods=["POST"]),
            Route("/_sandbox/finish-imports", finish_imports, methods=["POST"]),
        ]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Kinds: `groups` (`{"key", "productGroup"}` by key), `imports` (by ID), `names` (`{"label", "id", "name"}`),
        `markets` (`{"market", "locales", "appSettings"}`) and `version` (of the API that the cluster takes).
        """
        cluster = self.clusters.get(account)
        kinds = ("groups", "imports", "names", "markets", "version")
        if cluster is None or kind not in kinds:
            raise UnknownStateKind(f"accounts: {', '.join(self.clusters)}; kinds: {', '.join(kinds)}")
        if kind == "version":
            return [{"version": cluster.version}], None
        if kind == "markets":
            return [{"market": name} | each for name, each in cluster.markets.items()], None
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
        self._finish_imports.clear()
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
            if cluster.version == "v3" and not full:
                raise WRONG_VERSION
            if only_check:
                lines = self._validated(operations(await request.body()))
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
            force, downgrade = flag(request, "force"), flag(request, "downgrade")
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/xml":
                raise ImportRejected("Content-Type must be application/xml", status=415)
            if cluster.version == "v4" and not downgrade:
                raise WRONG_VERSION
            import_job = self._open(cluster, request, full=False, forced=force, xml=True)
            import_job.compressed = request.headers.get("content-encoding") == "gzip"
            answer = await self._run(cluster, import_job, request, wait)
            annotate_call(request, items=sum(import_job.operations.values()))
            return answer
        except ImportRejected as error:
            return error.response(xml=True)

    def _open(self, cluster: Cluster, request: Request, *, full: bool, forced: bool, xml: bool = False) -> Import:
        if cluster.importing:
            raise ImportRejected("Another import is running", status=409)
        return cluster.open_import(request.query_params.get("name", ""), full=full, forced=forced, xml=xml)

    async def _run(self, cluster: Cluster, import_job: Import, request: Request, wait: float) -> Response:
        """Receive the upload, then run as much of the import as the caller is willing to wait for."""
        cluster.importing = True
        try:
            body = await request.body()
        except ClientDisconnect:
            cluster.importing = False
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
            import_job.status = "IN_PROGRESS"
            with suppress(TimeoutError):
                await asyncio.wait_for(self._finish_imports.wait(), self.options.import_ms / 1000)
            staged = await self._checked(cluster, import_job, self._operations(cluster, import_job, body))
            cluster.apply(staged, full=import_job.full)
            cluster.version = "v3" if import_job.xml else "v4"
            import_job.status = "SUCCESS"
        except ImportRejected as error:
            texts = error.problems.texts() if import_job.xml and error.problems else []
            import_job.status, import_job.reason = "FAILURE", "\n".join([error.reason, *texts])
            return error
        except asyncio.CancelledError:
            import_job.status = "ABORTED"
            raise
        finally:
            cluster.importing = False
        return None

    def _operations(self, cluster: Cluster, import_job: Import, body: bytes) -> Iterable[tuple[str, dict[str, Any]]]:
        if not import_job.xml:
            return self._validated(operations(body))
        try:
            document = v3_documents.read(body, compressed=import_job.compressed, markets=cluster.format.markets)
        except v3_documents.InvalidDocument as unreadable:
            raise ImportRejected(str(unreadable)) from unreadable
        if cluster.version == "v4" and not document.full:
            raise ImportRejected("Only a full import can downgrade the cluster")
        import_job.full, import_job.names = document.full, document.names
        return document.operations

    def _validated(self, given: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The operations, as long as each follows the contract."""
        for number, (verb, content) in enumerate(given, 1):
            if self.lines and (problem := self.lines.problem({verb: content})):
                raise ImportRejected(f"line {number}: {problem}")
            yield verb, content

    async def _configure(self, request: Request) -> Response:
        try:
            cluster = self._cluster(request)
            blocking_timeout(request.query_params.get("blockingTimeout"))
            if cluster.importing:
                raise ImportRejected("An import is currently in progress", status=409)
            if request.headers.get("content-encoding") != "gzip":
                raise ImportRejected("Content must be gzip encoded")
            body = orjson.loads(gzip.decompress(await request.body()))
            destructive = flag(request, "allowDestructiveImport")
            cluster.markets = configuration.imported(cluster.markets, body, destructive=destructive)
        except ImportRejected as error:
            return error.response()
        except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as error:
            return ImportRejected(f"The request body cannot be read: {error}").response()
        except configuration.InvalidConfiguration as error:
            return ImportRejected(str(error)).response()
        return Response(status_code=204)

    async def _export_configuration(self, request: Request) -> Response:
        try:
            cluster = self._cluster(request)
        except ImportRejected as error:
            return error.response()
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return ImportRejected("No acceptable encoding in Accept-Encoding", status=406).response()
        return json_response({"replace": {"markets": cluster.markets}})

    async def _export(self, request: Request) -> Response:
        """`limit` is of each kind; a missing key is left out. The catalog to upgrade is exported in either version."""
        try:
            cluster = self._cluster(request)
            if cluster.version == "v3" and request.url.path != UPGRADE_CATALOG:
                raise WRONG_VERSION
            kinds = request.query_params.get("types", ",".join(KINDS)).split(",")
            if unknown := set(kinds) - set(KINDS):
                raise ImportRejected(f"Unknown types: {', '.join(unknown)}")
            keys = [each for each in request.query_params.get("productGroupKeys", "").split("|") if each]
            if len(keys) > MAX_EXPORT_KEYS:
                raise ImportRejected(f"At most {MAX_EXPORT_KEYS} product group keys are allowed")
            limit = request.query_params.get("limit")
            if limit is not None and not limit.isdecimal():
                raise ImportRejected("'limit' must be a number")
        except ImportRejected as error:
            return error.response()
        groups = {key: cluster.groups[key] for key in keys if key in cluster.groups} if keys else cluster.groups
        found: dict[str, list[dict[str, Any]]] = {
            "PRODUCT_GROUPS": [
                {"key": key, "productGroup": orjson.loads(group.body)} for key, group in sorted(groups.items())
            ],
            "CONTENT": _entities(cluster, "content"),
            "TRANSLATIONS": _entities(cluster, "translation"),
        }
        lines = [{"replace": each} for kind in kinds for each in found[kind][: int(limit) if limit else None]]
        if self.lines and (problem := next(filter(None, map(self.lines.problem, lines)), "")):
            raise AssertionError(f"The export breaks the contract: {problem}")
        body = b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in lines)
        return Response(body, 200, {"content-type": "application/jsonlines"})

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
            markets = set(operation.get("markets", cluster.markets))
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
        if cluster.format.check_group(key, value, problems):
            staged.groups[key] = Group.of(value)


def _entities(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    stored = sorted((key, body) for (kind, key), body in cluster.other_entities.items() if kind == name)
    return [{"key": key, name: orjson.loads(body)} for key, body in stored]
