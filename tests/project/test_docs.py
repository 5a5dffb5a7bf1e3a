"""Links, tests and commands named in the documentation exist, and all commands and requirements are documented."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")

# Not V: versions of vendors' interfaces have such names.
REQUIREMENT = re.compile(r"\b[LDFBSMCUNIAO]\d{1,2}\b")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text() for page in PAGES}
ALL = "\n".join(TEXTS.values())

EVERY_PAGE = pytest.mark.parametrize("page", TEXTS)


def links(page: str) -> set[Path]:
    return {(ROOT / page).parent.joinpath(link).resolve() for link in LINK.findall(TEXTS[page])}


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page, but those of headings that repeat."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def comments_and_docstrings(path: Path) -> Iterator[str]:
    """The comments and docstrings of a module."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT or token.type == tokenize.STRING and token.string.startswith('"""'):
                yield token.string


@EVERY_PAGE
def test_links_point_to_existing_files(page: str) -> None:
    assert [target for target in links(page) if not target.exists()] == []


@EVERY_PAGE
def test_links_point_to_existing_headings(page: str) -> None:
    missing = []
    for link, anchor in ANCHOR.findall(TEXTS[page]):
        target = (ROOT / page).parent.joinpath(link).resolve().relative_to(ROOT).as_posix() if link else page
        if target in TEXTS and anchor not in anchors(TEXTS[target]):
            missing.append(f"{link}#{anchor}")
    assert missing == []


@EVERY_PAGE
def test_every_page_is_reachable_from_the_readme(page: str) -> None:
    reached, pending = set(), ["README.md"]
    while pending:
        reached.add(here := pending.pop())
        found = {target.relative_to(ROOT).as_posix() for target in links(here)}
        pending += (found & TEXTS.keys()) - reached
    assert page in reached


@EVERY_PAGE
def test_tests_that_are_named_exist(page: str) -> None:
    named = re.findall(r"\btests/[\w/]+\.py\b", TEXTS[page])
    assert [name for name in named if not (ROOT / name).is_file()] == []


@EVERY_PAGE
def test_commands_that_are_named_exist(page: str) -> None:
    ours = set(re.findall(r"^\./dev (\w+)", (ROOT / "dev").read_text(), re.MULTILINE))
    assert set(re.findall(r"\./dev (\w+)", TEXTS[page])) <= ours
    assert set(re.findall(r"(?:\./dev manage|manage\.py) ([a-z]\w*)", TEXTS[page])) <= get_commands().keys()


def test_every_command_of_ours_is_documented() -> None:
    for path in ROOT.glob("*/management/commands/[a-z]*.py"):
        assert re.search(rf"(?:\./dev|\./dev manage|manage\.py) {path.stem}\b", ALL), path.stem


def test_each_requirement_appears_once_with_its_status() -> None:
    table = TEXTS["docs/requirements.md"]
    listed = re.findall(r"^\| ([A-Z]\d+) \|", table, re.MULTILINE)
    rows = re.findall(r"^\| ([A-Z]\d+) \| .+ \| (shown|partly|not yet)\b(.*) \|$", table, re.MULTILINE)
    assert [key for key, _, _ in rows] == listed
    assert len(listed) == len(set(listed)) > 90
    assert [key for key, status, evidence in rows if status == "shown" and "`tests/" not in evidence] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_requirements_named_in_the_code_are_documented(package: Path) -> None:
    explained = set(re.findall(r"^\| ([A-Z]\d+) \|", TEXTS["docs/requirements.md"], re.MULTILINE))
    for path in package.rglob("*.py"):
        if REQUIREMENT.search(path.read_text()):
            named = {key for text in comments_and_docstrings(path) for key in REQUIREMENT.findall(text)}
            assert named <= explained, path
