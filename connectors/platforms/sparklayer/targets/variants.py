"""Finds the variant that stock and prices belong to."""

from typing import Any

from connectors.platforms.sparklayer.client import UNDOCUMENTED_PATHS, SparkLayerClient
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import RequestRejected

Row = dict[str, Any]


def find_variant(client: SparkLayerClient, external_id: str) -> Row:
    """The variant at SparkLayer; empty if there is none with this ID."""
    try:
        answer = client.call("GET", UNDOCUMENTED_PATHS["variant"], external_id)
    except RequestRejected as error:
        if error.status == 404:
            return {}
        raise
    match answer:
        case {"sku": str()}:
            return answer
    raise TryAgainLater("SparkLayer did not say which SKU the variant has.")
