"""Validates JSON Lines against a schema of a contract: OpenAPI has no words for bodies that are lists of lines."""

from typing import Any

from openapi_schema_validator import OAS31Validator

from sandbox.contracts import document_of


class LineSchema:
    """The schema of the lines of one media type: `components/schemas/{name}` of a platform's contract."""

    def __init__(self, platform: str, name: str) -> None:
        document = document_of(platform)
        root = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        self._validator = OAS31Validator(root)

    def problem(self, line: Any) -> str:
        """What is wrong with a parsed line; empty if nothing is."""
        error = next(self._validator.iter_errors(line), None)
        return "" if error is None else f"{'.'.join(map(str, error.absolute_path)) or 'line'}: {error.message[:300]}"
