"""Payloads, and the hashes that say what a target was sent: were one to change, all its items would be sent again."""

from pathlib import Path
from typing import Any

import pytest

from tests.golden import access
from tests.golden.comparing import Golden
from tests.golden.recording import Answers
from tests.golden.rows import ITEMS, LINKS, SELLER, TARGET, VENDOR
from tests.golden.targets import CREDENTIALS, TARGETS, Setup


def connect(platform: str, setup: Setup) -> Any:
    return access.save_target(
        pk=TARGET,
        seller_id=VENDOR if setup.foreign else SELLER,
        platform=platform,
        settings=setup.settings,
        field_map=setup.field_map,
        credentials=CREDENTIALS[platform],
    )


def test_every_target_is_here() -> None:
    assert sorted(TARGETS) == sorted(access.exports())


@pytest.mark.parametrize("platform", sorted(TARGETS))
def test_payloads_and_their_hashes(platform: str, golden: Golden, rows: None, tmp_path: Path) -> None:
    document: dict[str, Any] = {}
    for number, (name, setup) in enumerate(TARGETS[platform].items()):
        connection = connect(platform, setup)
        created: dict[str, Any] = {"setup": access.hash_of_setup(connection)}
        if number == 0:
            created["new"] = all_payloads(platform, connection)
        access.save_links(TARGET, LINKS)
        created["linked"] = all_payloads(platform, connection)
        if access.is_feed(platform):
            files = access.feed_files(connection, ITEMS["products"], tmp_path)
            created["files"] = {each: text.splitlines() for each, text in files.items()}
        document[name] = created
        connection.delete()
    golden.check(f"exports/{platform}", document)


def all_payloads(platform: str, connection: Any) -> dict[str, Any]:
    return {each: access.payloads(connection, each, ITEMS[each]) for each in access.exports()[platform]}


@pytest.mark.parametrize("platform", sorted(access.sync_logs()))
def test_sync_logs_that_targets_keep(platform: str, golden: Golden, rows: None, answers: Answers) -> None:
    connection = connect(platform, next(iter(TARGETS[platform].values())))
    token = {"access_token": "word", "token_type": "Bearer", "expires_in": 3600, "token": "word"}
    answers.serve({"*": {"status": 200, "headers": {"content-type": "application/json"}, "content": token}})
    document = {}
    for data_type in access.sync_logs()[platform]:
        answers.requests.clear()
        access.write_sync_log(connection, data_type)
        document[data_type] = [each for each in answers.requests if "sync-log" in each["request"]]
    golden.check(f"sync_logs/{platform}", document)
