"""Manager of the user model: the email address is the username."""

from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.password_validation import validate_password


class UserManager(BaseUserManager[Any]):
    """Creates users by email address and looks them up ignoring case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Any:
        """Create a user; the address is stored in lower case. Without a password, password login is disabled."""
        if not email:
            raise ValueError("Users must have an email address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Any:
        """Raises ValidationError for a weak password: `createsuperuser --no-input` does not check it."""
        if password is not None:
            validate_password(password, self.model(email=email, **fields))
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(email__iexact=username)
