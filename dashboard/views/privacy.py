"""Export and erasure of a customer's personal data, for owners (A5)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.queries import is_owner
from accounts.services import record_audit_event
from dashboard.access import SellerRequest, seller_owner_action, seller_page
from privacy.personal_data import ENCODER, Person, export_person, find_person
from privacy.services import erase_person


@seller_page
def export(request: SellerRequest, customer: int) -> HttpResponseBase:
    if not is_owner(user=request.user, seller=request.seller):
        raise PermissionDenied("Only owners can export personal data.")
    person = _person(request, customer)
    record_audit_event(user=request.user, action="privacy.export", target=f"customer {customer}", seller=request.seller)
    return JsonResponse(
        export_person(person),
        encoder=ENCODER,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="customer-{customer}.json"'},
    )


@seller_owner_action
def erase(request: SellerRequest, customer: int) -> HttpResponseBase:
    erase_person(person=_person(request, customer), by=request.user)
    messages.success(request, _("Personal data erased. Amounts and products of the orders are kept."))
    return redirect("dashboard:customer", seller=request.seller.slug, customer=customer)


def _person(request: SellerRequest, customer: int) -> Person:
    person = find_person(seller=request.seller, customer_id=customer)
    if customer not in person.customer_ids:
        raise Http404(f"{request.seller} has no customer {customer}.")
    return person
