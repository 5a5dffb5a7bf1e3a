"""`manage.py check_staging`: the post-copy check. The copier runs it with staging as its database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from staging_copy.checking import Check, CheckFailed
from staging_copy.checking.process import PROGRESS_PREFIX
from staging_copy.copying.journal import Journal


class Command(BaseCommand):
    help = (
        "Looks up products and sellers in staging's shops, and deletes those that are missing there. Works only on "
        "the database of the copy that this journal belongs to. The copier runs it; to check again, use the admin."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("journal", type=Path, help="the copy's journal folder")
        parser.add_argument("--fresh", action="store_true", help="discard earlier results and start over")
        parser.add_argument("--answer", choices=("yes", "no"), help="whether to delete missing items, if asked")
        parser.add_argument("--by", default="", help="the user who answered")

    def handle(self, *args: Any, **options: Any) -> None:
        record = Journal(options["journal"])
        _ensure_this_is_the_copy(record)
        with connection.cursor() as cursor:
            # Wait for a check whose copier was killed: it may still be running.
            cursor.execute("SELECT pg_advisory_lock(hashtext('staging_copy.check'))")
        try:
            check = Check(record, lambda what, count: self.stdout.write(f"{PROGRESS_PREFIX}{what}\t{count}"))
            if options["answer"]:
                check.answer(yes=options["answer"] == "yes", by=options["by"])
            else:
                check.run(fresh=options["fresh"])
        except CheckFailed as error:
            raise CommandError(str(error)) from error


def _ensure_this_is_the_copy(record: Journal) -> None:
    swapping = record.last("swapping")
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, datname FROM pg_database WHERE datname = current_database()")
        oid, name = cursor.fetchone()
    if swapping is None or swapping["oid"] != oid:
        raise CommandError(f"Database {name} is not the result of copy {record.name}. Nothing was changed.")
