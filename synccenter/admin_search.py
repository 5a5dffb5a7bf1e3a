"""One search over all sellers in the console (I3)."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Seller
from common.storable import without_nul
from dashboard.queries.search import Hit, search
from dashboard.templatetags.dashboard import hit_kind
from hub.kinds import Kind
from synccenter.unfold import may_view

# The model that shows what was found, by kind.
_MODELS: dict[str, str] = {
    Kind.PRODUCT: "catalog.product",
    Kind.ORDER: "orders.order",
    Kind.CUSTOMER: "orders.customer",
    "run": "hub.run",
    "rejected": "synclog.issue",
    "issue": "synclog.issue",
}


@require_safe
@staff_member_required
def admin_search(request: HttpRequest) -> HttpResponse:
    """What the person may view of all that the sellers have."""
    text = without_nul(request.GET.get("q", ""))[:200]
    sellers = {seller.pk: seller for seller in Seller.objects.exclude(status=Seller.Status.DELETED)}
    rows = [
        (hit, hit_kind(hit), sellers.get(hit.seller_id), _address(hit))
        for hit in search(sellers=list(sellers.values()), text=text)
        if may_view(request, _MODELS[hit.kind])
    ]
    context = {**admin.site.each_context(request), "title": _("Search"), "text": text, "rows": rows}
    return TemplateResponse(request, "admin/search.html", context)


def _address(hit: Hit) -> str:
    """The page of what was found; of an item that was never imported the list of its issues."""
    name = f"admin:{_MODELS[hit.kind].replace('.', '_')}"
    if hit.kind == "rejected":
        return f"{reverse(f'{name}_changelist')}?{urlencode({'q': hit.title})}"
    return reverse(f"{name}_change", args=[hit.pk])
