"""Single sign-on with OpenID Connect: who is let in, and which roles the groups of the provider give (A2)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core import checks
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.members import withdraw_invitations_of
from accounts.models import Membership, Seller, User
from accounts.roles import Role
from accounts.services import record_audit_event, set_verified_email

ADMINISTRATOR = "administrator"
CONSOLE_ROLES = {ADMINISTRATOR: None, **{role.name.lower(): role for role in Role}}
# The strongest first.
SELLER_ROLES = (Membership.Role.OWNER, Membership.Role.MEMBER, Membership.Role.VIEWER)


class Grant(NamedTuple):
    """What a group of the provider gives: a role of the console, or, with `seller`, of that seller's team."""

    role: str
    seller: str = ""


def parse_roles(words: Iterable[str]) -> dict[str, list[Grant]]:
    """`group=operator` or `group=seller:owner` → group → grants. ValueError for what can't be read."""
    found: dict[str, list[Grant]] = {}
    for word in words:
        group, _equals, right = word.partition("=")
        seller, _colon, role = right.strip().rpartition(":")
        if not group.strip() or role not in (SELLER_ROLES if seller else CONSOLE_ROLES):
            raise ValueError(
                f"OIDC_ROLES: {word!r} is invalid. Use GROUP=ROLE with {', '.join(CONSOLE_ROLES)},"
                f" or GROUP=SELLER:ROLE with {', '.join(SELLER_ROLES)}."
            )
        found.setdefault(group.strip(), []).append(Grant(role, seller))
    return found


@checks.register()
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.OIDC_ISSUER:
        return []
    problems = [
        f"{name} is missing. OIDC_ISSUER needs it."
        for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_DOMAINS")
        if not getattr(settings, name)
    ]
    try:
        parse_roles(settings.OIDC_ROLES)
    except ValueError as error:
        problems.append(str(error))
    return [checks.Error(problem, id="accounts.E001") for problem in problems]


def is_in_domains(email: str) -> bool:
    domain = email.rpartition("@")[2].lower()
    return domain in [each.lower() for each in settings.OIDC_DOMAINS]


@transaction.atomic
def apply_roles(*, user: User, groups: Iterable[str]) -> None:
    """Set the roles that OIDC_ROLES names to what the groups give, and take them away from those who left a group.

    If OIDC_ROLES names any console role, all console roles and the staff and superuser status follow it. Otherwise they
    stay, as do the roles at sellers that it does not name. The last owner of a seller stays owner.
    """
    mapping = parse_roles(settings.OIDC_ROLES)
    granted = {grant for group in groups for grant in mapping.get(group, ())}
    named = {grant for grants in mapping.values() for grant in grants}
    changed = [
        *(_apply_console_roles(user, granted) if any(not grant.seller for grant in named) else ()),
        *(
            change
            for slug in sorted({grant.seller for grant in named if grant.seller})
            for change in _apply_seller_role(user, slug, {grant.role for grant in granted if grant.seller == slug})
        ),
    ]
    if changed:
        record_audit_event(user=user, action="sso.roles", target=f"user {user.pk}", roles=changed)


def _apply_console_roles(user: User, granted: set[Grant]) -> list[str]:
    roles = {grant.role for grant in granted if not grant.seller}
    before = {group.name for group in user.groups.all()} & set(Role.values)
    after = {role.value for name, role in CONSOLE_ROLES.items() if role and name in roles}
    rights = (bool(roles), ADMINISTRATOR in roles)
    if before == after and (user.is_staff, user.is_superuser) == rights:
        return []
    user.is_staff, user.is_superuser = rights
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.remove(*Group.objects.filter(name__in=before - after))
    user.groups.add(*Group.objects.filter(name__in=after - before))
    return sorted(roles) or ["none"]


def _apply_seller_role(user: User, slug: str, roles: set[str]) -> list[str]:
    seller = Seller.objects.select_for_update().filter(slug=slug).exclude(status=Seller.Status.DELETED).first()
    if seller is None:
        return []
    member = Membership.objects.filter(user=user, seller=seller).first()
    role = next((role for role in SELLER_ROLES if role in roles), None)
    if (member.role if member else None) == role:
        return []
    owners = Membership.objects.filter(seller=seller, role=Membership.Role.OWNER)
    if member and member.role == Membership.Role.OWNER and not owners.exclude(pk=member.pk).exists():
        return []
    if role is None:
        Membership.objects.filter(user=user, seller=seller).delete()
    else:
        Membership.objects.update_or_create(user=user, seller=seller, defaults={"role": role})
    if role != Membership.Role.OWNER:
        withdraw_invitations_of(user=user, seller=seller, by=user)
    return [f"{slug}:{role or 'none'}"]


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find or create the account of the person whom the provider has identified, and set the roles."""
        sources = [sociallogin.account.extra_data.get(name, {}) for name in ("userinfo", "id_token")]
        claims = {**sources[1], **sources[0]}
        # The same source says whether the address is confirmed.
        about_email: dict[str, Any] = next((source for source in sources if source.get("email")), {})
        email = str(about_email.get("email", "")).strip().lower()
        if not is_in_domains(email):
            self._reject(
                request,
                "domain",
                _(
                    "Email addresses of your domain can’t log in with single sign-on. Use your work account, or log in"
                    " with your password."
                ),
            )
        if about_email.get("email_verified") not in (True, "true") and not settings.OIDC_TRUST_UNVERIFIED_EMAILS:
            self._reject(
                request,
                "unverified",
                _(
                    "Your identity provider has not confirmed your email address. Confirm it there, or contact your"
                    " administrator."
                ),
            )
        if not sociallogin.is_existing:
            user = User.objects.filter(email__iexact=email).first()
            if user is None:
                user = User.objects.create_user(email, name=str(claims.get("name", ""))[:150])
                set_verified_email(user=user)
                record_audit_event(user=user, action="sso.user", target=f"user {user.pk}")
            elif SocialAccount.objects.filter(user=user).exists():
                # An address may be given to another person. An administrator changes the earlier one.
                self._reject(
                    request,
                    "linked",
                    _("Another account of your provider has your email address here. Contact your administrator."),
                )
            sociallogin.connect(request, user)
        groups = claims.get(settings.OIDC_GROUPS_CLAIM, [])
        apply_roles(user=sociallogin.user, groups=[groups] if isinstance(groups, str) else map(str, groups))

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        self._reject(request, "error", _("Single sign-on failed. Try again, or use your password."))

    def _reject(self, request: HttpRequest, reason: str, text: str) -> None:
        """Raises ImmediateHttpResponse."""
        record_audit_event(user=None, action="sso.rejected", reason=reason)
        messages.error(request, text)
        raise ImmediateHttpResponse(redirect("account_login"))
