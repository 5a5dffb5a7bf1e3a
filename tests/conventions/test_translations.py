"""User-visible strings go through Django's i18n, in the templates and packages listed here.

Templates: text, the attributes that people read, and literals that tags and filters print. Python: messages, labels
and help texts of forms and models, choice labels, and descriptions in the admin.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

ROOT = Path(__file__).parents[2]
# Add what has been converted. A folder stands for all files below it.
TEMPLATES = (
    *("templates/400.html", "templates/403.html", "templates/403_csrf.html", "templates/404.html"),
    *("templates/500.html", "templates/_environment.html", "templates/base.html", "templates/dashboard"),
    "templates",
)
PACKAGES = (
    *("accounts", "catalog", "common", "connectors", "dashboard", "hub", "notifications", "orders", "privacy"),
    *("staging_copy", "synccenter", "synclog"),
)

# Names and symbols that are the same in every language.
UNTRANSLATED = {"SyncCenter", "SKU", "SHA", "UTC", "g"}
ATTRIBUTES = {"alt", "aria-label", "placeholder", "title", "data-label", "data-copied", "data-empty"}
TRANSLATING_TAGS = {"translate", "trans", "blocktranslate", "blocktrans"}
# Their string arguments are names of blocks, templates, URLs, icons, values to compare with.
TAGS_WITHOUT_TEXT = {"block", "extends", "load", "url", "static", "icon", "if", "elif", "with", "for", "querystring"}
FILTERS_WITH_TEXT = ("default", "default_if_none", "yesno", "pluralize", "add")
WORD = re.compile(r"[^\W\d_]{2,}")
PLACEHOLDER = "\x00"


def files(paths: tuple[str, ...], suffix: str) -> list[Path]:
    found: set[Path] = set()
    for path in (ROOT / name for name in paths):
        found.update([path] if path.is_file() else path.rglob(f"*{suffix}"))
    return sorted(path for path in found if "migrations" not in path.parts)


def is_text(text: str) -> bool:
    """Whether a string holds words that a translator would have to see."""
    return any(word not in UNTRANSLATED for word in WORD.findall(text.replace(PLACEHOLDER, " ")))


class _Texts(HTMLParser):
    """Collects the texts and readable attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._raw = tag if tag in ("script", "style", "code") else ""
        self.found += [value for name, value in attrs if name in ATTRIBUTES and value and is_text(value)]

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if not self._raw and is_text(data):
            self.found.append(data.strip().replace(PLACEHOLDER, "…"))


def untranslated_in_template(source: str) -> list[str]:
    """The texts of a template outside `{% translate %}` and `{% blocktranslate %}`."""
    html, found = [], []
    inside_block = inside_comment = inside_class = False
    for token in Lexer(source).tokenize():
        name = token.contents.split()[0] if token.token_type is TokenType.BLOCK and token.contents else ""
        if name in ("blocktranslate", "blocktrans", "endblocktranslate", "endblocktrans"):
            inside_block = not name.startswith("end")
        elif name in ("comment", "endcomment"):
            inside_comment = name == "comment"
        elif name in ("block", "endblock"):
            inside_class = name == "block" and token.contents.endswith("_class")
        if inside_comment or inside_class:
            continue
        if token.token_type is TokenType.TEXT:
            html.append(PLACEHOLDER if inside_block else token.contents)
        elif token.token_type is TokenType.VAR:
            html.append(PLACEHOLDER)
            found += _literals_of_filters(token.contents)
        elif token.token_type is TokenType.BLOCK:
            if name not in TRANSLATING_TAGS | TAGS_WITHOUT_TEXT:
                found += _literals_of_tag(name, token.contents)
            found += _literals_of_filters(token.contents)
            html.append(PLACEHOLDER if name in TRANSLATING_TAGS else "")
    parser = _Texts()
    parser.feed("".join(html))
    parser.close()
    return found + parser.found


def _literals_of_filters(expression: str) -> list[str]:
    filters = "|".join(FILTERS_WITH_TEXT)
    return [text for text in re.findall(rf"\|(?:{filters}):\"([^?\"]*)\"", expression) if is_text(text)]


def _literals_of_tag(name: str, contents: str) -> list[str]:
    """String arguments of a tag that start like a text: with a capital, or with several words."""
    literals = re.findall(r"(?<![_(:])\"([^\"]*)\"", re.sub(r"_\(\"[^\"]*\"\)", "", contents))
    return [text for text in literals if is_text(text) and (" " in text or text[:1].isupper())]


# Calls whose arguments people read: by name, the positions and the keywords.
CALLS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    **{f"messages.{level}": ((1,), ("message",)) for level in ("debug", "info", "success", "warning", "error")},
    "messages.add_message": ((2,), ("message",)),
    "message_user": ((1,), ("message",)),
    "ValidationError": ((0,), ("message",)),
    "display": ((), ("description", "empty_value")),
    "action": ((), ("description",)),
}
# The first argument of these model fields is their verbose_name; that of a relation is its target.
VERBOSE_NAME_FIRST = re.compile(r"models\.(?!OneToOne|ManyToMany)\w+Field")
# Keywords of any other call, and names of class attributes.
KEYWORDS = {"label", "help_text", "verbose_name", "verbose_name_plural", "empty_label", "short_description"}
LISTS = {"choices", "labels", "help_texts", "error_messages"}
TRANSLATING_CALLS = {"_"} | {f"{prefix}gettext{suffix}" for prefix in ("", "n", "p", "np") for suffix in ("", "_lazy")}


def untranslated_in_python(source: str) -> list[tuple[int, str]]:
    """(line, text) of each literal that people read and that is not an argument of gettext or one of its relatives."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        for read in _read_by_people(node):
            found += [(text.lineno, ast.unparse(text)) for text in _literals(read)]
    return sorted(set(found))


def _read_by_people(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        name = _name(node.func)
        positions, keywords = CALLS.get(name) or CALLS.get(name.rpartition(".")[2]) or ((), ())
        if VERBOSE_NAME_FIRST.fullmatch(name):
            positions = (0,)
        yield from (node.args[position] for position in positions if position < len(node.args))
        for keyword in node.keywords:
            if keyword.arg in KEYWORDS or keyword.arg in keywords:
                yield keyword.value
            elif keyword.arg in LISTS:
                yield from _values(keyword.value)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            name = _name(target).rpartition(".")[2]
            if name in KEYWORDS:
                yield node.value
            elif name in LISTS:
                yield from _values(node.value)
    elif isinstance(node, ast.ClassDef) and any(_name(base).endswith("Choices") for base in node.bases):
        for statement in node.body:
            if isinstance(statement, ast.Assign):
                # Without a label Django makes an English one of the name.
                yield statement.value.elts[1] if isinstance(statement.value, ast.Tuple) else statement.value


def _values(node: ast.AST) -> Iterator[ast.AST]:
    """The texts of a dict by name, or of a list of (value, text)."""
    if isinstance(node, ast.Dict):
        yield from node.values
    elif isinstance(node, ast.List | ast.Tuple):
        yield from (pair.elts[1] for pair in node.elts if isinstance(pair, ast.Tuple) and len(pair.elts) == 2)


def _literals(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in TRANSLATING_CALLS:
        return
    if isinstance(node, ast.JoinedStr):
        if any(isinstance(part, ast.Constant) and is_text(str(part.value)) for part in node.values):
            yield node
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and is_text(node.value):
            yield node
    elif isinstance(node, ast.BinOp):
        yield from _literals(node.left)
        if isinstance(node.op, ast.Add):
            yield from _literals(node.right)
    elif isinstance(node, ast.IfExp | ast.BoolOp):
        for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else node.values:
            yield from _literals(part)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _literals(node.func.value)  # "…".format(…)


def _name(node: ast.AST) -> str:
    """`messages.error` of such an expression; empty for what has no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return ""


@pytest.mark.parametrize("path", files(TEMPLATES, ".html"), ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_are_translatable(path: Path) -> None:
    assert untranslated_in_template(path.read_text()) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_python_texts_are_translatable(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): texts
        for path in files((package,), ".py")
        if (texts := untranslated_in_python(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<p>Hello you</p>", ["Hello you"]),
        ('<p>{% translate "Hello" %}</p>', []),
        ("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}", []),
        ('<a title="More pages">{{ name }}</a>', ["More pages"]),
        ('<a title="{% translate "More" %}" href="about">{{ name }}</a>', []),
        ('<td>{{ value|default:"not known" }}</td>', ["not known"]),
        ('<td>{{ value|default:_("not known") }}{{ other|default:"–" }}</td>', []),
        ('{% include "a.html" with label="Filter" %}', ["Filter"]),
        ('{% include "a.html" with label=_("Filter") id="payload" %}', []),
        ('{% relative_time at "by hand" %}', ["by hand"]),
        ("{# A comment #}<p>–, 12 × {{ n }}</p><style>main { top: auto }</style>", []),
        ("<svg><title>{{ a }}: ended</title></svg>", ["…: ended"]),
        ("{% block body_class %}framed{% endblock %}", []),
    ],
)
def test_what_counts_in_a_template(source: str, texts: list[str]) -> None:
    assert untranslated_in_template(source) == texts


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('messages.error(request, "Bad")', 1),
        ('messages.error(request, f"{name} is bad")', 1),
        ('messages.error(request, "Bad" if a else _("Good"))', 1),
        ('messages.error(request, _("%(name)s is bad") % {"name": "Bad name"})', 0),
        ("messages.error(request, str(error))", 0),
        ('self.message_user(request, "Done")', 1),
        ('name = models.CharField("name", help_text="The name")', 2),
        ('seller = models.ManyToManyField("Seller", help_text=_("The seller"))', 0),
        ('name = models.CharField(verbose_name=_("name"), choices=[("", "All")])', 1),
        ('@admin.display(description="Name")\ndef name(self): pass', 1),
        ('@admin.action(description=_("Retry"))\ndef retry(self): pass', 0),
        ('class State(models.TextChoices):\n    DONE = "done"', 1),
        ('class State(models.TextChoices):\n    DONE = "done", _("Succeeded")', 0),
        ('class Form(forms.Form):\n    error_messages = {"a": "Wrong"}', 1),
        ('logger.info("Started")', 0),
    ],
)
def test_what_counts_in_python(source: str, number: int) -> None:
    assert len(untranslated_in_python(source)) == number
