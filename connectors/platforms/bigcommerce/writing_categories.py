"""Writes categories into the tree of one storefront, where they are found by path; fifty a call."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import Refused, Response
from connectors.platforms.bigcommerce.reading import numbers
from connectors.platforms.bigcommerce.shop import Shop, join
from connectors.platforms.bigcommerce.taxonomy import CATEGORIES
from connectors.platforms.bigcommerce.upsert import ambiguous, problem_of, removed

PATH = f"/v3{CATEGORIES}"
A_CALL = 50

Row = dict[str, Any]
Trail = tuple[str, ...]


def send_categories(shop: Shop, operations: Sequence[Operation]) -> list[Outcome]:
    """Link what the store has at the same path (B5), make what it lacks with all that is above it, change the rest."""
    tree_id = _tree_of(shop)
    rows = _rows_of(shop, tree_id)
    writer = _Writer(shop, tree_id, rows)
    outcomes: dict[int, Outcome] = {}
    wanted = [place for place, each in enumerate(operations) if each.action is not Action.REMOVE]
    writer.foresee([operations[place] for place in wanted])
    numbers_of: dict[int, int | None] = {}
    for place in wanted:
        try:
            found = writer.find(operations[place])
            if found is not None and found in numbers_of.values():
                raise ambiguous("category", f"The category {found} of the store is another category here.")
            numbers_of[place] = found
        except SkipRecord as problem:
            outcomes[place] = Outcome(error=problem)
    writer.make([operations[place] for place in numbers_of])
    bodies: dict[int, Row] = {}
    for place, number in numbers_of.items():
        payload = operations[place].payload
        try:
            if number is None:
                outcomes[place] = Outcome(external_id=str(writer.number_at(tuple(payload["path"]))))
            else:
                bodies[place] = writer.body(payload) | {"category_id": number}
        except SkipRecord as problem:
            outcomes[place] = Outcome(error=problem)
    outcomes |= writer.change(bodies)
    gone = {place: each for place, each in enumerate(operations) if each.action is Action.REMOVE}
    writer.remove([int(each.external_id) for each in gone.values() if each.external_id.isdecimal()])
    outcomes |= {place: removed(each) for place, each in gone.items()}
    return [outcomes[place] for place in range(len(operations))]


def _tree_of(shop: Shop) -> int:
    channel = shop.settings.channel_id
    trees = numbers(shop.unpaged("/catalog/trees", **{"channel_id:in": str(channel)}))
    if not trees:
        raise NeedsAttention(
            f"No category tree belongs to the channel {channel}.",
            mend="Correct the storefront in the connection's settings.",
        )
    return trees[0]


def _rows_of(shop: Shop, tree_id: int) -> dict[int, Row]:
    """The whole tree in one call: id → `{"id", "parent_id", "name"}`."""
    rows: dict[int, Row] = {}
    waiting = shop.unpaged(f"/catalog/trees/{tree_id}/categories")
    while waiting:
        row = waiting.pop()
        waiting += row["children"]
        rows[row["id"]] = {name: row[name] for name in ("id", "parent_id", "name")}
    return rows


class _Writer:
    """A tree as it is, and as it will be."""

    def __init__(self, shop: Shop, tree_id: int, rows: dict[int, Row]) -> None:
        self.shop = shop
        self.tree_id = tree_id
        self.rows = rows
        self.at: dict[Trail, list[int]] = {}
        self.refused: dict[Trail, SkipRecord] = {}

    def foresee(self, operations: Iterable[Operation]) -> None:
        """Where everything stands once those that are linked have their new names and places."""
        linked = {number: each.payload["path"] for each in operations if (number := self._linked(each)) is not None}
        for number, path in linked.items():
            self.rows[number]["name"] = path[-1]
        at = defaultdict(list)
        for number in self.rows:
            if number not in linked:
                at[_fold(self._trail(number))].append(number)
        self.at = dict(at) | {_fold(path): [number] for number, path in linked.items()}

    def find(self, operation: Operation) -> int | None:
        """The store's category, by the id that we know or by its path; None if there is none."""
        linked = self._linked(operation)
        return linked if linked is not None else self._found(tuple(operation.payload["path"]))

    def make(self, operations: Iterable[Operation]) -> None:
        """What is missing on the way to these, and these, level by level."""
        own = {_fold(each.payload["path"]): each.payload for each in operations}
        missing: dict[int, dict[Trail, Trail]] = defaultdict(dict)
        for payload in own.values():
            path = tuple(payload["path"])
            for depth in range(1, len(path) + 1):
                if _fold(path[:depth]) not in self.at:
                    missing[depth][_fold(path[:depth])] = path[:depth]
        for _, level in sorted(missing.items()):
            bodies: dict[Trail, Row] = {}
            for key, path in level.items():
                try:
                    bodies[key] = self.body(own.get(key) or {"path": path})
                except SkipRecord as problem:
                    self.refused[key] = problem
            self._post(bodies)

    def number_at(self, path: Trail) -> int:
        """SkipRecord if there is none, or more than one."""
        found = self._found(path)
        if found is None:
            raise self.refused.get(_fold(path)) or SkipRecord("The store did not take it.", code="refused")
        return found

    def body(self, payload: Row) -> Row:
        *above, name = payload["path"]
        place = {"parent_id": self.number_at(tuple(above))} if above else {"parent_id": 0, "tree_id": self.tree_id}
        managed = {key: value for key, value in payload.items() if key != "path"}
        return {"name": name, **place, **managed}

    def change(self, bodies: dict[int, Row]) -> dict[int, Outcome]:
        """Place → what became of it."""
        outcomes = {}
        for places in _chunks(list(bodies)):
            _, errors = self._write("PUT", [bodies[place] for place in places])
            for index, place in enumerate(places):
                number = str(bodies[place]["category_id"])
                outcomes[place] = Outcome(external_id=number, error=errors.get(index))
                if index not in errors:
                    self.rows[int(number)]["parent_id"] = bodies[place]["parent_id"]
        return outcomes

    def remove(self, ids: list[int]) -> None:
        """Hidden, or deleted where the connection says so and nothing of the store stands below."""
        there = {number for number in ids if number in self.rows}
        hidden = set(there)
        if self.shop.settings.on_removal == "delete":
            hidden = {number for number in there if self._carries(number, there)}
            for chunk in _chunks(sorted(there - hidden)):
                self.shop.http.request("DELETE", PATH, params={"category_id:in": join(chunk)})
        for chunk in _chunks(sorted(hidden)):
            self._write("PUT", [{"category_id": number, "is_visible": False} for number in chunk])

    def _carries(self, number: int, doomed: set[int]) -> bool:
        """Whether something stands below it, however deep, that is to stay."""
        below = [row["id"] for row in self.rows.values() if row["parent_id"] == number]
        return any(each not in doomed or self._carries(each, doomed) for each in below)

    def _post(self, bodies: dict[Trail, Row]) -> None:
        for keys in _chunks(list(bodies)):
            made, errors = self._write("POST", [bodies[key] for key in keys])
            found = {(row["parent_id"], row["name"]): row["category_id"] for row in made}
            for index, key in enumerate(keys):
                body = bodies[key]
                if index in errors:
                    self.refused[key] = errors[index]
                elif (number := found.get((body["parent_id"], body["name"]))) is not None:
                    self.rows[number] = {"id": number, "parent_id": body["parent_id"], "name": body["name"]}
                    self.at[key] = [number]
                else:
                    raise TryAgainLater("The store did not say which categories it made.")

    def _write(self, method: str, bodies: list[Row]) -> tuple[list[Row], dict[int, SkipRecord]]:
        """What was made, and what is wrong with those that were not taken, by their place."""
        try:
            answer = _answer(self.shop.http.request(method, PATH, body=bodies))
        except Refused as refused:
            answer = refused.body if isinstance(refused.body, dict) else {}
            if not (errors := _errors(answer)):
                return [], dict.fromkeys(range(len(bodies)), problem_of(refused))
            return [], errors
        return answer.get("data") or [], _errors(answer)

    def _linked(self, operation: Operation) -> int | None:
        number = int(operation.external_id) if operation.external_id.isdecimal() else 0
        return number if number in self.rows else None

    def _found(self, path: Trail) -> int | None:
        """By its path, in whatever case if that leaves no doubt."""
        alike = self.at.get(_fold(path), [])
        exact = [number for number in alike if self._trail(number) == path]
        if len(exact) == 1 or len(alike) <= 1:
            return next(iter(exact or alike), None)
        where = " / ".join(path)
        raise ambiguous("category", f"The store has several categories {where} ({join(alike)}), so none was chosen.")

    def _trail(self, number: int) -> Trail:
        names: list[str] = []
        row = self.rows.get(number)
        while row is not None:
            names.insert(0, row["name"])
            row = self.rows.get(row["parent_id"])
        return tuple(names)


def _answer(response: Response) -> Row:
    body = response.json()
    if not isinstance(body, dict):
        raise TryAgainLater("The store answered categories in a shape that is not the vendor's.")
    return body


def _errors(answer: Row) -> dict[int, SkipRecord]:
    """`{"errors": {"errors": {"3.name": …}}}`: the place in the call, and the field."""
    inner = answer.get("errors")
    told = inner.get("errors") if isinstance(inner, dict) else None
    texts: dict[int, list[str]] = defaultdict(list)
    for key, text in told.items() if isinstance(told, dict) else ():
        place, _, name = key.partition(".")
        if place.isdecimal():
            texts[int(place)].append(f"{name}: {text}")
    mend = "Correct the category; it is sent again as soon as it changes."
    return {
        place: SkipRecord(f"The store refuses it: {', '.join(each)}", code="refused", mend=mend)
        for place, each in texts.items()
    }


def _fold(path: Iterable[str]) -> Trail:
    return tuple(name.casefold() for name in path)


def _chunks(values: list[Any]) -> list[list[Any]]:
    return [values[start : start + A_CALL] for start in range(0, len(values), A_CALL)]
