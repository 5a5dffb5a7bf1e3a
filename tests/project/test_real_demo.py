"""`./dev demo --real` as somebody runs it who has just cloned the project, but for the servers in the tier's cache."""

import json
import os
import subprocess
from pathlib import Path

import pytest

# Who runs this test first installs both servers.
pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.mark.usefixtures("development")
def test_a_real_shop_a_real_erp_and_an_order_that_goes_there_and_back(root: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    command = [root / "dev", "demo", "--real", "--once", "--json", summary]
    environment = os.environ | {"SYNCCENTER_VAR": str(tmp_path / "demo")}
    demo = subprocess.run(
        command, cwd="/", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert demo.returncode == 0, demo.stdout[-5000:]
    steps = json.loads(summary.read_text())["steps"]
    checks = [check for step in steps for check in step["checks"]]
    assert len(steps) == 3 and len(checks) >= 7 and all(check["holds"] for check in checks), checks
