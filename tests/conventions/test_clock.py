"""Cut dates, due times and leases use the database's clock, never that of the machine (hub/clock.py)."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("connectors", "hub", "synclog", "orders", "catalog", "privacy", "notifications")
MACHINE_CLOCK = re.compile(r"timezone\.now\(\)|datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(")
# It compares the two.
ALLOWED = {"hub/clock.py"}


def test_nothing_asks_the_machine_for_the_time() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts and str(path.relative_to(ROOT)) not in ALLOWED
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MACHINE_CLOCK.search(line)
    }
    assert found == set()
