"""A simulated Elevate cluster: its catalog, its configuration, its imports, and the check for harmful ones."""

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from sandbox.platforms.base import PagedDict
from sandbox.platforms.elevate import configuration
from sandbox.platforms.elevate.catalog import CatalogErrors, Format
from sandbox.platforms.elevate.requests import VERBS, ImportRejected

ENTITIES = ("productGroup", "content", "translation")
Entity = tuple[str, str]


@dataclass(slots=True)
class Group:
    """A stored product group: its JSON, and the products that it has in each market."""

    body: bytes
    products: tuple[tuple[str, tuple[str, ...]], ...]
    variants: tuple[str, ...]

    @classmethod
    def of(cls, group: dict[str, Any]) -> "Group":
        products = group["products"]
        return cls(
            orjson.dumps(group),
            tuple((key, tuple(product["markets"])) for key, product in products.items()),
            tuple(key for product in products.values() for key in product["variants"]),
        )

    def without(self, markets: set[str]) -> "Group | None":
        """Return the group without some of its products; None if none are left."""
        group = orjson.loads(self.body)
        for product in group["products"].values():
            product["markets"] = [market for market in product["markets"] if market not in markets]
        return Group.of(group) if any(product["markets"] for product in group["products"].values()) else None

    def entities(self) -> list[Entity]:
        """Return its products and variants as (kind, key)."""
        return [("product", key) for key, _ in self.products] + [("variant", key) for key in self.variants]


@dataclass
class Import:
    """One import as the status call reports it, with its content."""

    id: int
    name: str
    full: bool
    status: str = "WAITING"
    reason: str | None = None
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    operations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERBS, 0))
    forced: bool = False
    xml: bool = False
    compressed: bool = True
    names: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def answer(self) -> dict[str, Any]:
        return {"id": self.id, "status": self.status, "reason": self.reason}

    def state(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "names"}


@dataclass
class StagedImport:
    """The changes of a validated import: entities to set (by kind and key) and keys to remove."""

    groups: dict[str, Group] = field(default_factory=dict)
    other_entities: dict[tuple[str, str], bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    names: dict[tuple[str, str], str] = field(default_factory=dict)


class Cluster:
    """The catalog, the configuration and the imports of one account. `version` is the one that it takes; None before
    the first import."""

    def __init__(self, seed: str, markets: dict[str, list[str]]) -> None:
        self.version: str | None = None
        self.markets = configuration.configured(markets)
        self.groups = PagedDict()
        self.other_entities: dict[tuple[str, str], bytes] = {}
        self.imports: dict[int, Import] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.importing = False
        self._owners: dict[Entity, str] = {}
        self._sizes: Counter[str] = Counter()
        self._ids = itertools.count(random.Random(seed).getrandbits(62))

    @property
    def format(self) -> Format:
        return Format(configuration.locales(self.markets))

    def open_import(self, name: str, *, full: bool, forced: bool, xml: bool) -> Import:
        import_job = Import(next(self._ids), name, full, forced=forced, xml=xml)
        self.imports[import_job.id] = import_job
        return import_job

    def check_unique(self, staged: StagedImport, *, full: bool, problems: CatalogErrors) -> None:
        """Check that product and variant keys are unique in the catalog that would result."""
        owners: dict[Entity, str] = {}
        for group_key, group in staged.groups.items():
            for entity, times in Counter(group.entities()).items():
                remaining_owner = None if full else self._owners.get(entity)
                if remaining_owner in staged.groups or remaining_owner in staged.removed:
                    remaining_owner = None
                if times > 1 or remaining_owner or owners.setdefault(entity, group_key) != group_key:
                    problems.add(*entity, "Duplicate key")

    def check_harmful(self, staged: StagedImport, *, full: bool) -> None:
        """Raise `ImportRejected` if a market would lose half of its products or more."""
        lost: Counter[str] = Counter()
        for group_key in self.groups if full else staged.groups.keys() | staged.removed:
            new = staged.groups.get(group_key)
            kept = dict(new.products) if new else {}
            for key, markets in self.groups[group_key].products if group_key in self.groups else ():
                lost.update(set(markets) - set(kept.get(key, ())))
        for market, removed in lost.items():
            if removed * 2 >= self._sizes[market]:
                raise ImportRejected(
                    f"Potentially harmful import: it removes {removed} of {self._sizes[market]} products "
                    f"in market '{market}'. Use force=true to import anyway."
                )

    def apply(self, staged: StagedImport, *, full: bool) -> None:
        for key in list(self.groups) if full else staged.groups.keys() | staged.removed:
            self._drop(key)
        if full:
            self.other_entities = {}
        for key in staged.removed:
            for kind in ENTITIES[1:]:
                self.other_entities.pop((kind, key), None)
        for key, group in staged.groups.items():
            self.groups[key] = group
            self._owners.update(dict.fromkeys(group.entities(), key))
            for _, markets in group.products:
                self._sizes.update(markets)
        self.other_entities |= staged.other_entities
        self.names |= staged.names  # the latest name applies to the whole catalog

    def _drop(self, key: str) -> None:
        if key not in self.groups:
            return
        group = self.groups[key]
        self.groups.drop(key)
        for entity in group.entities():
            del self._owners[entity]
        for _, markets in group.products:
            self._sizes.subtract(markets)
