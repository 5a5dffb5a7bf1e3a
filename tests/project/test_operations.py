"""docs/operations.md documents every setting, CONTRIBUTING.md every `./dev` command."""

import re
from pathlib import Path

READ = re.compile(
    r"""env\.(?:text|flag|number|words|path|url_with_password)\(\s*"([A-Z_]+)"(?:, "([A-Z_]+_PASSWORD)")?"""
)


def test_exactly_the_existing_settings_are_documented(root: Path) -> None:
    read = {name for names in READ.findall((root / "synccenter" / "settings.py").read_text()) for name in names if name}
    page = (root / "docs" / "operations.md").read_text()
    cells = re.findall(r"^\| (`[A-Z_]{3,}`(?:, `[A-Z_]+`)*) \|", page, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"[A-Z_]+", cell)}
    assert read == documented


def test_every_command_of_dev_is_documented(root: Path) -> None:
    page = (root / "CONTRIBUTING.md").read_text()
    for command in re.findall(r"^\./dev (\w+)", (root / "dev").read_text(), re.MULTILINE):
        assert f"./dev {command}" in page
