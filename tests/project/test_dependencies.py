"""Every imported distribution is declared in pyproject.toml, even if it is also a transitive dependency."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

DISTRIBUTIONS = packages_distributions()
# Packages that are not part of the image.
DEVELOPMENT = {"benchmarks", "sandbox", "tests"}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normalised(match[0]) for line in requirements if (match := re.match(r"[\w.-]+", line))}


def imported(path: Path) -> Iterator[frozenset[str]]:
    """For each package that the file imports, the distributions that have it: several for a namespace."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules = [node.module]
        for top in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names:
            yield frozenset(map(normalised, DISTRIBUTIONS.get(top, [])))


def test_imported_distributions_are_declared(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    runtime = declared(project["dependencies"]) | declared(extras["tracing"])
    development = runtime | declared(extras["dev"])
    packages = [folder for folder in root.iterdir() if any(folder.glob("*.py"))]
    assert {"connectors", "tests"} <= {package.name for package in packages}
    missing = {
        (*sorted(distributions), str(path.relative_to(root)))
        for package in packages
        for path in package.rglob("*.py")
        for distributions in set(imported(path))
        if distributions and not distributions & (development if package.name in DEVELOPMENT else runtime)
    }
    assert not missing
