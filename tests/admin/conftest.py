"""Fixtures of the console's tests: two sellers with sample data, and a logged-in operator."""

from typing import Any

import pytest
from django.test import Client

from tests.two_sellers import TwoSellers, make_person, two_sellers

__all__ = ["two_sellers"]


class Console(Client):
    """A test client with helpers for the console's forms and dialogs."""

    def form_of(self, address: str) -> dict[str, Any]:
        """The data that the page's form would post without any edit."""
        context = self.get(address).context
        forms = [context["adminform"].form, *(formset.formset for formset in context["inline_admin_formsets"])]
        sent: dict[str, Any] = {}
        for form in forms:
            bound = form.forms + [form.management_form] if hasattr(form, "management_form") else [form]
            for each in bound:
                sent |= {field.html_name: field.value() for field in each}
        return {name: value for name, value in sent.items() if value is not None and value is not False}

    def errors_of(self, answer: Any) -> dict[str, list[str]]:
        return dict(answer.context["adminform"].form.errors)

    def dialog(self, address: str) -> bytes:
        """The dialog of an action, as the page that it belongs to asks for it."""
        return self.get(address, headers={"HX-Request": "true"}).content

    def do(self, address: str, **answers: str) -> Any:
        """Confirm the dialog of an action."""
        return self.post(address, {"_form_submitted": "on", **answers})


@pytest.fixture
def operator(two_sellers: TwoSellers) -> Console:
    client = Console()
    client.force_login(make_person("operator@hub.example", is_staff=True, is_superuser=True))
    return client
