"""`./dev bench`: lists the benchmarks, or runs one on a private PostgreSQL and Redis."""

import argparse
import ast
import importlib
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connections

from benchmarks import reporting
from synccenter import embedded

_HERE = Path(__file__).resolve().parent
_NO_MEASUREMENTS = {"__main__", "bare_view", "machines", "reporting", "sample_data"}


def measurements() -> dict[str, str]:
    """Maps the names of all benchmarks to the first line of their docstrings."""
    return {
        found.name: _first_line(_HERE / f"{found.name}.py")
        for found in pkgutil.iter_modules([str(_HERE)])
        if found.name not in _NO_MEASUREMENTS
    }


def measure(name: str, argv: list[str]) -> dict[str, Any]:
    """Runs a benchmark with new services and an empty, migrated database, and returns its report."""
    var = _HERE.parent / "var" / "bench"
    var.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=var))
    own.chmod(0o755)
    with embedded.running(own, throwaway=True) as services:
        os.environ.update(services.environment(), SYNCCENTER_VAR=str(own), ENVIRONMENT="development")
        django.setup()
        call_command("migrate", verbosity=0)
        benchmark = importlib.import_module(f"benchmarks.{name}")
        importlib.import_module("connectors.engine.tasks").load_and_freeze()  # as a worker does
        figures = benchmark.run(argv)
        report = reporting.report(figures)
        connections.close_all()
    return report


def main(argv: list[str]) -> int:
    """Returns 0 if all targets were met, 1 if one was missed. Exits with 2 for an unknown benchmark."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Other arguments are passed to the benchmark.")
    parser.add_argument("name", nargs="?", help="the benchmark to run (default: list all)")
    parser.add_argument("--json", action="store_true", help="print figures and machine as JSON")
    options, rest = parser.parse_known_args(argv)
    known = measurements()
    if options.name is None:
        print("\n".join(f"{name:<20} {line}" for name, line in known.items()))
        return 0
    if options.name not in known:
        parser.error(f"unknown benchmark {options.name!r}; available: {', '.join(known) or 'none'}")
    report = measure(options.name, rest)
    print(json.dumps(report, indent=2, ensure_ascii=False) if options.json else reporting.table(report))
    return 0 if all(figure["met"] for figure in report["figures"]) else 1


def _first_line(module: Path) -> str:
    return (ast.get_docstring(ast.parse(module.read_text())) or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
