"""The team page: members of the seller, invitations, and requests for more access (A1)."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts import members
from accounts.models import Invitation, Membership
from dashboard.access import SellerRequest, seller_member_action, seller_owner_action, seller_page
from dashboard.forms import InviteForm
from dashboard.team_emails import send_access_request, send_invitation


@seller_page
def show(request: SellerRequest) -> HttpResponse:
    return _page(request, InviteForm())


@seller_owner_action
def invite(request: SellerRequest) -> HttpResponseBase:
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            invitation, token = members.invite(seller=request.seller, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _sent(request, invitation, token)
    return _page(request, form, status=400)


@seller_owner_action
def resend(request: SellerRequest, invitation: int) -> HttpResponseBase:
    chosen = get_object_or_404(Invitation, pk=invitation, seller=request.seller)
    try:
        token = members.renew_invitation(invitation=chosen, by=request.user)
    except ValidationError as error:
        return _back(request, error)
    return _sent(request, chosen, token)


@seller_owner_action
def withdraw(request: SellerRequest, invitation: int) -> HttpResponseBase:
    chosen = get_object_or_404(Invitation, pk=invitation, seller=request.seller)
    return _try(
        request, lambda: members.withdraw_invitation(invitation=chosen, by=request.user), _("Invitation withdrawn.")
    )


@seller_owner_action
def change_role(request: SellerRequest, member: int) -> HttpResponseBase:
    chosen = _member(request, member)
    role = request.POST.get("role", "")
    if role not in Membership.Role.values:
        return _back(request, ValidationError(_("Choose a role.")))
    return _try(request, lambda: members.change_role(member=chosen, role=role, by=request.user), _("Role changed."))


@seller_owner_action
def remove(request: SellerRequest, member: int) -> HttpResponseBase:
    chosen = _member(request, member)
    text = _("%(person)s is no longer a member of the team.") % {"person": chosen.user}
    return _try(request, lambda: members.remove_member(member=chosen, by=request.user), text)


@seller_owner_action
def transfer(request: SellerRequest, member: int) -> HttpResponseBase:
    """Make the member owner instead of the user."""
    chosen = _member(request, member)
    text = _("%(person)s is now an owner. You are now a member.") % {"person": chosen.user}
    return _try(request, lambda: members.transfer_ownership(seller=request.seller, to=chosen, by=request.user), text)


@seller_member_action
def leave(request: SellerRequest) -> HttpResponseBase:
    own = Membership.objects.get(seller=request.seller, user=request.user)
    try:
        members.remove_member(member=own, by=request.user)
    except ValidationError as error:
        return _back(request, error)
    messages.success(request, _("You have left %(seller)s.") % {"seller": request.seller})
    return redirect("dashboard:home")


@seller_member_action
def ask_for_access(request: SellerRequest) -> HttpResponseBase:
    own = Membership.objects.get(seller=request.seller, user=request.user)
    try:
        owners = members.ask_for_access(member=own)
    except ValidationError as error:
        return _back(request, error)
    if send_access_request(member=own, owners=owners):
        messages.success(request, _("We’ve asked the owners of your team by email."))
    else:
        messages.error(request, _("The email could not be sent. Ask an owner directly."))
    return redirect("dashboard:team", seller=request.seller.slug)


def _member(request: SellerRequest, pk: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user", "seller"), pk=pk, seller=request.seller)


def _sent(request: SellerRequest, invitation: Invitation, token: str) -> HttpResponseBase:
    if send_invitation(invitation=invitation, token=token):
        messages.success(request, _("Invitation sent to %(email)s.") % {"email": invitation.email})
    else:
        messages.error(request, _("The invitation is saved, but the email could not be sent. Send it again later."))
    return redirect("dashboard:team", seller=request.seller.slug)


def _try(request: SellerRequest, change: Callable[[], None], text: str) -> HttpResponseBase:
    """Make the change and say so; or say why it was not made."""
    try:
        change()
    except ValidationError as error:
        return _back(request, error)
    messages.success(request, text)
    return redirect("dashboard:team", seller=request.seller.slug)


def _back(request: SellerRequest, error: ValidationError) -> HttpResponseBase:
    for text in error.messages:
        messages.error(request, text)
    return redirect("dashboard:team", seller=request.seller.slug)


def _page(request: SellerRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    team = list(request.seller.memberships.select_related("user").order_by("role", "user__email"))
    own = next(member for member in team if member.user_id == request.user.pk)
    is_owner = own.role == Membership.Role.OWNER
    context = {
        "form": form,
        "members": team,
        "membership": own,
        "is_owner": is_owner,
        "roles": Membership.Role.choices,
        "invitations": members.open_invitations(request.seller) if is_owner else [],
    }
    return render(request, "dashboard/team.html", context, status=status)
