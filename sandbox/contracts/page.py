"""Generates `docs/contracts.md` from the contracts."""

from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.contracts import STRENGTHS, contract_of, platforms
from sandbox.contracts.contract import Contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"
INTRODUCTION = """\
# Contracts

What each vendor's API accepts and returns, as the sandbox validates it. The contracts are OpenAPI 3.1 documents in
`sandbox/contracts/`. `./dev contracts` generates this page from them; a test fails if it is out of date.
[The sandbox](sandbox.md#contracts) explains how contracts are used.

A rule is *documented* (the source says so), *seen in code* (other public code relies on it), *seen on a server* (a real
one behaved so in our tests; the source is the closest page) or *assumed* (there is no source; the sandbox assumes what
is safest for the hub).
"""


def page() -> str:
    """The page in Markdown."""
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
    lines += ["| | rule | evidence |", "|---|---|---|"]
    for title, name in (("rate limit", "x-rate-limit"), ("paging", "x-paging")):
        rule = document[name]
        lines.append(f"| {title} | {rule['rule'].strip()} {_link(rule['x-source'])} | {rule['x-strength']} |")
    lines.append(f"| authentication | {_authentication(document)} | |")
    lines += ["", "| operation | what it does | evidence |", "|---|---|---|"]
    for operation in contract.operations:
        spec = operation.spec
        call = f"`{operation.method.upper()} {operation.template}`"
        concurrency = f", at most {spec['x-max-concurrent']} at a time" if "x-max-concurrent" in spec else ""
        summary = f"{spec['summary']}{concurrency}. {spec.get('description', '')}".strip()
        lines.append(f"| {call} | {summary} {_link(spec['x-source'])} | {spec['x-strength']} |")
    if open_rules := document.get("x-open"):
        lines += [
            "",
            "Not enforced, because our adapter does not comply yet:",
            "",
            *(f"- {rule}" for rule in open_rules),
        ]
    if doubtful := list(_doubtful(document.get("components", {}), "")):
        lines += ["", "Other rules for bodies and responses:", "", *doubtful]
    return "\n".join([*lines, ""])


def _doubtful(node: Any, path: str) -> list[str]:
    """Schemas, parameters and responses that have their own source."""
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
    alternatives = [
        " and ".join(_scheme(document, name) for name in requirement) for requirement in document["security"]
    ]
    return ", or ".join(alternatives)


def _scheme(document: dict[str, Any], name: str) -> str:
    scheme = document["components"]["securitySchemes"][name]
    if scheme["type"] == "apiKey":
        where = "header" if scheme["in"] == "header" else "query parameter"
        return f"{where} `{scheme['name']}`"
    header = f"`Authorization: {'OAuth' if scheme['scheme'] == 'oauth' else scheme['scheme'].capitalize()}`"
    return f"{header} ({scheme['description']})" if "description" in scheme else header


def _link(source: str) -> str:
    return f"([source]({source.removeprefix('docs/')}))"
