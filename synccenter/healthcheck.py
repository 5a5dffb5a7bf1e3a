"""Health checks of this machine's processes: `python -I synccenter/healthcheck.py web|worker|copier|beat`.

Exits with 0 if the process is healthy; otherwise prints the problem and exits with 1. It uses only the standard
library, so that a check takes a few hundredths of a second of processor time. Containers run it; `manage.py healthy`
does the same.
"""

import argparse
import http.client
import json
import os
import time
from pathlib import Path

_REPORTING = ("worker", "copier", "beat")


def find_problem(role: str, *, port: int = 8000) -> str:
    """What is wrong with the process; empty if it is healthy."""
    return _problem_of_web(port) if role == "web" else _problem_of_reports(role)


def _problem_of_web(port: int) -> str:
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip("*.") or "127.0.0.1"
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        server.request("GET", "/health", headers={"Host": host})
        status = server.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"The web server is not responding: {error}"
    finally:
        server.close()
    return "" if status == 200 else f"The web server responded with status {status}."


def _problem_of_reports(role: str) -> str:
    file = runtime_dir() / "health" / role
    try:
        report = json.loads(file.read_text())
    except FileNotFoundError:
        return f"No {role} on this machine has reported yet ({file})."
    late = time.time() - report["until"]
    if late <= 0:
        return ""
    busy = f"; it was busy with {report['busy_with']}" if report["busy_with"] else ""
    return f"The {role} should have reported {late:.0f} seconds ago{busy}."


def runtime_dir() -> Path:
    """The setting RUNTIME_DIR (docs/operations.md)."""
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("RUNTIME_DIR") or Path(os.environ.get("SYNCCENTER_VAR") or root / "var") / "run")


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks the health of a process on this machine.")
    parser.add_argument("role", choices=("web", *_REPORTING))
    parser.add_argument("--port", type=int, default=8000, help="port of the web server (default: %(default)s)")
    options = parser.parse_args()
    if problem := find_problem(options.role, port=options.port):
        parser.exit(1, f"{problem}\n")


if __name__ == "__main__":
    main()
