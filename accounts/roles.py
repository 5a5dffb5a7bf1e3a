"""The roles of the console: what each may do, as one table. `migrate` writes them to the database as groups.

The groups are read-only in the console, because the next `migrate` sets their permissions from this table again. An
administrator is a superuser, who may do everything; there is no group for it.
"""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS
from django.db.models import TextChoices
from django.utils.translation import gettext_noop as _


class Role(TextChoices):
    """The value is the name of the group."""

    SUPPORT = "Support (built-in)", _("Support")
    OPERATOR = "Operator (built-in)", _("Operator")
    AUDITOR = "Auditor (built-in)", _("Auditor")


# What the sync engine and the sellers' data look like; no accounts, no audit log, no backups.
_WORK = {
    "catalog.attributeset": "view",
    "catalog.brand": "view",
    "catalog.category": "view",
    "catalog.pricelist": "view",
    "catalog.product": "view",
    "catalog.stocklocation": "view",
    "catalog.variant": "view",
    "connectors.feedimport": "view",
    "connectors.webhookevent": "view",
    "connectors.webhookrefusal": "view",
    "accounts.dropshipagreement": "view",
    "accounts.seller": "view",
    "accounts.user": "view",
    "hub.alert": "view",
    "hub.change": "view",
    "hub.connection": "view",
    "hub.job": "view",
    "hub.lane": "view",
    "hub.link": "view",
    "hub.master": "view",
    "hub.platformswitch": "view",
    "hub.ratebudget": "view",
    "hub.run": "view",
    "hub.runitem": "view",
    "hub.worker": "view",
    "orders.customer": "view",
    "orders.customergroup": "view",
    "orders.order": "view",
    "synclog.issue": "view",
    "synclog.itemevent": "view",
    "synclog.itemstatus": "view",
    "synclog.synclog": "view",
}

# Role → model → verbs. `change` allows the actions of a page (pause, retry …), even where there is no edit form.
ROLE_PERMISSIONS: dict[Role, dict[str, str]] = {
    Role.SUPPORT: _WORK | {"hub.change": "view change", "synclog.issue": "view change"},
    Role.OPERATOR: _WORK
    | {
        "accounts.dropshipagreement": "view add change",
        "accounts.seller": "view add change",
        "connectors.feedimport": "view change",
        "connectors.webhookevent": "view change",
        "hub.alertchannel": "view add change delete",
        "hub.alertdelivery": "view",
        "hub.change": "view change",
        "hub.connection": "view add change",
        "hub.job": "view change",
        "hub.lane": "view change",
        "hub.master": "view add change delete",
        "hub.platformswitch": "view add change delete",
        "hub.ratebudget": "view change",
        "hub.run": "view change",
        "hub.runitem": "view change",
        "synclog.issue": "view change",
    },
    Role.AUDITOR: _WORK
    | {
        "accounts.apikey": "view",
        "accounts.auditevent": "view export",
        "auth.group": "view",
        "hub.alertchannel": "view",
        "hub.alertdelivery": "view",
        "staging_copy.backup": "view",
        "staging_copy.copy": "view",
        "staging_copy.copyschedule": "view",
        "staging_copy.dryrun": "view",
    },
}


def permissions_of(role: Role) -> set[tuple[str, str]]:
    """The role's permissions as pairs of app label and codename, for example `("hub", "view_run")`."""
    return {
        (label.split(".")[0], f"{verb}_{label.split('.')[1]}")
        for label, verbs in ROLE_PERMISSIONS[role].items()
        for verb in verbs.split()
    }


def write_role_groups(*, using: str = DEFAULT_DB_ALIAS, apps: Any = installed, **_options: Any) -> None:
    """Create the groups of the roles and set their permissions. A receiver of `post_migrate`."""
    labels = {label.split(".")[0] for table in ROLE_PERMISSIONS.values() for label in table}
    for app_label in sorted(labels):
        # Django creates an app's permissions in its own receiver, which may run after this one.
        create_permissions(installed.get_app_config(app_label), verbosity=0, using=using, apps=apps)
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # migrated back to before django.contrib.auth
        return
    by_name = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in permissions._default_manager.using(using).select_related("content_type")
    }
    for role in Role:
        group, _created = groups._default_manager.using(using).get_or_create(name=role.value)
        # A permission is missing if `migrate` stopped at an older migration, before its model.
        group.permissions.set([by_name[name] for name in permissions_of(role) if name in by_name])
