"""What can be wrong with a request or an answer, and its description."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

MAX_LENGTH = 300


class Kind(StrEnum):
    """What a problem is about."""

    PATH = "path"
    METHOD = "method"
    SECURITY = "security"
    CONTENT_TYPE = "content type"
    PARAMETER = "parameter"
    HEADER = "header"
    BODY = "body"
    STATUS = "status"


@dataclass(frozen=True)
class Problem:
    """`rule` is the keyword of JSON Schema that was broken (`maxItems`, `required`), where there is one."""

    kind: Kind
    detail: str
    rule: str = ""


def described(error: BaseException) -> tuple[str, str]:
    """The detail of an error of openapi-core, and the broken rule. Its own text repeats the whole value."""
    name = f"{error.location} parameter {error.name}: " if isinstance(error, ParameterValidationError) else ""
    for cause in _causes(error):
        if isinstance(cause, InvalidSchemaValue):
            first: Any = next(iter(cause.schema_errors))  # jsonschema's error, declared as an exception only
            message = _shortened(first.message)
            return f"{name}{message}" if name else f"{first.json_path}: {message}", str(first.validator)
    return f"{name}{_shortened(str(_causes(error)[-1]))}", ""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH // 2]} … {text[-MAX_LENGTH // 2 :]}"


def _causes(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__cause__
    return found
