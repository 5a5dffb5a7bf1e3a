"""What the documentation of the Admin API leaves open, and how a connection test settles it."""

from typing import Any

from connectors.platforms.elevate import export
from connectors.platforms.elevate.client import ElevateClient
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown

# Groups that are read as a sample.
_SAMPLE = 50


def _version(client: ElevateClient) -> Finding:
    version = "v4" if export.is_on_v4(client.http) else "v3"
    if version == client.settings.api_version:
        return confirmed(f"The cluster takes imports by {version}.")
    return refuted(
        f"The cluster takes imports by {version} only. Otherwise an operator has to move it, by forcing an import.",
        api_version=version,
    )


def _markets(client: ElevateClient) -> Finding:
    configured = export.read_markets(client.http)
    wanted = client.settings.markets
    missing = [each for each in wanted if each not in configured]
    if not missing:
        return confirmed(f"Configured: {', '.join(configured)}.")
    known = ", ".join(configured) or "none"
    kept = [each for each in wanted if each in configured]
    proposal = {"configure_markets": True} if not kept else {"markets": kept}
    return refuted(f"Not configured: {', '.join(missing)}. Markets of the cluster: {known}.", **proposal)


def _group_keys(client: ElevateClient) -> Finding:
    groups = sorted(export.read_groups(client.http, limit=2))
    if len(groups) < 2:
        return unknown("The cluster has fewer than two product groups.")
    if sorted(export.read_groups(client.http, keys=groups)) == groups:
        return confirmed("Two groups were exported by their keys.")
    return refuted("Two groups were not exported by their keys. Comparisons may report products as missing.")


def _images(client: ElevateClient) -> Finding:
    images = [image for product in _products(client) for image in product.get("images") or []]
    if not images:
        return unknown("No exported product has images yet.")
    if all(isinstance(image, dict) and (image.get("defaults") or {}).get("urls") for image in images):
        return confirmed(f"True for {len(images)} exported images.")
    return refuted("Exported images look different. Report this, with the export of one group.")


def _names(name: str, where: str) -> Any:
    def check(client: ElevateClient) -> Finding:
        variants = [each for product in _products(client) for each in (product.get("variants") or {}).values()]
        if any(name in (each.get(where) or {}) for each in variants):
            return confirmed(f"Exported variants have it in their {where}.")
        if any(name in each for each in variants):
            return refuted(f"Exported variants have it outside their {where}. Report this.")
        return unknown("No exported variant has it yet.")

    return check


def _translations(client: ElevateClient) -> Finding:
    keys = export.read_entities(client.http, "TRANSLATIONS", "translation", limit=_SAMPLE).keys()
    if not keys:
        return unknown("The cluster has no translations yet.")
    if all(":" in key for key in keys):
        return confirmed("The exported keys have this form.")
    return refuted("Other exported keys have another form. Names of IDs may not be shown.")


def _products(client: ElevateClient) -> list[dict[str, Any]]:
    groups = export.read_groups(client.http, limit=_SAMPLE).values()
    return [product for group in groups for product in (group.get("products") or {}).values()]


ASSUMPTIONS = (
    Assumption("version", "The cluster takes imports by the version in the settings.", _version),
    Assumption("markets", "The markets in the settings are configured in the cluster.", _markets),
    Assumption("group_keys", "The keys of groups to export are separated by vertical bars.", _group_keys),
    Assumption("images", "The URLs of a product's image stand in its `defaults`.", _images),
    Assumption("size", "The size of a variant is `size` in its `defaults`.", _names("size", "defaults")),
    Assumption(
        "store_stock",
        "The stock of stores is `storeStock` in a variant's `defaults`.",
        _names("storeStock", "defaults"),
    ),
    Assumption(
        "names_of_ids", "In v4, a `translation` with the key `label:ID` names an ID of a custom label.", _translations
    ),
    Assumption("busy_answer", "A cluster that is importing rejects a second import with 409, 423, 429 or 503."),
    Assumption("removal", 'In v4, `{"remove": {"key": …}}` removes a product group.'),
    Assumption("harm_check", "A rejection by the harm check has the word “harmful” in its reason."),
    Assumption("partial_imports", "In v3, incremental imports have the types `partial` and `attributes`."),
)
