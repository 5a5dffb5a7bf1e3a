"""Metafields of products that hold fields of ours, as the field map says. Others are kept.

Source: https://github.com/bigcommerce/docs, reference/catalog/products_catalog.v3.yml.
"""

from collections.abc import Mapping
from typing import Any

from connectors.platforms.bigcommerce.client import PRODUCTS, Row, TargetClient, join

PATH = f"{PRODUCTS}/metafields"
# The vendor states no limit.
BATCH = 10
# Other apps and people may change it as well.
PERMISSION = "write"


def save_metafields(client: TargetClient, wanted: Mapping[int, Mapping[str, str]]) -> None:
    """`wanted`: product → `namespace.key` → value; an empty value removes the metafield."""
    new: list[Row] = []
    changed: list[Row] = []
    gone: list[int] = []
    for number, values in wanted.items():
        known = {(each["namespace"], each["key"]): each for each in _stored(client, number, values)}
        for name, value in values.items():
            namespace, _, key = name.partition(".")
            row = known.get((namespace, key))
            if row is None and value:
                about = {"permission_set": PERMISSION, "namespace": namespace, "key": key, "value": value}
                new.append(about | {"resource_id": number})
            elif row is not None and not value:
                gone.append(row["id"])
            elif row is not None and row["value"] != value:
                changed.append({"id": row["id"], "value": value})
    calls: tuple[tuple[str, list[Any]], ...] = (("POST", new), ("PUT", changed), ("DELETE", gone))
    for method, bodies in calls:
        for start in range(0, len(bodies), BATCH):
            client.call(method, PATH, body=bodies[start : start + BATCH])


def _stored(client: TargetClient, number: int, values: Mapping[str, str]) -> list[Row]:
    names = [name.partition(".") for name in values]
    query = {
        "namespace:in": join(sorted({namespace for namespace, _, _ in names})),
        "key:in": join(sorted({key for _, _, key in names})),
    }
    return [each for each in client.fetch_all(f"{PRODUCTS}/{number}/metafields", **query) if isinstance(each, dict)]
