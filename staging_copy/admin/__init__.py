"""Console pages of backups, live-to-staging copies, their dry runs and their schedules."""

from staging_copy.admin.backups import BackupAdmin
from staging_copy.admin.copies import CopyAdmin
from staging_copy.admin.dry_runs import DryRunAdmin
from staging_copy.admin.schedules import CopyScheduleAdmin

__all__ = ["BackupAdmin", "CopyAdmin", "CopyScheduleAdmin", "DryRunAdmin"]
