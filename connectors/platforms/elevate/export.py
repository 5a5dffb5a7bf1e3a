"""What a cluster holds, read by v4: its configuration and its catalog (export/configuration, export/catalog)."""

from collections.abc import Sequence
from typing import Any

import orjson

from connectors.sdk.errors import TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

CATALOG = "/api/admin/v4/export/catalog"
CONFIGURATION = "/api/admin/v4/export/configuration"
# The most keys of groups in one call.
MAX_KEYS = 100

Groups = dict[str, dict[str, Any]]


def is_on_v4(http: HttpClient) -> bool:
    """Whether the cluster takes imports by v4. The export answers 405 until the upgrade is complete."""
    try:
        http.get(CATALOG, params={"types": "CONTENT", "limit": "1"})
    except RequestRejected as error:
        if error.status == 405:
            return False
        raise
    return True


def read_markets(http: HttpClient) -> dict[str, list[str]]:
    """Market → its locales. The example of the documentation wraps them in an operation; both forms are read."""
    body = http.get(CONFIGURATION).json()
    if isinstance(body, dict):
        for holder in (body.get("replace"), body.get("edit"), body):
            if isinstance(holder, dict) and isinstance(holder.get("markets"), dict) and holder["markets"]:
                return {name: _locales(each) for name, each in holder["markets"].items()}
        return {}
    raise TryAgainLater("The export of the configuration is not an object.")


def _locales(market: Any) -> list[str]:
    return [str(each) for each in market.get("locales") or []] if isinstance(market, dict) else []


def read_groups(http: HttpClient, *, keys: Sequence[str] = (), limit: int | None = None) -> Groups:
    """Key → product group: all, those with these keys (at most 100, separated by `|`), or the first ones."""
    return read_entities(http, "PRODUCT_GROUPS", "productGroup", keys=keys, limit=limit)


def read_entities(
    http: HttpClient, kind: str, name: str, *, keys: Sequence[str] = (), limit: int | None = None
) -> Groups:
    """Key → entity of one kind. TryAgainLater if a line is not an operation, as in an export that was cut off."""
    query = {"types": kind} | ({"productGroupKeys": "|".join(keys)} if keys else {})
    response = http.get(CATALOG, params=query | ({"limit": str(limit)} if limit else {}))
    found: Groups = {}
    for line in response.content.splitlines():
        if not line.strip():
            continue
        try:
            match orjson.loads(line):
                case {"replace": {"key": str(key), **content}}:
                    entity: Any = content.get(name)
                    if isinstance(entity, dict):
                        found[key] = entity
                    continue
        except orjson.JSONDecodeError as error:
            raise TryAgainLater(f"The export of the catalog is not valid: {error}.") from error
        raise TryAgainLater("The export of the catalog has a line that is not a `replace` instruction.")
    return found
