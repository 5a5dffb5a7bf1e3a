"""What is imported is declared in pyproject.toml, also where another requirement brings it along."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

DISTRIBUTIONS = packages_distributions()
# Rooms that are no part of the image.
DEVELOPMENT = {"benchmarks", "sandbox", "tests"}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normalised(match[0]) for line in requirements if (match := re.match(r"[\w.-]+", line))}


def imported(path: Path) -> Iterator[str]:
    """The distributions that the file imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules = [node.module]
        for top in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names:
            yield from map(normalised, DISTRIBUTIONS.get(top, []))


def test_what_is_imported_is_declared(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    runtime = declared(project["dependencies"])
    development = runtime | declared(project["optional-dependencies"]["dev"])
    rooms = [folder for folder in root.iterdir() if any(folder.glob("*.py"))]
    assert {"connectors", "tests"} <= {room.name for room in rooms}
    missing = {
        (distribution, str(path.relative_to(root)))
        for room in rooms
        for path in room.rglob("*.py")
        for distribution in set(imported(path)) - (development if room.name in DEVELOPMENT else runtime)
    }
    assert not missing
