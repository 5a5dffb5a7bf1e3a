"""The configuration of a cluster: markets and locales have to exist before a catalog names them."""

import gzip
from typing import Any

import orjson

from connectors.platforms.elevate import export
from connectors.platforms.elevate.settings import FieldMap, Settings
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

PATH = "/api/admin/v4/import/configuration"


def ensure_markets(http: HttpClient, settings: Settings, field_map: FieldMap) -> None:
    """Create the markets and locales that the cluster lacks, if the settings allow it; else NeedsAttention names them.

    Only `edit` is sent, never `allowDestructiveImport`: a market keeps the locales that it has.
    """
    existing = export.read_markets(http)
    missing = {name: wanted for name in settings.markets if (wanted := _lacking(name, existing, settings, field_map))}
    if not missing:
        return
    if not settings.configure_markets:
        listed = ", ".join(f"{name} ({', '.join(locales)})" if locales else name for name, locales in missing.items())
        raise NeedsAttention(
            f"Not configured in Elevate: {listed}.",
            fix="Add the markets and languages in Elevate under Admin, Configuration, correct the settings, or turn on "
            "“Create missing markets”.",
        )
    markets = {name: _market(name, existing.get(name, []), lacking, field_map) for name, lacking in missing.items()}
    _import(http, {"edit": {"markets": markets}}, settings)


def _lacking(name: str, existing: dict[str, list[str]], settings: Settings, field_map: FieldMap) -> list[str] | None:
    """The locales that the market lacks; an empty list for a market that is missing and needs none; None if nothing is
    missing."""
    own = field_map.markets[name].locales if name in field_map.markets else ()
    wanted = list(dict.fromkeys(own or ((settings.locale,) if settings.locale else ())))
    lacking = [locale for locale in wanted if locale not in existing.get(name, [])]
    return lacking if lacking or name not in existing else None


def _market(name: str, locales: list[str], lacking: list[str], field_map: FieldMap) -> dict[str, Any]:
    own = field_map.markets.get(name)
    about = {"name": own.name, "currency": own.currency} if own else {}
    app_settings = {each: value for each, value in about.items() if value}
    return {"locales": [*locales, *lacking]} | ({"appSettings": app_settings} if app_settings else {})


def _import(http: HttpClient, content: dict[str, Any], settings: Settings) -> None:
    try:
        response = http.request(
            "POST",
            PATH,
            params={"blockingTimeout": f"PT{settings.blocking_timeout}S", "name": "synccenter-markets"},
            data=gzip.compress(orjson.dumps(content)),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
    except RequestRejected as error:
        if error.status == 409:
            raise TryAgainLater("Another import is running.", sent=False, status=error.status) from error
        raise NeedsAttention(
            f"Elevate did not create the markets: {error.response.text(300)}",
            fix="Correct the markets in the field mapping, or create them in Elevate.",
        ) from error
    if response.status == 202:
        raise TryAgainLater("Elevate is still creating the markets.", sent=False)
