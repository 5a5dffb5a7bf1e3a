"""The way back to the list that a button was pressed on, with its filters."""

from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from dashboard.access import SellerRequest


def redirect_back(request: SellerRequest, otherwise: str) -> HttpResponseRedirect:
    """To the form's `next` if it is an address of ours, else to the URL of that name."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(target)
    return redirect(otherwise, seller=request.seller.slug)
