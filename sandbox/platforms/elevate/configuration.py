"""Markets and locales of a simulated Elevate cluster (import/configuration, export/configuration).

Documented: exactly one of `replace`, `edit`, `remove`; `replace` removes markets not named; removing a market, or a
locale that no market has any more, deletes its data and fails without `allowDestructiveImport=true`; the export answers
406 without an acceptable encoding. Assumed: the export is `{"replace": {"markets": …}}`, as an import that would
restore it; a market needs a locale; `edit` replaces the locales of a market that it names.
"""

from typing import Any

Markets = dict[str, dict[str, Any]]
VERBS = ("replace", "edit", "remove")


class InvalidConfiguration(Exception):
    """A rejected import of the configuration; the message says why."""


def configured(markets: dict[str, list[str]]) -> Markets:
    """The configuration for markets with their locales."""
    return {name: {"locales": list(locales), "appSettings": {}} for name, locales in markets.items()}


def locales(markets: Markets) -> dict[str, list[str]]:
    return {name: each["locales"] for name, each in markets.items()}


def imported(markets: Markets, body: Any, *, destructive: bool) -> Markets:
    """The markets after an import. Raises `InvalidConfiguration`."""
    if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in VERBS:
        raise InvalidConfiguration("exactly one of replace, edit and remove is expected")
    [(verb, content)] = body.items()
    given = content.get("markets") if isinstance(content, dict) else None
    if verb == "remove":
        if not isinstance(given, list):
            raise InvalidConfiguration("'markets' must be a list of market keys")
        after = {name: each for name, each in markets.items() if name not in given}
    else:
        if not isinstance(given, dict) or not given:
            raise InvalidConfiguration("'markets' must be an object")
        after = dict(markets) if verb == "edit" else {}
        for name, market in given.items():
            after[name] = _market(name, market, after.get(name, {}))
    lost = (markets.keys() - after.keys()) | (_all_locales(markets) - _all_locales(after))
    if lost and not destructive:
        raise InvalidConfiguration(
            f"The import removes {', '.join(sorted(lost))} with all data. Use allowDestructiveImport=true."
        )
    return after


def _market(name: str, market: Any, before: dict[str, Any]) -> dict[str, Any]:
    found = market.get("locales", before.get("locales")) if isinstance(market, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise InvalidConfiguration(f"'{name}': at least one locale is required")
    return {"locales": found, "appSettings": before.get("appSettings", {}) | market.get("appSettings", {})}


def _all_locales(markets: Markets) -> set[str]:
    return {locale for each in markets.values() for locale in each["locales"]}
