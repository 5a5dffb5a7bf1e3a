"""Preflight checks of a copy: everything that can be verified before anything is changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg2
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staging_copy.backup import backups
from staging_copy.backup.archive import Archive, ArchiveError, TableData
from staging_copy.copying import column_review, disk, server_checks, swap, target
from staging_copy.copying.archive_needs import needs_of
from staging_copy.copying.config import Config
from staging_copy.copying.migrations import applied, known_migrations
from staging_copy.copying.stages import PreflightFailed as PreflightFailed
from staging_copy.masking import addresses, definitions
from staging_copy.masking.classifier import Proposal
from staging_copy.masking.definitions import Definitions
from staging_copy.masking.leak_check import LeakCheck
from staging_copy.masking.policy import Policy, Rows, Rule
from staging_copy.postgres import Database, program_version

_MAX_NAME_LENGTH = 63 - len("_previous_old")


@dataclass(frozen=True)
class PlannedTable:
    """What the copy will do with one table: whose rows it will contain, how many, and each column's rule."""

    table: str
    treatment: Rows
    rows: int
    rules: dict[str, Rule]
    size: int


def plan(archive: Archive, manifest: backups.Manifest, policy: Policy) -> list[PlannedTable]:
    """All tables in the archive, largest first, partitions counted with their parent. Raises PreflightFailed (N3)."""
    if missing := list(_without_rules(archive, policy)):
        raise PreflightFailed(missing)
    sizes: dict[str, int] = {}
    for table in archive.tables:
        sizes[table.root] = sizes.get(table.root, 0) + table.size
    return [
        PlannedTable(
            name, policy.tables[name].rows, manifest.rows.get(name, 0), dict(policy.tables[name].columns), size
        )
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])
    ]


@dataclass(frozen=True)
class Checked:
    """An archive that can be copied, what was found in its definitions, and kept columns that look personal."""

    archive: Archive
    definitions: Definitions
    warnings: list[Proposal]


def check(config: Config, policy: Policy, manifest: backups.Manifest, *, now: datetime) -> Checked:
    """Runs all checks. Raises PreflightFailed with every reason why this backup cannot be copied to staging."""
    archive = Archive.open(config.backups / manifest.name)

    def scrub(text: bytes) -> bytes:
        return addresses.replace(text, lambda address: b"0", config.domain.encode())

    found = definitions.mask_definitions(archive, scrub, LeakCheck(config.domain, config.allowed))
    reasons = [
        *_archive_problems(archive, manifest, policy, max_age=config.max_age, now=now),
        *_definition_problems(archive, found, config.canaries),
        *_target_problems(config, archive, manifest),
    ]
    if reasons:
        # A name of live may be an address, which belongs in no log.
        raise PreflightFailed(scrub(reason.encode()).decode() for reason in reasons)
    return Checked(archive, found, column_review.warnings(archive, policy))


def _archive_problems(
    archive: Archive, manifest: backups.Manifest, policy: Policy, *, max_age: timedelta, now: datetime
) -> Iterator[str]:
    try:
        backups.check_archive(archive, manifest)
    except ArchiveError as error:
        yield str(error)
        return
    yield from _without_rules(archive, policy)
    if now - manifest.taken > max_age:
        message = _(
            "Backup %(backup)s is from %(time)s, which is more than %(hours)s hours ago. Check why the nightly "
            "backup did not run, or take a new backup."
        )
        yield message % {
            "backup": manifest.name,
            "time": f"{manifest.taken:%Y-%m-%d %H:%M %Z}",
            "hours": f"{max_age.total_seconds() / 3600:g}",
        }
    if archive.encoding != "UTF8":
        message = _("The archive is encoded in %(encoding)s. Only UTF8 archives can be masked.")
        yield message % {"encoding": archive.encoding}
    if archive.large_objects:
        message = ngettext(
            "The archive contains %(count)s large object, which cannot be masked. Remove it from live.",
            "The archive contains %(count)s large objects, which cannot be masked. Remove them from live.",
            archive.large_objects,
        )
        yield message % {"count": archive.large_objects}
    if unknown := sorted(set(manifest.migrations) - known_migrations()):
        message = _(
            "The backup is newer than this code and contains unknown migrations (%(migrations)s). "
            "Deploy the version that live runs, then copy again."
        )
        yield message % {"migrations": ", ".join(unknown[:5])}


def _definition_problems(archive: Archive, found: Definitions, canaries: Iterable[str]) -> Iterator[str]:
    for finding in found.problems:
        message = {
            "name": _(
                "Live has an email address in the name of %(object)s, which cannot be masked. Rename it in live."
            ),
            "enum label": _(
                "Live has an email address in a label of %(object)s, which cannot be masked. Rename the label in live: "
                "ALTER TYPE … RENAME VALUE … TO …"
            ),
            "partition bound": _(
                "Live has an email address in a partition bound of %(object)s, which cannot be masked. Partition the "
                "table by another column."
            ),
        }[finding.problem]
        yield message % {"object": str(finding)}
    texts = (found.masked.get(entry.id, entry.definition.encode()) for entry in archive.restorable_entries)
    for canary, count in definitions.count_canaries(texts, canaries).items():
        if count:
            message = _("Canary %(canary)s stands in a definition of live (a comment, default, function or view).")
            yield message % {"canary": canary}


def _target_problems(config: Config, archive: Archive, manifest: backups.Manifest) -> Iterator[str]:
    staging = config.staging
    if config.environment == "staging":
        yield _("Copies are started on live, and this is staging (see the setting ENVIRONMENT).")
    if (ours := program_version("pg_restore")) < (theirs := int(archive.pg_dump_version.split(".")[0].split()[0])):
        message = _(
            "The backup was made by pg_dump %(theirs)s, and pg_restore here is version %(ours)s. Set POSTGRES_BIN to "
            "the programs of PostgreSQL %(theirs)s or newer."
        )
        yield message % {"ours": ours, "theirs": theirs}
    if len(staging.name.encode()) > _MAX_NAME_LENGTH:
        message = _("The database name %(name)s is too long. Rename the database to at most %(limit)s bytes.")
        yield message % {"name": staging.name, "limit": _MAX_NAME_LENGTH}
    try:
        target.check(staging, config.live, config.journals)
        yield from server_checks.find_problems(staging, needs_of(archive), processes=config.processes)
        yield from disk.find_shortage(staging, manifest.database_size)
        yield from _newer_release(staging, manifest)
    except target.WrongTarget as error:
        yield str(error)
    except psycopg2.OperationalError as error:
        yield _("A database is not responding: %(error)s") % {"error": str(error).strip()}


def _newer_release(staging: Database, manifest: backups.Manifest) -> Iterator[str]:
    """The new database has the schema of this code, on which staging's newer code would fail."""
    if not swap.databases(staging, [staging.name]):
        return
    # Live and staging may share migrations that this code no longer has.
    if unknown := sorted(applied(staging) - known_migrations() - set(manifest.migrations)):
        message = _(
            "Staging runs a newer release than live: it has migrations that this code does not know (%(migrations)s). "
            "A copy would take it back to the older schema. Upgrade live, then copy again."
        )
        yield message % {"migrations": ", ".join(unknown[:5])}


def _without_rules(archive: Archive, policy: Policy) -> Iterator[str]:
    proposed = {proposal.column: proposal for proposal in column_review.proposals(archive, policy)}
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None:
            message = _(
                "Table %(table)s has no masking policy. Add one to the policy.py of its app. If the table no longer "
                "exists in the code, also add its name to RETIRED."
            )
            yield message % {"table": table.root}
        elif rules.rows is Rows.COPY:
            yield from _columns_without_rules(table, set(rules.columns), proposed)


def _columns_without_rules(table: TableData, known: set[str], proposed: dict[str, Proposal]) -> Iterator[str]:
    for column in table.columns:
        if column not in known:
            message = _("Column %(column)s has no masking rule. Add one to the policy.py of its app.")
            name = f"{table.root}.{column}"
            proposal = _(" Proposal: %(proposal)s.") % {"proposal": proposed[name]} if name in proposed else ""
            yield message % {"column": name} + proposal
