"""Only hub.links queries and writes links, so that the rules for them (L9, L16) are in one place.

The admin may show them: it registers the model. The copy to staging may read them in SQL.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("tests", "benchmarks"))
OWNER = ROOT / "hub/links"
MODELS = {"Link", "LinkPayload"}
MANAGERS = {"objects", "_default_manager", "_base_manager", "links"}
WRITES = {"acreate", "bulk_create", "bulk_update", "create", "delete", "get_or_create", "update", "update_or_create"}
SQL_WRITE = re.compile(r"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(ONLY\s+)?hub_link(payload)?\b", re.I)


def violations(source: str) -> list[tuple[int, str]]:
    """(line, what is wrong) for each place that should call hub.links instead."""
    return sorted(_violations(ast.parse(source)))


def _violations(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=model), attr=manager) if model in MODELS and manager in MANAGERS:
                yield node.lineno, f"{model}.{manager}"
            case ast.Call(func=ast.Name(id=model)) if model in MODELS:
                yield node.lineno, f"{model}(...)"
            case ast.Call(func=ast.Attribute(attr=name)) if name in WRITES and _root(node) == "links":
                yield node.lineno, f"links....{name}(...)"
            case ast.Constant(value=str(text)) if SQL_WRITE.search(text):
                yield node.lineno, "SQL that writes links"


def _root(node: ast.expr) -> str:
    """The name that a chain such as `links.of_job(job).filter(pk=1).delete()` starts with."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner):
                node = inner
            case _:
                return ""
    return node.id


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_only_hub_links_touches_links(package: Path) -> None:
    found = {}
    for path in package.rglob("*.py"):
        if OWNER not in path.parents and "migrations" not in path.parts and (wrong := violations(path.read_text())):
            found[path.relative_to(ROOT).as_posix()] = wrong
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "Link.objects.filter(pk=1)",
        "LinkPayload(link=link)",
        "links.of_job(job).filter(pk=1).update(missing=True)",
        'cursor.execute("UPDATE hub_link AS link SET missing = true")',
    ],
)
def test_each_way_around_it_is_found(source: str) -> None:
    assert len(violations(source)) == 1


def test_calls_of_the_package_are_accepted() -> None:
    source = "links.mark_missing(links.of_job(job).filter(pk=1))\ncounts.update(links.item_ids(1, kind, ids))"
    assert violations(source) == []
