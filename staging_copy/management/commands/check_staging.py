"""Checks the copy that this process is connected to against its shops; started by the copier, on staging's database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from staging_copy.journal import Journal
from staging_copy.post_copy_check import PROGRESS_PREFIX
from staging_copy.reconciliation import Check, CheckFailed


class Command(BaseCommand):
    help = (
        "Looks up products and sellers in staging's shops, and deletes what they do not have. Works only on the "
        "database that the copy of this journal put in place. The copier runs it; use the admin to check again."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("journal", type=Path, help="folder of the copy's journal")
        parser.add_argument("--fresh", action="store_true", help="ask everything anew")
        parser.add_argument("--answer", choices=("yes", "no"), help="end a check that asked")
        parser.add_argument("--by", default="", help="whose answer it is")

    def handle(self, *args: Any, **options: Any) -> None:
        record = Journal(options["journal"])
        _ensure_this_is_the_copy(record)
        with connection.cursor() as cursor:
            # A check whose copier was killed may still be at work.
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
        raise CommandError(f"{name} is not the database that the copy {record.name} put in place. Nothing was done.")
