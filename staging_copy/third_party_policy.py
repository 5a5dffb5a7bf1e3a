"""Policies for the tables of Django and third-party apps."""

POLICY = {
    "auth_group": {"id": "keep", "name": "scrub:unique"},
    "auth_group_permissions": {"id": "keep", "group_id": "keep", "permission_id": "keep"},
    "auth_permission": {"id": "keep", "name": "keep", "content_type_id": "keep", "codename": "keep"},
    "django_content_type": {"id": "keep", "app_label": "keep", "model": "keep"},
    "django_migrations": {"id": "keep", "app": "keep", "name": "keep", "applied": "keep"},
    # Live's admin history and sessions are not needed on staging.
    "django_admin_log": {"*": "empty"},
    "django_session": {"*": "empty"},
    # Staging keeps its own beat schedules: live's would start live's tasks.
    "django_celery_beat_clockedschedule": {"*": "preserve"},
    "django_celery_beat_crontabschedule": {"*": "preserve"},
    "django_celery_beat_intervalschedule": {"*": "preserve"},
    "django_celery_beat_periodictask": {"*": "preserve"},
    "django_celery_beat_periodictasks": {"*": "preserve"},
    "django_celery_beat_solarschedule": {"*": "preserve"},
}

RETENTION = {
    "auth_group": "forever",
    "auth_group_permissions": "forever",
    "auth_permission": "forever",
    "django_content_type": "forever",
    "django_migrations": "forever",
    "django_admin_log": "forever",
    "django_session": "forever",  # Django's clearsessions command deletes expired sessions
    "django_celery_beat_clockedschedule": "forever",
    "django_celery_beat_crontabschedule": "forever",
    "django_celery_beat_intervalschedule": "forever",
    "django_celery_beat_periodictask": "forever",
    "django_celery_beat_periodictasks": "forever",
    "django_celery_beat_solarschedule": "forever",
}
