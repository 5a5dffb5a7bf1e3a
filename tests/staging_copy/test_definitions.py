"""Addresses in the definitions of live are masked or stop the copy, and never reach staging."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from staging_copy import services
from staging_copy.copying.stages import PreflightFailed
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

JANE = "jane@doe.example"


@pytest.fixture
def on_live() -> Iterator[Callable[..., None]]:
    """`on_live(do, undo)`: changes live's schema until the end of the test."""
    undos: list[str] = []

    def change(do: str, undo: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(do)
        undos.append(undo)

    yield change
    with connection.cursor() as cursor:
        for undo in reversed(undos):
            cursor.execute(undo)


def test_addresses_in_definitions_are_masked_as_in_rows(
    copy_databases: CopyDatabases, live: Live, on_live: Any, copy: Callable[[], Copy]
) -> None:
    live.product.variants.update(cart_image_url=JANE)
    for do, undo in (
        (f"COMMENT ON TABLE catalog_brand IS 'Ask {JANE}'", "COMMENT ON TABLE catalog_brand IS NULL"),
        (f"COMMENT ON COLUMN catalog_brand.name IS 'Or {JANE}'", "COMMENT ON COLUMN catalog_brand.name IS NULL"),
        (
            f"ALTER TABLE catalog_brand ALTER name SET DEFAULT '{JANE}'",
            "ALTER TABLE catalog_brand ALTER name DROP DEFAULT",
        ),
        (
            f"ALTER TABLE catalog_variant ADD CONSTRAINT ours CHECK (cart_image_url IN ('{JANE}', ''))",
            "ALTER TABLE catalog_variant DROP CONSTRAINT ours",
        ),
        (
            f"CREATE INDEX hers ON catalog_variant (id) WHERE cart_image_url = '{JANE}'",
            "DROP INDEX hers",
        ),
        (f"CREATE VIEW her_view AS SELECT '{JANE}'::text AS who", "DROP VIEW her_view"),
        (
            f"CREATE FUNCTION who() RETURNS text LANGUAGE sql AS $$ SELECT '{JANE}' -- ask Jane%40doe.example\n$$",
            "DROP FUNCTION who",
        ),
    ):
        on_live(do, undo)
    report = copy().report
    assert len(report["definitions"]["masked"]) == 7 and report["definitions"]["scanned"] > 100
    [(number, address, body)] = copy_databases.query(
        "SELECT cart_image_url, who(), prosrc FROM catalog_variant, pg_proc WHERE proname = 'who'"
    )
    assert re.fullmatch(r"\d+@sellercenter\.net", number) and address == number and "doe" not in body
    assert copy_databases.query("SELECT who FROM her_view") == [(number,)]
    assert copy_databases.query("SELECT obj_description('catalog_brand'::regclass)") == [(f"Ask {number}",)]
    [(dump,)] = copy_databases.query(
        "SELECT string_agg(pg_get_indexdef(indexrelid), '') || (SELECT string_agg(pg_get_constraintdef(oid), '')"
        " FROM pg_constraint WHERE conname = 'ours') FROM pg_index"
    )
    assert dump.count(number) == 2 and "doe.example" not in dump


@pytest.mark.parametrize(
    ("do", "undo", "message"),
    [
        (f'CREATE SEQUENCE "{JANE}"', f'DROP SEQUENCE "{JANE}"', "in the name of sequence"),
        (
            f'ALTER TABLE catalog_brand ADD "{JANE}" int',
            f'ALTER TABLE catalog_brand DROP "{JANE}"',
            "in the name of table catalog_brand",
        ),
        (f"CREATE TYPE people AS ENUM ('{JANE}')", "DROP TYPE people", "in a label of type people"),
        (
            "COMMENT ON TABLE catalog_brand IS 'Tweety'",
            "COMMENT ON TABLE catalog_brand IS NULL",
            "Canary Tweety stands in a",
        ),
    ],
)
def test_what_cannot_be_masked_stops_the_copy(
    copy_databases: CopyDatabases, live: Live, on_live: Any, settings: Any, do: str, undo: str, message: str
) -> None:
    settings.STAGING_COPY_CANARIES = ["Tweety"]
    on_live(do, undo)
    services.take_backup()
    with pytest.raises(PreflightFailed, match=message) as failed:
        services.start_copy(by=None)
    assert "jane" not in str(failed.value)
