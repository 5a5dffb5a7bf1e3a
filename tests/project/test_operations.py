"""docs/operations.md knows every setting that the product reads."""

import re
from pathlib import Path

READ = re.compile(r"""env\.(?:text|flag|number|words|path)\(\s*"([A-Z_]+)""")


def test_every_setting_is_documented_and_no_other(root: Path) -> None:
    read = set(READ.findall((root / "synccenter" / "settings.py").read_text()))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (root / "docs" / "operations.md").read_text(), re.MULTILINE))
    assert read == documented


def test_every_command_of_dev_is_documented(root: Path) -> None:
    operations = (root / "docs" / "operations.md").read_text()
    for command in re.findall(r"^\./dev (\w+)", (root / "dev").read_text(), re.MULTILINE):
        assert f"./dev {command}" in operations
