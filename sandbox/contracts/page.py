"""`docs/contracts.md`, written from the contracts."""

from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.contracts import STRENGTHS, contract_of, platforms
from sandbox.contracts.contract import Contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"
INTRODUCTION = """\
# Contracts

What each vendor's API accepts and answers, as the sandbox validates it: `sandbox/contracts/<platform>.yaml`, OpenAPI
3.1. This page is written from these files by `./dev contracts`; a test fails if it is out of date. [The
sandbox](sandbox.md#contracts) tells how they are used.

A rule is *documented* (the source says so), *seen in code* (public code of others relies on it) or *assumed* (no source
was found; the sandbox takes the reading that is safest for the hub).
"""


def page() -> str:
    """The text of the page."""
    contracts = {platform: contract_of(platform) for platform in platforms()}
    overview = ["| platform | operations | " + " | ".join(STRENGTHS) + " |", "|---|---|" + "---|" * len(STRENGTHS)]
    for contract in contracts.values():
        counts = Counter(operation.spec["x-strength"] for operation in contract.operations)
        title = contract.document["info"]["title"]
        numbers = " | ".join(str(counts[strength]) for strength in STRENGTHS)
        overview.append(f"| {title} | {len(contract.operations)} | {numbers} |")
    sections = [_section(platform, contract) for platform, contract in contracts.items()]
    return "\n".join([INTRODUCTION, *overview, "", *sections])


def _section(platform: str, contract: Contract) -> str:
    document = contract.document
    lines = [f"## {document['info']['title']}", "", f"`{platform}.yaml`. {document['info']['description']}", ""]
    lines += ["| | rule | strength |", "|---|---|---|"]
    for title, name in (("rate limit", "x-rate-limit"), ("paging", "x-paging")):
        rule = document[name]
        lines.append(f"| {title} | {rule['rule'].strip()} {_link(rule['x-source'])} | {rule['x-strength']} |")
    lines.append(f"| authentication | {_authentication(document)} | |")
    lines += ["", "| operation | what it does | strength |", "|---|---|---|"]
    for operation in contract.operations:
        spec = operation.spec
        call = f"`{operation.method.upper()} {operation.template}`"
        at_once = f", at most {spec['x-max-concurrent']} at a time" if "x-max-concurrent" in spec else ""
        summary = f"{spec['summary']}{at_once}. {spec.get('description', '')}".strip()
        lines.append(f"| {call} | {summary} {_link(spec['x-source'])} | {spec['x-strength']} |")
    if open_rules := document.get("x-open"):
        lines += [
            "",
            "Not enforced, because our adapter does not keep to it yet:",
            "",
            *(f"- {rule}" for rule in open_rules),
        ]
    if doubtful := list(_doubtful(document.get("components", {}), "")):
        lines += ["", "Other rules in bodies and answers:", "", *doubtful]
    return "\n".join([*lines, ""])


def _doubtful(node: Any, path: str) -> list[str]:
    """Schemas, parameters and answers with a source of their own."""
    found = []
    if isinstance(node, dict):
        if "x-strength" in node:
            about = node.get("description", "").rstrip(".")
            text = f"- `{path}`: {about + ', ' if about else ''}{node['x-strength']} {_link(node['x-source'])}"
            found.append(text)
        for name, child in node.items():
            found += _doubtful(child, f"{path}/{name}" if path else name)
    if isinstance(node, list):
        for number, child in enumerate(node):
            found += _doubtful(child, f"{path}/{number}")
    return found


def _authentication(document: dict[str, Any]) -> str:
    ways = [" and ".join(_scheme(document, name) for name in requirement) for requirement in document["security"]]
    return ", or ".join(ways)


def _scheme(document: dict[str, Any], name: str) -> str:
    scheme = document["components"]["securitySchemes"][name]
    if scheme["type"] == "apiKey":
        where = "header" if scheme["in"] == "header" else "query parameter"
        return f"{where} `{scheme['name']}`"
    header = {"bearer": "`Authorization: Bearer`", "oauth": "`Authorization: OAuth`"}[scheme["scheme"]]
    return f"{header} ({scheme['description']})" if "description" in scheme else header


def _link(source: str) -> str:
    return f"([source]({source.removeprefix('docs/')}))"
