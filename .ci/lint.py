"""`./dev lint [NAME …]`: every check that needs no running service, or those that are named; fails if one does."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")
# Long enough for `check --deploy`, and of no use anywhere.
PRODUCTION = {
    "ENVIRONMENT": "live",
    "SECRET_KEY": "lint-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ENCRYPTION_KEYS": "bGludC1vbmx5LWtleS0wMTIzNDU2Nzg5YWJjZGVmIS0=",
    "ALLOWED_HOSTS": "synccenter.example",
    "PUBLIC_URL": "https://synccenter.example",
    "DATABASE_URL": "postgresql://synccenter@database.invalid/synccenter",
    "REDIS_URL": "redis://redis.invalid:6379/0",
}
DAY = 24 * 60 * 60
# Parts of pip-audit's output when it cannot reach the vulnerability database.
UNREACHABLE = ("ConnectionError", "Could not connect", "Failed to establish", "Max retries", "ServiceError")
NOT_CHECKED = "WARNING: not checked against the vulnerability database"

Outcome = tuple[bool, str]


def program(*argv: str | Path, **environment: str) -> Callable[[], Outcome]:
    def run() -> Outcome:
        done = subprocess.run(argv, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    return run


def vulnerabilities() -> Outcome:
    """Known vulnerabilities of the pinned requirements, queried once a day.

    If the database cannot be reached, the check passes with a warning.
    """
    requirements = ROOT / "requirements.txt"
    answer = ROOT / "var" / f"pip-audit-{sha256(requirements.read_bytes()).hexdigest()[:16]}.json"
    if not answer.exists() or time.time() - answer.stat().st_mtime > DAY:
        answer.parent.mkdir(exist_ok=True)
        _, output = program(
            *(BIN / "pip-audit", "--disable-pip", "--require-hashes", "--requirement", requirements),
            *("--format", "json", "--output", answer, "--progress-spinner", "off", "--timeout", "10"),
        )()
        if not answer.exists():
            offline = any(sign in output for sign in UNREACHABLE)
            return offline, f"{NOT_CHECKED}: no connection.\n" if offline else output
    packages = json.loads(answer.read_text())["dependencies"]
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {flaw['fix_versions']}\n"
        for package in packages
        for flaw in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if unknown:
        found.append(f"{NOT_CHECKED}: {len(unknown)} of {len(packages)} packages (unknown there).\n")
    return not any(package.get("vulns") for package in packages), "".join(found)


def traces() -> Outcome:
    """Local paths, home folders and package index hosts of this machine in tracked files."""
    indexes = [os.environ.get(name, "") for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")]
    hosts = {urlsplit(index).hostname or "" for index in indexes} - {"", "pypi.org"}
    patterns = [
        r"--(?:extra-)?index-url",
        r"--find-links",
        # Not the URL path of a store's category, which may be called Home.
        r'(?<!"path": ")/(?:home|root|Users)/\w',
        *map(re.escape, hosts),
    ]
    if len(ROOT.parts) > 2:
        patterns.append(re.escape(f"{ROOT}/"))
    forbidden = re.compile("|".join(patterns))
    tracked = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    hits = []
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if forbidden.search(line):
                hits.append(f"{name}:{number}: {line.strip()[:120]}\n")
    return not hits, "".join(hits)


def github(kind: str, *files: str) -> Callable[[], Outcome]:
    """What GitHub reads of ours, checked by its schema, which the linter brings along."""
    return program(BIN / "check-jsonschema", "--builtin-schema", f"vendor.github-{kind}", *files)


CHECKS: dict[str, Callable[[], Outcome]] = {
    "types": program(BIN / "mypy", "."),
    "known vulnerabilities": vulnerabilities,
    "style": program(BIN / "ruff", "check", "--output-format", "concise"),
    "format": program(BIN / "ruff", "format", "--check", "--output-format", "concise"),
    "imports": program(BIN / "lint-imports", "--no-logo"),
    "migrations": program(*MANAGE, "makemigrations", "--check", "--dry-run", **PRODUCTION),
    "deployment": program(*MANAGE, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION),
    "workflows": github("workflows", ".github/workflows/ci.yml"),
    "issue forms": github("issue-forms", ".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/idea.yml"),
    "issue form settings": github("issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    "traces of this machine": traces,
}


def main(names: list[str]) -> int:
    """0 if all checks passed, 1 if one failed, 2 if there is none of a name."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"No check is called {unknown[0]!r}; there are: {', '.join(CHECKS)}.", file=sys.stderr)
        return 2
    failed = []

    def timed(check: Callable[[], Outcome]) -> tuple[Outcome, float]:
        begun = time.monotonic()
        return check(), time.monotonic() - begun

    with ThreadPoolExecutor(2) as pool:
        running = {name: pool.submit(timed, CHECKS[name]) for name in names or CHECKS}
        for name, future in running.items():
            (passed, output), seconds = future.result()
            print(f"{'ok    ' if passed else 'FAILED'} {name} ({seconds:.1f} s)", flush=True)
            if not passed or NOT_CHECKED in output:
                print(output)
            if not passed:
                failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
