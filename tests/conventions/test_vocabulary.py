"""Names and phrases that were replaced by plain English must not come back; docs/glossary.md defines those that stay.

Identifiers are compared with identifiers (in Python code and template tags), file names with file names, and phrases
with strings, docstrings and template text, because help texts and API descriptions come from docstrings. A leading
underscore of an identifier, `test_` before a file name and the case of a phrase make no difference. Values in strings
are not identifiers, so task names, tables and columns keep their names. Migrations are exempt.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {path.parent for path in ROOT.glob("*/__init__.py")}
FOLDERS = sorted(PACKAGES | {ROOT / name for name in ("benchmarks", "static", "templates", "tests")})

IDENTIFIERS = {
    "admits": "matches",
    "ASIDE": "ITEM_ISSUES",
    "asis": "still_valid",
    "BatchRefused": "BatchRejected",
    "bring": "process_bisecting",
    "catalogue": "catalog",
    "configured_by_hand": "configured_manually",
    "culprit": "rejected_sku or what it is",
    "deed": "action",
    "entities_a_call": "items_per_call",
    "fate": "treatment",
    "FigureTarget": "SkuValueTarget",
    "find_held": "find_existing",
    "forewarn": "deprecation_warnings",
    "go_on_with_run": "advance_run",
    "hear": "apply_callbacks, process_receipts",
    "held_entries": "existing_entries",
    "held_number": "json_value",
    "held_products": "existing_products",
    "HeldPage": "ExistingPage",
    "hurry": "make_ready",
    "is_anothers": "belongs_to_other_seller",
    "is_news": "has_changed",
    "keeps_killing": "crash_limit_reached",
    "leave_run": "detach_run",
    "led_jobs": "jobs_of_first_lane",
    "liar": "what it simulates",
    "lie": "response",
    "LIES": "MALFORMED_RESPONSES",
    "look_and_tell": "evaluate_and_notify",
    "look_at_sizes": "update_size_schedules",
    "Lot": "InFlightBatch",
    "MISREAD": "PAYLOAD_ERRORS",
    "nudge": "notify_workers",
    "PATIENCE": "LOCK_TIMEOUT, OUTAGE_MAX_ATTEMPTS",
    "put_off": "reschedule",
    "read_held": "read_existing",
    "refusal": "rejection",
    "refusals": "rejections",
    "REFUSED": "REJECTED",
    "Refused": "RequestRejected, PreflightFailed",
    "refused": "rejected, error",
    "_rest": "open_breaker",
    "settle": "close, reconcile, clean_up or resolve",
    "someone_waits": "has_waiting_work",
    "stand_in": "simulator",
    "StandIn": "Simulator",
    "suspect": "mark_suspect",
    "take_up": "next_batch",
    "Target": "ImportContext",
    "tell_anew": "reset",
    "tell_due": "push_due",
    "Told": "ReceiptSummary, LaneUpdate",
    "told": "mark_delivered, delivered, reported",
    "trouble": "record_failure",
    "Untold": "PendingLogEntry",
    "victim": "worker_id",
    "went_well": "record_success",
    "write_goods": "write_products",
}
# Where an identifier keeps its one meaning.
ALLOWED = {
    "settle": r"(hub/queue|connectors/engine/(\w+/)?\w+|tests/(engine|hub)/\w+)\.py",  # record what happened to a batch
    "Target": r"(connectors|tests/(adapters|engine|fake_platforms))/.*",  # base class of export streams
}
FILE_NAMES = {
    "books": "database",
    "cast": "sellers",
    "console": "admin, admin_base",
    "figures": "sku_values",
    "goods": "products, sample_data",
    "held_products": "existing_products",
    "moments": "datetimes",
    "mortal": "crashing_workers",
    "offering": "payloads",
    "people": "customers",
    "refusals": "rejections, error_messages",
    "shelves": "site",
    "signs": "heartbeat",
    "stand_in": "simulator",
    "wishes": "requested_actions",
    "words": "presentation",
}
PHRASES = {
    "Alerts told": "Alert deliveries",
    "Dry: everything is decided": "Dry run: changes are computed, nothing is sent",
    "Ended well": "Succeeded",
    "has gone; it is made anew": "no longer exists. It is created again",
    "in a shape that is not the vendor's": "in an unexpected format",
    "it goes on": "Resumed",
    "lets staging go": "Unfreeze staging",
    "looked at so far": "Checked",
    "Mend it there": "Fix in {platform}",
    "order its webhooks": "register webhooks",
    "read from here": "Import",
    "sent there": "Export",
    "stand-in": "simulated platform",
    "The source has it no more": "No longer in the source",
    "Times are those of UTC": "All times in UTC",
    "without saying why": "without giving a reason",
}


def python_identifiers(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield token.string


def template_identifiers(source: str) -> Iterator[str]:
    for tag in re.findall(r"{{.*?}}|{%.*?%}", source):
        yield from re.findall(r"[A-Za-z_]+", re.sub(r"\"[^\"]*\"|'[^']*'", "", tag))


def python_texts(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def forbidden_identifiers(found: Iterable[str], path: str) -> dict[str, str]:
    """Each forbidden identifier among those found in the file, with what to write instead."""
    replacements = {}
    for name in found:
        key = name if name in IDENTIFIERS else name.removeprefix("_")
        if key in IDENTIFIERS and not (key in ALLOWED and re.fullmatch(ALLOWED[key], path)):
            replacements[name] = IDENTIFIERS[key]
    return replacements


def forbidden_phrases(texts: Iterable[str]) -> dict[str, str]:
    """Each forbidden phrase within the texts, with what to write instead. Line breaks count as spaces."""
    joined = " ".join("\n".join(texts).lower().split())
    return {old: new for old, new in PHRASES.items() if re.search(rf"\b{re.escape(old.lower())}\b", joined)}


def files(folder: Path, *suffixes: str) -> Iterator[tuple[str, Path]]:
    """The files of ours below a folder that the rules apply to, with their paths from the root of the repository."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        exempt = "/migrations/" in name or "__pycache__" in name or path == Path(__file__)
        if path.is_file() and not exempt and (not suffixes or path.suffix in suffixes):
            yield name, path


EVERY_FOLDER = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@EVERY_FOLDER
def test_no_identifier_comes_back(folder: Path) -> None:
    found = {}
    for name, path in files(folder, ".py", ".html", ".txt"):
        names = python_identifiers if path.suffix == ".py" else template_identifiers
        found[name] = forbidden_identifiers(names(path.read_text()), name)
    assert {name: names for name, names in found.items() if names} == {}


@EVERY_FOLDER
def test_no_file_name_comes_back(folder: Path) -> None:
    found = {}
    for name, path in files(folder):
        parts = [*path.relative_to(ROOT).parent.parts, path.stem.removeprefix("test_")]
        found[name] = [f"{part}: {FILE_NAMES[part]}" for part in parts if part in FILE_NAMES]
    assert {name: parts for name, parts in found.items() if parts} == {}


@EVERY_FOLDER
def test_no_phrase_comes_back(folder: Path) -> None:
    found = {}
    for name, path in files(folder, ".py", ".html", ".txt", ".js"):
        text = path.read_text()
        found[name] = forbidden_phrases(python_texts(text) if path.suffix == ".py" else [text])
    assert {name: phrases for name, phrases in found.items() if phrases} == {}


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("use", ["def {}(): ...", "class {}: ...", "row.{} = 1", "call({}=1)", "import {}"])
def test_every_identifier_would_be_found(name: str, use: str) -> None:
    assert forbidden_identifiers(python_identifiers(use.format(name)), "dashboard/views.py") == {
        name: IDENTIFIERS[name]
    }
    assert forbidden_identifiers(template_identifiers(f"{{% if run.{name} %}}"), "templates/run.html")


def test_names_in_strings_and_allowed_meanings_are_not_found() -> None:
    assert not forbidden_identifiers(python_identifiers('task(name="hub.nudge")'), "hub/tasks.py")
    assert not forbidden_identifiers(template_identifiers('{% include "told.html" %} told'), "templates/run.html")
    assert not forbidden_identifiers(["Target"], "connectors/platforms/elevate/__init__.py")
    assert forbidden_identifiers(["_settle", "Target"], "dashboard/services.py").keys() == {"_settle", "Target"}


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_would_be_found(phrase: str) -> None:
    wrapped = phrase.upper().replace(" ", "\n    ", 1)
    assert forbidden_phrases(python_texts(f'text = f"""The run: {wrapped}. {{name}}"""')) == {phrase: PHRASES[phrase]}
