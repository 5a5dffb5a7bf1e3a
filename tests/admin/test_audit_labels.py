"""Every action that is recorded in the audit log has a label in the console."""

import ast
from collections.abc import Iterator
from pathlib import Path

from accounts.admin_audit import ACTION_LABELS, action_label
from staging_copy.models import Copy

ROOT = Path(__file__).parents[2]
APPS = (
    *("accounts", "catalog", "connectors", "dashboard", "hub", "notifications", "orders", "privacy", "staging_copy"),
    *("synccenter", "synclog"),
)
# How `record_audit_event` is named where it is called.
NAMES = {"record_audit_event", "audit", "edit_customer"}


def recorded_actions() -> Iterator[str]:
    """The string literals passed as `action` in every call that records an audit event."""
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in NAMES:
                [action] = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
                options = [action.body, action.orelse] if isinstance(action, ast.IfExp) else [action]
                yield from (option.value for option in options if isinstance(option, ast.Constant))


def test_every_recorded_action_has_a_label() -> None:
    actions = set(recorded_actions()) | {f"copy.want.{action}" for action in Copy.Action.values}
    assert len(actions) > 40
    assert actions - ACTION_LABELS.keys() == set()
    assert ACTION_LABELS.keys() - actions == {"key.make"}, "recorded by earlier versions only"


def test_unknown_action_is_shown_as_its_code() -> None:
    assert action_label("key.make") == "API key created"
    assert action_label("written.by.another.version") == "written.by.another.version"
