"""Display names of IDs in an import of a search feed: each ID has one name; a changed name is reported (F4).

The vendor applies the latest name to the whole catalog and rejects an import in which an ID has two names.
"""

from collections.abc import Collection, Iterable
from typing import Any

from connectors.engine.deciding import Step, digest
from connectors.models import FeedName
from connectors.sdk import issues
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.records import Problem
from hub.models import Job

Key = tuple[str, str]


class ImportNames:
    """The names used in one import. Each name is held once, however many items use it."""

    def __init__(self, job: Job, target: FeedTarget[Any, Any, Any]) -> None:
        self.job = job
        self.target = target
        self._used_names: dict[Key, str] = {}

    def unify(self, steps: Iterable[Step]) -> dict[int, list[Problem]]:
        """Replace names in these payloads by those that the import has already used. Returns item ID → warnings."""
        payloads = [(step, step.operation.payload) for step in steps if step.operation.payload is not None]
        first = {key for _, payload in payloads for key in self._names(payload)} - self._used_names.keys()
        known = known_names(self.job, first)
        problems_by_item: dict[int, list[Problem]] = {}
        for step, payload in payloads:
            names = self._names(payload)
            problems = []
            for key, name in names.items():
                used_name = self._used_names.setdefault(key, name)
                if used_name != name:
                    problems.append(_two_names(key, used_name, name))
                elif (previous := known.pop(key, name)) != name:
                    problems.append(_new_name(key, previous, name))
            if problems:
                problems_by_item[step.change.item_id] = problems
                step.operation.payload = self.target.replace_names(
                    payload, {key: self._used_names[key] for key in names}
                )
                step.digest = digest(step.operation.payload)
        return problems_by_item

    def save_names(self, payloads: Iterable[Any]) -> None:
        """Store the names of a successful import: the search engine has them now."""
        names = {key: name for payload in payloads if payload is not None for key, name in self._names(payload).items()}
        known = known_names(self.job, names.keys())
        FeedName.objects.bulk_create(
            [
                FeedName(job=self.job, attribute=attribute, value=value, name=name)
                for (attribute, value), name in sorted(names.items())
                if known.get((attribute, value)) != name
            ],
            update_conflicts=True,
            unique_fields=["job", "attribute", "value"],
            update_fields=["name"],
        )

    def _names(self, payload: Any) -> dict[Key, str]:
        return self.target.read_names(payload)


def known_names(job: Job, keys: Collection[Key]) -> dict[Key, str]:
    """The names that earlier imports gave to these IDs."""
    if not keys:
        return {}
    rows = FeedName.objects.filter(job=job, attribute__in={a for a, _ in keys}, value__in={v for _, v in keys})
    found = {(attribute, value): name for attribute, value, name in rows.values_list("attribute", "value", "name")}
    return {key: found[key] for key in keys if key in found}


def _two_names(key: Key, used_name: str, name: str) -> Problem:
    attribute, value = key
    return issues.TWO_NAMES(attribute=attribute, value=value, used=used_name, name=name)


def _new_name(key: Key, previous: str, name: str) -> Problem:
    attribute, value = key
    return issues.NAME_CHANGED(attribute=attribute, value=value, before=previous, name=name)
