"""Two sellers with the same data, so that everything of one has a counterpart at the other."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.dashboard.merchants import Merchant, make_merchant


@pytest.fixture
def acorn(db: None) -> Merchant:
    return make_merchant("acorn")


@pytest.fixture
def birch(db: None) -> Merchant:
    return make_merchant("birch")


@pytest.fixture
def logged_in() -> Callable[[User], Client]:
    """`logged_in(user)`: a client in which the user is logged in."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of
