"""How tests hash passwords: at once, since production's hasher is meant to take long."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Processes that a test starts have production's hashers, and can verify its hashes."""

    iterations = 1
