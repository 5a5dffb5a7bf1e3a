"""Whatever is sent, the answer is 200, 400 or 401: never a server error."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import WebhookEvent, WebhookRefusal
from connectors.platforms.bigcommerce.webhooks import SCOPES
from hub.models import Connection
from tests.webhooks.conftest import Post
from tests.webhooks.sending import body_of, event, signed, with_secret

pytestmark = pytest.mark.django_db

fuzz = settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# What a server accepts in a header: Latin-1 without control characters.
values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
names = st.sampled_from(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "X-SyncCenter-Secret", "X-SyncCenter-Signature"]
)
numbers = st.one_of(st.integers(), st.floats())
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(st.characters(exclude_categories=["Cs"])))
values_of_json = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab/\0\\"), inner))
scopes = st.sampled_from([scope.replace("*", "updated") for scope in SCOPES] + ["store/sku/inventory/updated"])


@fuzz
@given(changed=st.dictionaries(names, values), extra=st.dictionaries(names, values))
def test_headers(shop: Connection, post: Post, changed: dict[str, str], extra: dict[str, str]) -> None:
    body = body_of(event())
    before = WebhookEvent.objects.count()
    for headers in (extra, signed(body) | changed, with_secret(shop) | changed):
        assert post(shop, body, headers).status_code in (200, 401)
    assert WebhookEvent.objects.count() - before <= 2


@fuzz
@given(body=st.binary(max_size=300) | values_of_json.map(repr).map(str.encode))
def test_bodies_of_bytes(shop: Connection, post: Post, body: bytes) -> None:
    answers = {post(shop, body, with_secret(shop)).status_code, post(shop, body, {}).status_code}
    assert answers <= {200, 400, 401} and 401 in answers


words = st.text("abcdefghij", min_size=12, max_size=20)


@fuzz
@given(scope=scopes, data=st.recursive(words, lambda inner: st.lists(inner) | st.dictionaries(st.just("id"), inner)))
def test_the_reason_for_an_unread_event_reveals_none_of_its_content(
    shop: Connection, post: Post, scope: str, data: object
) -> None:
    """The reason is visible to people who may not see payloads."""
    post(shop, {"scope": scope, "data": data, "producer": data}, with_secret(shop))
    post(shop, {"scope": data, "data": data}, with_secret(shop))
    found = set(re.findall(r"[a-j]{12,}", str(data)))
    assert not any(word in reason for word in found for reason in WebhookEvent.objects.values_list("reason", flat=True))


@fuzz
@given(scope=scopes, data=values_of_json, around=st.dictionaries(st.text("ab\0"), values_of_json))
def test_bodies_of_json(shop: Connection, post: Post, scope: str, data: object, around: dict[str, object]) -> None:
    """Whatever is signed and JSON is stored, and can be read back, whatever it means."""
    answer = post(shop, {**around, "scope": scope, "data": data}, with_secret(shop))
    assert answer.status_code == 200
    assert all(isinstance(stored.payload, dict) for stored in WebhookEvent.objects.all())
    assert not WebhookRefusal.objects.exists()
