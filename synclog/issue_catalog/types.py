"""The definition of issue types, and the rendering of their texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from django.utils.functional import Promise

from hub.records import Problem

Text = str | Promise


@dataclass(frozen=True, slots=True)
class IssueType:
    """One kind of problem, with the texts that people read about it (D7).

    `title` names the cause in a few words, without a full stop. `message` says what is wrong with this one item and
    `fix` what a person does about it; both are format strings. Besides the values that the problem carries they may
    use `{platform}`, the platform at which the issue was found, and `{source}`, the platform at which the item is
    edited. A `blocking` problem keeps the item from being synced. `message_plural` replaces `message` where the value
    `count` is not 1. `docs` is a page below docs/.
    """

    code: str
    title: Text
    message: Text
    fix: Text
    blocking: bool = True
    message_plural: Text | None = None
    docs: str = "issues.md"

    def __call__(self, *, ref: str = "", fatal: bool | None = None, **values: Any) -> Problem:
        """A problem of this type. `fatal` None: as `blocking` says; the values must cover the placeholders."""
        missing = self.placeholders() - values.keys()
        if missing:
            raise TypeError(f"Issue {self.code!r} needs the values {', '.join(sorted(missing))}.")
        fatal = self.blocking if fatal is None else fatal
        stored = {name: value if isinstance(value, int) else str(value) for name, value in values.items()}
        return Problem(self.code, stored, fatal=fatal, ref=ref)

    def placeholders(self) -> set[str]:
        """The values that a problem of this type must carry."""
        texts = [self.message, self.fix, *([self.message_plural, "{count}"] if self.message_plural else [])]
        names = {name for text in texts for _, name, _, _ in Formatter().parse(str(text)) if name}
        return names - {"platform", "source"}

    def render_message(self, values: Mapping[str, Any]) -> str:
        if self.message_plural is not None and values.get("count") != 1:
            return str(self.message_plural).format_map(values)
        return str(self.message).format_map(values)

    def render_fix(self, values: Mapping[str, Any]) -> str:
        return str(self.fix).format_map(values)
