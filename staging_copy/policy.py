"""The policies of this app's own tables. They describe live's backups and copies, so they are empty on staging."""

POLICY = {
    "staging_copy_backup": {"*": "empty"},
    "staging_copy_copy": {"*": "empty"},
    "staging_copy_copyschedule": {"*": "empty"},
    "staging_copy_dryrun": {"*": "empty"},
    "staging_copy_finding": {"*": "empty"},
}

RETENTION = {
    "staging_copy_backup": "forever",
    "staging_copy_copy": "forever",
    "staging_copy_copyschedule": "forever",
    "staging_copy_dryrun": "forever",
    "staging_copy_finding": "forever",
}
