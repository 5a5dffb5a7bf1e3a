"""Writes brands, which are found by name; the vendor takes one a call."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.bigcommerce.shop import Shop, join
from connectors.platforms.bigcommerce.taxonomy import BRANDS
from connectors.platforms.bigcommerce.upsert import ambiguous, problem_of, removed

PATH = f"/v3{BRANDS}"

Row = dict[str, Any]


def send_brands(shop: Shop, operations: Sequence[Operation]) -> list[Outcome]:
    """Link what the store has by name (B5), make what it lacks, change what differs. One listing for all of them."""
    gone = [each.external_id for each in operations if each.action is Action.REMOVE and each.external_id]
    if gone and shop.settings.on_removal == "delete":
        shop.http.request("DELETE", PATH, params={"id:in": join(gone)})
    wanted = [each for each in operations if each.action is not Action.REMOVE]
    held = {row["id"]: row for row in shop.everything(BRANDS, include_fields="name,image_url")} if wanted else {}
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in held.values():
        by_name[row["name"].casefold()].append(row)
    taken: set[int] = set()
    outcomes = []
    for operation in operations:
        if operation.action is Action.REMOVE:
            outcomes.append(removed(operation))
            continue
        try:
            number = _settle(shop, operation, held, by_name, taken)
            taken.add(number)
            outcomes.append(Outcome(external_id=str(number)))
        except Refused as refused:
            outcomes.append(Outcome(error=problem_of(refused)))
        except SkipRecord as problem:
            outcomes.append(Outcome(error=problem))
    return outcomes


def _settle(
    shop: Shop, operation: Operation, held: dict[int, Row], by_name: dict[str, list[Row]], taken: set[int]
) -> int:
    payload = operation.payload
    linked = int(operation.external_id) if operation.external_id.isdecimal() else 0
    row = held.get(linked) or _found(payload["name"], by_name)
    if row is None:
        return _made(shop, payload)
    if row["id"] in taken:
        raise ambiguous("brand", f"The brand {row['id']} of the store is another brand here.")
    if differing := {name: value for name, value in payload.items() if value != row.get(name)}:
        shop.http.request("PUT", f"{PATH}/{row['id']}", body=differing)
    return int(row["id"])


def _found(name: str, by_name: dict[str, list[Row]]) -> Row | None:
    """By its name, in whatever case if that leaves no doubt."""
    alike = by_name[name.casefold()]
    exact = [row for row in alike if row["name"] == name]
    if len(exact) == 1 or len(alike) <= 1:
        return next(iter(exact or alike), None)
    numbers = join([row["id"] for row in alike])
    raise ambiguous("brand", f"The store has several brands of this name ({numbers}), so none was chosen.")


def _made(shop: Shop, payload: Row) -> int:
    match shop.http.request("POST", PATH, body=payload).json():
        case {"data": {"id": int(number)}}:
            return number
    raise TryAgainLater("The store did not say which brand it made.")
