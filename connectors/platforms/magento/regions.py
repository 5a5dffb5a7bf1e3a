"""Regions of a country: an address names one by the shop's ID where the shop knows the country's regions.

https://developer.adobe.com/commerce/webapi/rest/ (`directoryCountryInformationAcquirerV1`)
"""

from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.sdk.decoding import whole_number
from connectors.sdk.responses import RequestRejected


def region_of(client: ShopClient, country: str, name: str) -> dict[str, Any]:
    """`{"region", "region_code", "region_id"}` for the name or code of a region; ID 0 if the shop does not know it."""
    rows = _regions(client, country) if country and name else []
    wanted = name.lower()
    for row in rows:
        known = {str(row.get(each)).lower() for each in ("name", "code")}
        if wanted in known and (number := whole_number(row.get("id"))) is not None:
            return {"region": row["name"], "region_code": row["code"], "region_id": number}
    return {"region": name, "region_code": name, "region_id": 0}


def _regions(client: ShopClient, country: str) -> list[dict[str, Any]]:
    try:
        answer = client.http.get(client.path(f"/directory/countries/{country}")).json()
    except RequestRejected as error:
        if error.status == 404:  # the shop does not sell to this country
            return []
        raise
    rows = answer.get("available_regions") if isinstance(answer, dict) else None
    return [row for row in rows or () if isinstance(row, dict) and row.get("name") and row.get("code")]
