"""What the documentation names is there, and what is there can be found in it."""

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
ROOMS = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")

REQUIREMENT = re.compile(r"\b[LDFBSUN]\d{1,2}\b")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text() for page in PAGES}
ALL = "\n".join(TEXTS.values())

EVERY_PAGE = pytest.mark.parametrize("page", TEXTS)


def links(page: str) -> set[Path]:
    return {(ROOT / page).parent.joinpath(link).resolve() for link in LINK.findall(TEXTS[page])}


def remarks(path: Path) -> Iterator[str]:
    """The comments and docstrings of a module."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT or token.type == tokenize.STRING and token.string.startswith('"""'):
                yield token.string


@EVERY_PAGE
def test_links_lead_somewhere(page: str) -> None:
    assert [target for target in links(page) if not target.exists()] == []


@EVERY_PAGE
def test_a_reader_of_the_readme_gets_to_every_page(page: str) -> None:
    reached, ahead = set(), ["README.md"]
    while ahead:
        reached.add(here := ahead.pop())
        found = {target.relative_to(ROOT).as_posix() for target in links(here)}
        ahead += (found & TEXTS.keys()) - reached
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


def test_every_command_of_ours_is_told() -> None:
    for path in ROOT.glob("*/management/commands/[a-z]*.py"):
        assert re.search(rf"(?:\./dev|\./dev manage|manage\.py) {path.stem}\b", ALL), path.stem


def test_each_requirement_stands_once_and_says_how_it_stands() -> None:
    table = TEXTS["docs/requirements.md"]
    told = re.findall(r"^\| ([A-Z]\d+) \|", table, re.MULTILINE)
    rows = re.findall(r"^\| ([A-Z]\d+) \| .+ \| (shown|partly|not yet)\b(.*) \|$", table, re.MULTILINE)
    assert [key for key, _, _ in rows] == told
    assert len(told) == len(set(told)) > 90
    assert [key for key, word, proof in rows if word == "shown" and "`tests/" not in proof] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_requirements_that_the_code_names_are_explained(room: Path) -> None:
    explained = set(re.findall(r"^\| ([A-Z]\d+) \|", TEXTS["docs/requirements.md"], re.MULTILINE))
    for path in room.rglob("*.py"):
        if REQUIREMENT.search(path.read_text()):
            named = {key for remark in remarks(path) for key in REQUIREMENT.findall(remark)}
            assert named <= explained, path
