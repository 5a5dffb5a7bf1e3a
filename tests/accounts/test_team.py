"""Owners invite people, change and remove members, and pass ownership on; viewers ask for access (A1)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import members
from accounts.models import ApiKey, AuditEvent, Invitation, Membership, Seller, User
from accounts.services import create_api_key
from tests.accounts.conftest import PASSWORD
from tests.dashboard.merchants import Merchant, make_merchant

NEW = "newcomer@acorn.example"
JOIN = {"name": "Nora Newcomer", "password": "quite another phrase"}


@pytest.fixture
def owner(acorn: Merchant) -> Client:
    client = Client()
    client.force_login(acorn.owner)
    return client


def invite(owner: Client, email: str = NEW, role: str = "member", days: int = 7) -> str:
    """Invite somebody. Returns the path of the link in the email."""
    answer = owner.post("/s/acorn/team/invite/", {"email": email, "role": role, "days": days})
    assert answer.status_code == 302, answer.content.decode()
    (link,) = re.findall(r"http\S+", mail.outbox[-1].body)
    assert mail.outbox[-1].to == [email.lower()] and f'href="{link}"' in mail.outbox[-1].alternatives[0].content
    return re.sub(r"^https?://[^/]+", "", link)


def membership(email: str) -> str | None:
    return Membership.objects.filter(user__email=email, seller__slug="acorn").values_list("role", flat=True).first()


def test_invited_person_creates_an_account_and_joins(owner: Client, client: Client) -> None:
    link = invite(owner, "Newcomer@Acorn.example", role="viewer")
    assert "Alice invites you to the team of Acorn &" in mail.outbox[0].body
    assert "too common" in client.post(link, {"name": "N", "password": "password"}).content.decode()
    assert not User.objects.filter(email=NEW).exists()
    assert client.post(link, JOIN).headers["Location"] == "/s/acorn/"
    assert client.get("/s/acorn/").status_code == 200
    assert membership(NEW) == "viewer"
    # The link works once.
    assert Client().post(link, JOIN).status_code == 404
    actions = list(AuditEvent.objects.exclude(action="login").order_by("pk").values_list("action", flat=True))
    assert actions == ["invitation.add", "invitation.accept"]


def test_form_that_is_sent_twice_creates_one_account(acorn: Merchant) -> None:
    invitation, _token = members.invite(seller=acorn.seller, email=NEW, role="viewer", days=1, by=acorn.owner)
    members.create_invited_user(invitation=invitation, **JOIN)
    with pytest.raises(ValidationError, match="already have an account"):
        members.create_invited_user(invitation=invitation, **JOIN)


def test_person_with_an_account_logs_in_and_joins(owner: Client, client: Client) -> None:
    person = User.objects.create_user(NEW, PASSWORD)
    link = invite(owner)
    assert client.get(link).headers["Location"] == f"/login/?next={link}"
    assert client.post(link, JOIN).status_code == 302 and membership(NEW) is None
    client.post("/login/", {"username": NEW, "password": PASSWORD, "next": link})
    assert client.get(link).status_code == 200 and membership(NEW) is None
    client.post(link)
    assert membership(NEW) == "member"
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_invitation_is_for_its_address_only(acorn: Merchant, owner: Client) -> None:
    link = invite(owner)
    other = make_merchant("birch").owner
    client = Client()
    client.force_login(other)
    assert "log out first" in client.post(link).content.decode()
    assert not Membership.objects.filter(user=other, seller=acorn.seller).exists()


@pytest.mark.parametrize("end", ["expired", "withdrawn", "resent", "seller deleted"])
def test_link_that_is_no_longer_valid(acorn: Merchant, owner: Client, client: Client, end: str) -> None:
    link = invite(owner)
    invitation = Invitation.objects.get()
    if end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "withdrawn":
        owner.post(f"/s/acorn/team/invitations/{invitation.pk}/withdraw/")
    elif end == "resent":
        owner.post(f"/s/acorn/team/invitations/{invitation.pk}/resend/")
        assert len(mail.outbox) == 1, "not twice within a minute"
        Invitation.objects.update(sent_at=timezone.now() - timedelta(hours=1))
        owner.post(f"/s/acorn/team/invitations/{invitation.pk}/resend/")
        assert len(mail.outbox) == 2
    else:
        Seller.objects.update(status=Seller.Status.DELETED)
    assert client.get(link).status_code == 404
    assert client.post(link, JOIN).status_code == 404
    assert not User.objects.filter(email=NEW).exists()


def test_nobody_is_invited_twice(acorn: Merchant, owner: Client) -> None:
    invite(owner)
    for email, problem in ((NEW.upper(), "already invited"), (acorn.viewer.email, "already a member")):
        page = owner.post("/s/acorn/team/invite/", {"email": email, "role": "member", "days": 7})
        assert page.status_code == 400 and problem in page.content.decode()
    assert Invitation.objects.count() == 1
    assert NEW in owner.get("/s/acorn/team/").content.decode()


def test_members_and_viewers_neither_see_nor_change_invitations(acorn: Merchant, owner: Client) -> None:
    invite(owner)
    client = Client()
    client.force_login(acorn.viewer)
    Membership.objects.filter(user=acorn.viewer).update(role="member")
    assert NEW not in client.get("/s/acorn/team/").content.decode()
    assert client.post("/s/acorn/team/invite/", {"email": "x@y.example", "role": "owner", "days": 7}).status_code == 403


def test_roles_change_and_members_lose_access_when_they_are_removed(acorn: Merchant, owner: Client) -> None:
    member = Membership.objects.get(user=acorn.viewer)
    key, _text = create_api_key(name="k", scopes=["sync:read"], seller=acorn.seller, user=acorn.viewer)
    owner.post(f"/s/acorn/team/members/{member.pk}/role/", {"role": "member"})
    assert membership(acorn.viewer.email) == "member"
    owner.post(f"/s/acorn/team/members/{member.pk}/role/", {"role": "emperor"})
    assert membership(acorn.viewer.email) == "member"
    client = Client()
    client.force_login(acorn.viewer)
    owner.post(f"/s/acorn/team/members/{member.pk}/remove/")
    assert client.get("/s/acorn/").status_code == 404
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None


@pytest.mark.parametrize("how", ["remove", "role", "leave"])
def test_last_owner_stays(acorn: Merchant, owner: Client, how: str) -> None:
    member = Membership.objects.get(user=acorn.owner)
    address = "leave/" if how == "leave" else f"members/{member.pk}/{how}/"
    page = owner.post(f"/s/acorn/team/{address}", {"role": "viewer"}, follow=True).content.decode()
    assert "A team needs an owner" in page
    assert membership(acorn.owner.email) == "owner"
    # An owner who is deactivated can't manage the team, so does not count.
    User.objects.filter(pk=acorn.viewer.pk).update(is_active=False)
    Membership.objects.filter(user=acorn.viewer).update(role="owner")
    owner.post(f"/s/acorn/team/{address}", {"role": "viewer"})
    assert membership(acorn.owner.email) == "owner"


def test_ownership_is_transferred(acorn: Merchant, owner: Client) -> None:
    member = Membership.objects.get(user=acorn.viewer)
    owner.post(f"/s/acorn/team/members/{member.pk}/transfer/")
    assert (membership(acorn.viewer.email), membership(acorn.owner.email)) == ("owner", "member")
    assert owner.post(f"/s/acorn/team/members/{member.pk}/remove/").status_code == 403
    owner.post("/s/acorn/team/leave/")
    assert owner.get("/s/acorn/").status_code == 404


def test_what_changed_since_the_page_was_loaded_is_read_again(acorn: Merchant, owner: Client) -> None:
    """Whoever acts at the same time: the team keeps an owner, and an invitation that has ended makes no member."""
    stale = Membership.objects.select_related("user", "seller").get(user=acorn.viewer)
    User.objects.filter(pk=acorn.viewer.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="no longer an active member"):
        members.transfer_ownership(seller=acorn.seller, to=stale, by=acorn.owner)
    User.objects.filter(pk=acorn.viewer.pk).update(is_active=True)
    Membership.objects.filter(pk=stale.pk).delete()
    with pytest.raises(ValidationError, match="no longer an active member"):
        members.transfer_ownership(seller=acorn.seller, to=stale, by=acorn.owner)
    assert membership(acorn.owner.email) == "owner"
    member = Membership.objects.create(user=acorn.viewer, seller=acorn.seller, role="viewer")
    Membership.objects.filter(seller=acorn.seller).update(role="owner")
    Membership.objects.filter(user=acorn.owner, seller=acorn.seller).update(role="member")
    with pytest.raises(ValidationError, match="needs an owner"):
        members.remove_member(member=member, by=acorn.owner)
    invitation, _token = members.invite(seller=acorn.seller, email=NEW, role="member", days=1, by=acorn.owner)
    person = User.objects.create_user(NEW, PASSWORD)
    for change in ({"expires_at": timezone.now()}, {"expires_at": timezone.now() + timedelta(days=1)}):
        Invitation.objects.update(**change)
        with pytest.raises(ValidationError, match="no longer valid"):
            members.accept_invitation(invitation=invitation, user=person)
        Seller.objects.update(status=Seller.Status.DELETED)
    assert membership(NEW) is None


@pytest.mark.parametrize("how", ["remove", "role", "transfer"])
def test_invitations_of_a_former_owner_end(acorn: Merchant, owner: Client, client: Client, how: str) -> None:
    link = invite(owner, role="owner")
    Membership.objects.filter(user=acorn.viewer).update(role="owner")
    of_alice, of_victor = (Membership.objects.get(user=user).pk for user in (acorn.owner, acorn.viewer))
    other = Client()
    other.force_login(acorn.viewer)
    if how == "transfer":
        owner.post(f"/s/acorn/team/members/{of_victor}/transfer/")
    else:
        other.post(f"/s/acorn/team/members/{of_alice}/{how}/", {"role": "member"})
    assert client.post(link, JOIN).status_code == 404
    assert AuditEvent.objects.filter(action="invitation.withdraw").count() == 1


def test_withdrawn_invitations_count_for_the_day(
    owner: Client, acorn: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.members.MAX_INVITATIONS_PER_DAY", 1)
    invite(owner)
    owner.post(f"/s/acorn/team/invitations/{Invitation.objects.get().pk}/withdraw/")
    sent = {"email": "x@y.example", "role": "member", "days": 7}
    assert "too many invitations" in owner.post("/s/acorn/team/invite/", sent).content.decode()
    Invitation.objects.update(sent_at=timezone.now() - timedelta(days=2))
    invite(owner, "x@y.example")


def test_viewer_asks_the_owners_for_access_once_a_day(acorn: Merchant) -> None:
    client = Client()
    client.force_login(acorn.viewer)
    client.post("/s/acorn/team/ask/")
    page = client.post("/s/acorn/team/ask/", follow=True).content.decode()
    assert "already asked today" in page
    (message,) = mail.outbox
    assert message.to == [acorn.owner.email] and "/s/acorn/team/" in message.body
    assert acorn.viewer.email in message.body


def test_member_of_another_seller_is_not_reached(acorn: Merchant, owner: Client) -> None:
    birch = make_merchant("birch")
    theirs = Membership.objects.get(user=birch.viewer)
    for action in ("role", "remove", "transfer"):
        assert owner.post(f"/s/acorn/team/members/{theirs.pk}/{action}/", {"role": "owner"}).status_code == 404
    assert Membership.objects.filter(seller=birch.seller).count() == 2


def test_failed_email_is_reported(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    sent = {"email": NEW, "role": "member", "days": 7}
    assert "could not be sent" in owner.post("/s/acorn/team/invite/", sent, follow=True).content.decode()
    assert Invitation.objects.filter(email=NEW).exists()
