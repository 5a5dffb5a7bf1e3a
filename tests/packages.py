"""Packages of PyPI for tests, apart from those of the project: installed once into a cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


def python_packages(*requirements: str, cache: Path) -> Path:
    """The folder where these packages and what they need are installed.

    Raises subprocess.CalledProcessError when the installation fails.
    """
    name = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:8]
    folder = cache / f"{requirements[0].partition('==')[0]}-{name}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        run([*_installer(), "install", "--quiet", "--target", str(unfinished), *requirements], cache)
        unfinished.rename(folder)
    return folder


def _installer() -> list[str]:
    """A virtual environment that uv made has no pip."""
    return ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def run(command: list[str], cwd: Path, **environment: str) -> str:
    """What a command prints. Raises subprocess.CalledProcessError when it fails."""
    return subprocess.run(
        command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ).stdout
