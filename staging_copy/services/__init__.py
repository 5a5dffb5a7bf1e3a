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
    CopyPlan,
    cancel_copy,
    dry_run,
    latest_in_place,
    register_staging,
    rollback,
    run_copy,
    run_due_copies,
    start_copy,
)
from staging_copy.services.samples import samples

__all__ = [
    "CopyPlan",
    "answer_check",
    "cancel_copy",
    "check_again",
    "clean_up_backups",
    "dry_run",
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
    "run_due_copies",
    "samples",
    "start_copy",
    "store_backups",
    "stored_names",
    "take_backup",
    "verify_and_read",
    "verify_backup",
]
