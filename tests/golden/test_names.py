"""Names that leave the process: in rows, messages, addresses, documents, the environment. Others go by them."""

import orjson
import pytest

from tests.golden import access
from tests.golden.comparing import FILES, Golden
from tests.golden.sources import SOURCES
from tests.golden.targets import CREDENTIALS, TARGETS

IN_SOURCE = {
    "audit actions": access.audit_actions,
    "environment": access.environment_names,
    "issue codes": access.issue_codes,
}


def test_names_that_leave_the_process(golden: Golden, db: None) -> None:
    credentials = CREDENTIALS | {key: source.credentials for key, source in SOURCES.items()}
    setups = {key: next(iter(each.values())).settings for key, each in TARGETS.items()}
    setups |= {key: source.setups["default"].settings for key, source in SOURCES.items()}
    golden.check(
        "names",
        {
            "tables": access.tables(),
            "stored values": access.stored_choices(),
            "tasks": access.tasks(),
            "beat": access.beat(),
            "queues": access.queues(),
            "addresses": access.urls(),
            "permissions": access.permissions(),
            "scopes": access.scopes(),
            "commands": access.commands(),
            "connections": access.connection_schemas(),
            "lanes": access.lanes(),
            "webhook schemes": access.webhook_schemes(credentials, setups),
        },
    )


def test_the_openapi_document(golden: Golden) -> None:
    golden.check("openapi", access.openapi())


@pytest.mark.parametrize("group", sorted(IN_SOURCE))
def test_names_that_stand_in_the_source_alone(group: str, golden: Golden) -> None:
    """They are collected when the file is written; then it is enough that the source still has each as a text."""
    name = f"source/{group.replace(' ', '_')}"
    if golden.update:
        golden.check(name, sorted(IN_SOURCE[group]()))
    kept = orjson.loads((FILES / f"{name}.json").read_bytes())
    assert kept and [each for each in kept if each not in access.texts_in_source()] == []
