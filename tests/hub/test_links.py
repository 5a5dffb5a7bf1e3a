"""Links: an external ID and an item belong together in both directions, and IDs are never reassigned."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hub import links
from hub.kinds import Kind
from hub.links import NewLink
from hub.models import Job, Link, LinkPayload
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(make_connection(make_seller()))


def receive(job: Job, external_id: str, item_id: int, payload: Any, **fields: Any) -> None:
    item = links.ReceivedItem(Kind.PRODUCT, external_id, item_id, b"hash", None, payload, **fields)
    links.save_received(connection_id=job.connection_id, received=[item], run_id=None, now=timezone.now())


def send(job: Job, item_id: int, external_id: str) -> None:
    item = links.SentItem(item_id, external_id, b"sent", 3, {"title": "Rope"})
    links.save_sent(connection_id=job.connection_id, kind=job.link_kind, sent=[item], now=timezone.now())


def ids(job: Job) -> dict[str, int]:
    return links.item_ids(job.connection_id, Kind.PRODUCT, ["a", "b"])


def test_receiving_an_item_again_keeps_the_previous_payload(job: Job) -> None:
    receive(job, "a", 1, {"title": "Rope"})
    receive(job, "a", 1, {"title": "Cord"})
    [payload] = LinkPayload.objects.all()
    assert (payload.previous, payload.received) == ({"title": "Rope"}, {"title": "Cord"})
    assert links.known(job.connection_id, [("product", "a")])["product", "a"].digest == b"hash"


def test_a_related_id_that_is_linked_keeps_its_item(job: Job) -> None:
    receive(job, "a", 1, {}, related={(Kind.VARIANT, "v"): 10})
    receive(job, "b", 2, {}, related={(Kind.VARIANT, "v"): 20, (Kind.VARIANT, "w"): 21})
    assert links.item_ids(job.connection_id, Kind.VARIANT, ["v", "w"]) == {"v": 10, "w": 21}


def test_an_id_belongs_to_the_linked_item_or_else_to_the_first_new_link(job: Job) -> None:
    receive(job, "a", 1, {})
    taken, first, second = NewLink("product", "a", 2), NewLink("product", "b", 3), NewLink("product", "b", 4)
    new_links = [taken, first, second, first, NewLink("product", "a", 1), NewLink("variant", "a", 2)]
    assert links.find_conflicts(job.connection_id, new_links) == {taken: 1, second: 3}


def test_ids_of_other_connections_do_not_conflict(job: Job) -> None:
    receive(make_job(make_connection(job.connection.seller)), "a", 1, {})
    assert links.find_conflicts(job.connection_id, [NewLink("product", "a", 2)]) == {}


def test_a_removed_item_keeps_its_link_only_if_it_was_imported_from_there(job: Job) -> None:
    receive(job, "a", 1, {})
    for item_id, external_id in ((1, "a"), (2, "b")):
        send(job, item_id, external_id)
    links.end_removed(links.of_job(job))
    [link] = Link.objects.all()
    assert (link.external_id, link.missing, link.sent_hash) == ("a", True, None)
    assert links.external_ids(job.connection_id, [("product", 1)]) == {}


def test_an_unlinked_id_can_be_linked_to_another_item(job: Job) -> None:
    receive(job, "a", 1, {})
    links.unlink(job.connection_id, Kind.PRODUCT, ["a"])
    receive(job, "a", 2, {})
    assert ids(job) == {"a": 2}


def test_a_target_that_created_the_item_again_changes_its_id(job: Job) -> None:
    send(job, 1, "a")
    links.mark_missing(links.of_job(job), fetched_at=timezone.now() - timedelta(days=1))
    reported = {("product", 1): "b"}
    assert links.save_reported(connection_id=job.connection_id, ids=reported) == [("product", 1)]
    assert links.save_reported(connection_id=job.connection_id, ids=reported) == []
    assert ids(job) == {"b": 1} and not Link.objects.get().missing


def test_a_confirmed_revision_changes_nothing_else(job: Job) -> None:
    send(job, 1, "a")
    before = Link.objects.values().get()
    links.confirm_revisions({before["id"]: 7})
    assert Link.objects.values().get() == before | {"sent_revision": 7}
