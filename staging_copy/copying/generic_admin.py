"""The shared admin account for logging in on staging (L4)."""

from typing import Any

from staging_copy.postgres import Database


def ensure(side: Database, *, email: str, password_hash: str) -> None:
    """Creates the shared admin, or resets its password and permissions."""
    values: dict[str, Any] = {"email": email, "password": password_hash}
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET password = %(password)s, is_active = true, is_staff = true, is_superuser = true"
            " WHERE lower(email) = lower(%(email)s)",
            values,
        )
        if cursor.rowcount == 0:
            cursor.execute(
                "INSERT INTO accounts_user (email, password, name, is_active, is_staff, is_superuser, date_joined)"
                " VALUES (%(email)s, %(password)s, 'Staging admin', true, true, true, now())",
                values,
            )
        # The password is all that is needed, even if somebody set up a second factor on staging.
        cursor.execute(
            "DELETE FROM mfa_authenticator USING accounts_user AS admin"
            " WHERE admin.id = user_id AND lower(admin.email) = lower(%(email)s)",
            values,
        )
        connection.commit()
