"""What people and schedules can do with backups and copies."""

from staging_copy.services.backup_storage import (
    fetch_backup,
    prune_storage,
    rehearse_restore,
    store_backups,
    stored_names,
)
from staging_copy.services.backups import (
    clean_up_backups,
    latest_backup,
    prune_backups,
    register_backup,
    restore_backup_into_live,
    take_backup,
    verify_and_read,
    verify_backup,
)
from staging_copy.services.checks import answer_check, check_again
from staging_copy.services.copies import (
    cancel_copy,
    latest_in_place,
    register_staging,
    rollback,
    run_copy,
    run_due_copies,
    start_copy,
)
from staging_copy.services.dry_runs import cancel_dry_run, run_dry_run, run_due_dry_runs, start_dry_run
from staging_copy.services.samples import samples

__all__ = [
    "answer_check",
    "cancel_copy",
    "cancel_dry_run",
    "check_again",
    "clean_up_backups",
    "fetch_backup",
    "latest_backup",
    "latest_in_place",
    "prune_backups",
    "prune_storage",
    "register_backup",
    "register_staging",
    "rehearse_restore",
    "restore_backup_into_live",
    "rollback",
    "run_copy",
    "run_dry_run",
    "run_due_copies",
    "run_due_dry_runs",
    "samples",
    "start_copy",
    "start_dry_run",
    "store_backups",
    "stored_names",
    "take_backup",
    "verify_and_read",
    "verify_backup",
]
