"""A file server with an external feed of images, as agencies and photographers provide.

Bearer token. `GET /{account}/images.jsonl` or `.csv` returns the file unchanged, or 304 for an `If-Modified-Since` that
is not older than the file. It lists a SKU of each product in the catalog until `POST /_sandbox/files` replaces it.
"""

import base64
import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.catalog import Catalog
from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response, token_matches

KINDS = {"jsonl": "application/jsonl", "csv": "text/csv"}


@dataclass
class File:
    content: bytes
    modified: datetime


class ImageFeed(Platform):
    """The files of each account by their kind."""

    name = "image_feed"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        products = list(Catalog(str(options.seed), options.products, dirty=False).products())
        self.galleries: list[dict[str, Any]] = [
            {"sku": product.variants[0].sku, "images": [{"url": url, "label": product.title} for url in product.images]}
            for product in products
        ]
        self.files = self._fresh()

    def routes(self) -> list[BaseRoute]:
        return [Route("/{account}/images.{kind}", self._file)]

    def control_routes(self) -> list[BaseRoute]:
        return [Route("/_sandbox/files", self._put, methods=["POST"])]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Kind `galleries`: the initial content of the file."""
        if account not in self.accounts or kind != "galleries":
            raise UnknownStateKind(f"accounts: {', '.join(self.accounts)}; kinds: galleries")
        start = int(after or 0)
        following = start + limit
        return self.galleries[start:following], str(following) if following < len(self.galleries) else None

    async def reset(self) -> None:
        self.files = self._fresh()

    def invalid_request(self, problem: Problem) -> Response:
        return json_response({"error": problem.detail}, 400)

    def _fresh(self) -> dict[tuple[str, str], File]:
        now = datetime.now(UTC).replace(microsecond=0)
        lines = b"".join(orjson.dumps(gallery) + b"\n" for gallery in self.galleries)
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["sku", "url", "label", "position"])
        for gallery in self.galleries:
            for position, image in enumerate(gallery["images"]):
                writer.writerow([gallery["sku"], image["url"], image["label"], position])
        contents = {"jsonl": lines, "csv": table.getvalue().encode()}
        return {(name, kind): File(content, now) for name in self.accounts for kind, content in contents.items()}

    async def _file(self, request: Request) -> Response:
        await self.options.latency()
        account, kind = request.path_params["account"], request.path_params["kind"]
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token_matches(given, self.accounts.get(account, "")) or account not in self.accounts:
            return json_response({"error": "the account's token is required as Authorization: Bearer TOKEN"}, 401)
        annotate_call(request, account=account)
        file = self.files.get((account, kind))
        if file is None:
            return json_response({"error": f"files: {', '.join(f'images.{kind}' for kind in KINDS)}"}, 404)
        since = request.headers.get("if-modified-since")
        if since is not None and file.modified <= parsedate_to_datetime(since):
            return Response(status_code=304)
        headers = {"last-modified": format_datetime(file.modified, usegmt=True)}
        return Response(file.content, media_type=KINDS[kind], headers=headers)

    async def _put(self, request: Request) -> Response:
        """Replace a file: `{"account", "kind", "content"}` with the content in base64."""
        body = orjson.loads(await request.body())
        content = base64.b64decode(body["content"])
        self.files[body["account"], body["kind"]] = File(content, datetime.now(UTC).replace(microsecond=0))
        return Response(status_code=204)
