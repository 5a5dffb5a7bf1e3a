"""The dry run's rehearsal: creates everything but the rows in a database of its own, and drops it again.

What only the server can tell (a type, an extension's version, a policy's role) fails here as it would in the copy.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2
from django.utils.translation import gettext as _

from staging_copy.copying import build, preflight, privileges, swap
from staging_copy.copying.stages import STAGE_LABELS
from staging_copy.masking.policy import Policy, PolicyError
from staging_copy.postgres import Database, ProgramFailed


def rehearse(checked: preflight.Checked, policy: Policy, staging: Database, *, jobs: int) -> None:
    """Raises preflight.PreflightFailed if a stage would fail, with the reason that the copy would give."""
    name = swap.rehearsal_name(staging)
    stage = "schema"
    with (
        TemporaryDirectory() as folder,
        staging.maintenance.connect(autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        archive = checked.archive.with_definitions(checked.definitions.masked, Path(folder))
        # Two dry runs use the same name, so one waits for the other; the lock ends with the connection.
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"rehearsal of {staging.name}"])
        try:
            swap.drop(staging, name)
            side = build.create(staging, name)
            build.restore_schema(archive, side)
            build.tasks(archive, policy, side)
            stage = "indexes"
            build.restore_indexes(archive, side, jobs=jobs)
            stage = "own rows"
            if swap.databases(staging, [staging.name]):
                privileges.copy_privileges(staging, side)
                privileges.copy_settings(staging, side)
        except (ProgramFailed, PolicyError, psycopg2.Error) as error:
            message = _("The copy would fail at the stage “%(stage)s”. %(reason)s")
            raise preflight.PreflightFailed(
                [message % {"stage": STAGE_LABELS[stage], "reason": str(error).strip()}]
            ) from error
        finally:
            swap.drop(staging, name)
