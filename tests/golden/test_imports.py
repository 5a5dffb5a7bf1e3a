"""Records that are read from recorded answers, and the hashes that say whether a source changed an item."""

from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox import process as sandbox_process
from tests.golden import access
from tests.golden.comparing import Golden
from tests.golden.recording import HOST, Answers
from tests.golden.sources import SOURCES, Source


def test_every_source_is_here() -> None:
    assert sorted(SOURCES) == sorted(access.imports())


@pytest.mark.parametrize("platform", sorted(SOURCES))
def test_records_and_their_hashes(platform: str, golden: Golden, answers: Answers, db: None) -> None:
    source, key = SOURCES[platform], private_key()
    if answers.record:
        record(platform, source, answers, key)
    answers.replay(platform)
    golden.check(f"imports/{platform}", read(platform, source, key, HOST))


def read(platform: str, source: Source, key: str, url: str) -> dict[str, Any]:
    credentials = source.credentials | ({"private_key": key} if "private_key" in source.credentials else {})
    return {
        name: access.read(
            platform=platform,
            base_url=url + source.path,
            settings=setup.settings,
            field_map=setup.field_map,
            credentials=credentials,
        )
        for name, setup in source.setups.items()
    }


def record(platform: str, source: Source, answers: Answers, key: str) -> None:
    name, word = source.account
    accounts = {name: key if "private_key" in source.credentials else word}
    with sandbox_process.start(source.sandbox, accounts=accounts, **source.options) as sandbox:
        for kind, items in source.seeds.items():
            headers = {"Authorization": f"Bearer {word}"}
            requests.put(f"{sandbox.url}/v1/{kind}", json=items, headers=headers, timeout=60).raise_for_status()
        source.prepare(sandbox)
        answers.listen(sandbox)
        read(platform, source, key, sandbox.url)
        answers.keep(platform)


def private_key() -> str:
    """Some key: no answer depends on it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
