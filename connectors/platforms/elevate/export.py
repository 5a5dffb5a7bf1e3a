"""What a cluster holds, read by v4: its configuration and its catalog (export/configuration, export/catalog).

Before a cluster is upgraded, export/upgrade-catalog returns its catalog in the form of v4, as well as it can be
converted.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from connectors.sdk.errors import TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected, Response

CATALOG = "/api/admin/v4/export/catalog"
UPGRADE_CATALOG = "/api/admin/v4/export/upgrade-catalog"
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


def read_groups_to_upgrade(http: HttpClient, *, market: str, locale: str, keys: Sequence[str] = ()) -> Groups:
    """Key → product group of a cluster that is still on v3. The shared values are those of the market and locale."""
    query = {"defaultMarket": market} | ({"defaultLocale": locale} if locale else {})
    return _entities(http.get(UPGRADE_CATALOG, params=query | _selected(keys)), "productGroup")


def read_entities(
    http: HttpClient, kind: str, name: str, *, keys: Sequence[str] = (), limit: int | None = None
) -> Groups:
    """Key → entity of one kind."""
    limited = {"limit": str(limit)} if limit else {}
    return _entities(http.get(CATALOG, params={"types": kind} | _selected(keys) | limited), name)


def _selected(keys: Sequence[str]) -> dict[str, str]:
    return {"productGroupKeys": "|".join(keys)} if keys else {}


def _entities(response: Response, name: str) -> Groups:
    """TryAgainLater if a line is not an operation, as in an export that was cut off."""
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
