"""Redirect back to the list where a button was pressed, with its filters."""

from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from dashboard.access import SellerRequest


def redirect_back(request: SellerRequest, otherwise: str) -> HttpResponseRedirect:
    """Redirect to the `next` of the form if it is a URL of this site, else to the URL named `otherwise`."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(target)
    return redirect(otherwise, seller=request.seller.slug)
