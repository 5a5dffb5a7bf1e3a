"""The category tree of one storefront: its current and its future state, and how to change it, fifty categories per
call."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from connectors.platforms.bigcommerce.client import CATEGORIES, TREES, Row, TargetClient, join
from connectors.platforms.bigcommerce.error_messages import rejection_error
from connectors.platforms.bigcommerce.paging import row_ids
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.responses import RequestRejected, Response

CATEGORIES_PER_REQUEST = 50

CategoryPath = tuple[str, ...]


class CategoryTree:
    """The current tree and the tree after the changes. `rows`: ID → `{"id", "parent_id", "name"}`."""

    def __init__(self, client: TargetClient) -> None:
        self.client = client
        self.tree_id = self._fetch_id()
        self.rows = self._fetch_rows()
        self.ids_by_path: dict[CategoryPath, list[int]] = {}
        self.rejected: dict[CategoryPath, SkipRecord] = {}

    def _fetch_id(self) -> int:
        channel = self.client.settings.channel_id
        trees = row_ids(self.client.list_unpaged(TREES, **{"channel_id:in": str(channel)}))
        if not trees:
            raise NeedsAttention(
                f"No category tree belongs to the channel {channel}.",
                fix="Correct the storefront in the settings of the connection.",
            )
        return trees[0]

    def _fetch_rows(self) -> dict[int, Row]:
        """Fetch the whole tree in one call."""
        rows: dict[int, Row] = {}
        waiting = self.client.list_unpaged(f"{TREES}/{self.tree_id}/categories")
        while waiting:
            row = waiting.pop()
            waiting += row["children"]
            rows[row["id"]] = {name: row[name] for name in ("id", "parent_id", "name")}
        return rows

    def predict_paths(self, operations: Iterable[Operation[Row]]) -> None:
        """Compute the path of every category after the linked ones have been renamed and moved."""
        linked = {number: each.content["path"] for each in operations if (number := self._linked(each)) is not None}
        for number, path in linked.items():
            self.rows[number]["name"] = path[-1]
        ids_by_path = defaultdict(list)
        for number in self.rows:
            if number not in linked:
                ids_by_path[_fold(self._category_path(number))].append(number)
        self.ids_by_path = dict(ids_by_path) | {_fold(path): [number] for number, path in linked.items()}

    def find(self, operation: Operation[Row]) -> int | None:
        """The store's category, by its known ID or by its path; None if there is none."""
        linked = self._linked(operation)
        return linked if linked is not None else self._match_by_path(tuple(operation.content["path"]))

    def create_missing(self, operations: Iterable[Operation[Row]]) -> None:
        """Create the missing categories and their missing ancestors, level by level."""
        own = {_fold(each.content["path"]): each.content for each in operations}
        missing: dict[int, dict[CategoryPath, CategoryPath]] = defaultdict(dict)
        for payload in own.values():
            path = tuple(payload["path"])
            for depth in range(1, len(path) + 1):
                if _fold(path[:depth]) not in self.ids_by_path:
                    missing[depth][_fold(path[:depth])] = path[:depth]
        for _, level in sorted(missing.items()):
            bodies: dict[CategoryPath, Row] = {}
            for key, path in level.items():
                try:
                    bodies[key] = self.body(own.get(key) or {"path": path})
                except SkipRecord as problem:
                    self.rejected[key] = problem
            self._post(bodies)

    def id_at(self, path: CategoryPath) -> int:
        """The ID at this path. SkipRecord if there is none, or more than one."""
        found = self._match_by_path(path)
        if found is None:
            raise self.rejected.get(_fold(path)) or SkipRecord(issues.REJECTED(reason="no reason given"))
        return found

    def body(self, payload: Row) -> Row:
        *above, name = payload["path"]
        parent = {"parent_id": self.id_at(tuple(above))} if above else {"parent_id": 0, "tree_id": self.tree_id}
        managed = {key: value for key, value in payload.items() if key != "path"}
        return {"name": name, **parent, **managed}

    def change(self, bodies: dict[int, Row]) -> dict[int, Outcome]:
        """Update the categories. Returns position → outcome."""
        outcomes = {}
        for positions in _chunks(list(bodies)):
            _, errors = self._write("PUT", [bodies[position] for position in positions])
            for index, position in enumerate(positions):
                number = str(bodies[position]["category_id"])
                outcomes[position] = Outcome(external_id=number, error=errors.get(index))
                if index not in errors:
                    self.rows[int(number)]["parent_id"] = bodies[position]["parent_id"]
        return outcomes

    def remove(self, ids: list[int]) -> None:
        """Hide the category, or delete it if the settings say so and it has no descendants that have to be kept."""
        existing = {number for number in ids if number in self.rows}
        hidden = set(existing)
        if self.client.settings.on_removal == "delete":
            hidden = {number for number in existing if self._has_kept_descendants(number, existing)}
            for chunk in _chunks(sorted(existing - hidden)):
                self.client.call("DELETE", CATEGORIES, params={"category_id:in": join(chunk)})
        for chunk in _chunks(sorted(hidden)):
            self._write("PUT", [{"category_id": number, "is_visible": False} for number in chunk])

    def _has_kept_descendants(self, number: int, deleted_ids: set[int]) -> bool:
        """Whether the category has descendants, at any depth, that have to be kept."""
        below = [row["id"] for row in self.rows.values() if row["parent_id"] == number]
        return any(each not in deleted_ids or self._has_kept_descendants(each, deleted_ids) for each in below)

    def _post(self, bodies: dict[CategoryPath, Row]) -> None:
        for keys in _chunks(list(bodies)):
            created, errors = self._write("POST", [bodies[key] for key in keys])
            found = {(row["parent_id"], row["name"]): row["category_id"] for row in created}
            for index, key in enumerate(keys):
                body = bodies[key]
                if index in errors:
                    self.rejected[key] = errors[index]
                elif (number := found.get((body["parent_id"], body["name"]))) is not None:
                    self.rows[number] = {"id": number, "parent_id": body["parent_id"], "name": body["name"]}
                    self.ids_by_path[key] = [number]
                else:
                    raise TryAgainLater("The store did not say which categories it created.")

    def _write(self, method: str, bodies: list[Row]) -> tuple[list[Row], dict[int, SkipRecord]]:
        """Write the categories. Returns what was created and the errors of rejected ones, by position."""
        try:
            answer = _answer(self.client.call(method, CATEGORIES, body=bodies))
        except RequestRejected as error:
            answer = error.body if isinstance(error.body, dict) else {}
            if not (errors := _errors(answer)):
                return [], dict.fromkeys(range(len(bodies)), rejection_error(error))
            return [], errors
        return answer.get("data") or [], _errors(answer)

    def _linked(self, operation: Operation[Row]) -> int | None:
        number = whole_number(operation.external_id) or 0
        return number if number in self.rows else None

    def _match_by_path(self, path: CategoryPath) -> int | None:
        """The category at this path, ignoring case if that is unambiguous. A match is never guessed (B5)."""
        candidates = self.ids_by_path.get(_fold(path), [])
        exact = [number for number in candidates if self._category_path(number) == path]
        if len(exact) == 1 or len(candidates) <= 1:
            return next(iter(exact or candidates), None)
        ids = ", ".join(map(str, candidates))
        raise SkipRecord(issues.AMBIGUOUS_NAME(name=" / ".join(path), ids=ids))

    def _category_path(self, number: int) -> CategoryPath:
        names: list[str] = []
        row = self.rows.get(number)
        while row is not None:
            names.insert(0, row["name"])
            row = self.rows.get(row["parent_id"])
        return tuple(names)


def _answer(response: Response) -> Row:
    body = response.json()
    if not isinstance(body, dict):
        raise TryAgainLater("The store returned categories in an unexpected format.")
    return body


def _errors(answer: Row) -> dict[int, SkipRecord]:
    """`{"errors": {"errors": {"3.name": …}}}`: the position in the call, and the field."""
    inner = answer.get("errors")
    reported = inner.get("errors") if isinstance(inner, dict) else None
    texts: dict[int, list[str]] = defaultdict(list)
    for key, text in reported.items() if isinstance(reported, dict) else ():
        place, _, name = key.partition(".")
        if (position := whole_number(place)) is not None:
            texts[position].append(f"{name}: {text}")
    return {position: SkipRecord(issues.REJECTED(reason=", ".join(each))) for position, each in texts.items()}


def _fold(path: Iterable[str]) -> CategoryPath:
    return tuple(name.casefold() for name in path)


def _chunks(values: list[Any]) -> list[list[Any]]:
    return [values[start : start + CATEGORIES_PER_REQUEST] for start in range(0, len(values), CATEGORIES_PER_REQUEST)]
