"""Writes brands, which are found by name; the vendor takes one a call."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.bigcommerce.categories_and_brands import BRANDS
from connectors.platforms.bigcommerce.client import BigCommerceClient, join
from connectors.platforms.bigcommerce.product_writer import ambiguous_match, refusal_error, removal_outcome

PATH = f"/v3{BRANDS}"

Row = dict[str, Any]


def send_brands(client: BigCommerceClient, operations: Sequence[Operation]) -> list[Outcome]:
    """Link what the store has by name (B5), make what it lacks, change what differs. One listing for all of them."""
    gone = [each.external_id for each in operations if each.action is Action.REMOVE and each.external_id]
    if gone and client.settings.on_removal == "delete":
        client.http.request("DELETE", PATH, params={"id:in": join(gone)})
    wanted = [each for each in operations if each.action is not Action.REMOVE]
    held = {row["id"]: row for row in client.fetch_all(BRANDS, include_fields="name,image_url")} if wanted else {}
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in held.values():
        by_name[row["name"].casefold()].append(row)
    taken: set[int] = set()
    outcomes = []
    for operation in operations:
        if operation.action is Action.REMOVE:
            outcomes.append(removal_outcome(operation))
            continue
        try:
            number = _sync_brand(client, operation, held, by_name, taken)
            taken.add(number)
            outcomes.append(Outcome(external_id=str(number)))
        except Refused as refused:
            outcomes.append(Outcome(error=refusal_error(refused)))
        except SkipRecord as problem:
            outcomes.append(Outcome(error=problem))
    return outcomes


def _sync_brand(
    client: BigCommerceClient,
    operation: Operation,
    held: dict[int, Row],
    by_name: dict[str, list[Row]],
    taken: set[int],
) -> int:
    payload = operation.payload
    linked = int(operation.external_id) if operation.external_id.isdecimal() else 0
    row = held.get(linked) or _match_by_name(payload["name"], by_name)
    if row is None:
        return _create_brand(client, payload)
    if row["id"] in taken:
        raise ambiguous_match("brand", f"The brand {row['id']} of the store is another brand here.")
    if differing := {name: value for name, value in payload.items() if value != row.get(name)}:
        client.http.request("PUT", f"{PATH}/{row['id']}", body=differing)
    return int(row["id"])


def _match_by_name(name: str, by_name: dict[str, list[Row]]) -> Row | None:
    """By its name, in whatever case if that leaves no doubt."""
    candidates = by_name[name.casefold()]
    exact = [row for row in candidates if row["name"] == name]
    if len(exact) == 1 or len(candidates) <= 1:
        return next(iter(exact or candidates), None)
    row_ids = join([row["id"] for row in candidates])
    raise ambiguous_match("brand", f"The store has several brands of this name ({row_ids}), so none was chosen.")


def _create_brand(client: BigCommerceClient, payload: Row) -> int:
    match client.http.request("POST", PATH, body=payload).json():
        case {"data": {"id": int(number)}}:
            return number
    raise TryAgainLater("The store did not say which brand it made.")
