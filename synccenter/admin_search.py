"""One search over all sellers in the console (I3)."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Seller
from dashboard.queries.search import search
from dashboard.templatetags.dashboard import hit_kind
from hub.kinds import Kind
from synccenter.unfold import may_view

# The model that shows what was found, by kind.
_MODELS: dict[str, str] = {
    Kind.PRODUCT: "catalog.product",
    Kind.ORDER: "orders.order",
    Kind.CUSTOMER: "orders.customer",
    "run": "hub.run",
    "issue": "synclog.issue",
}


@require_safe
@staff_member_required
def admin_search(request: HttpRequest) -> HttpResponse:
    """What the person may view of all that the sellers have."""
    text = request.GET.get("q", "").replace("\x00", "")[:200]
    sellers = {seller.pk: seller for seller in Seller.objects.exclude(status=Seller.Status.DELETED)}
    rows = [
        (hit, hit_kind(hit), sellers.get(hit.seller_id), _address(_MODELS[hit.kind], hit.pk))
        for hit in search(sellers=list(sellers.values()), text=text)
        if may_view(request, _MODELS[hit.kind])
    ]
    context = {**admin.site.each_context(request), "title": _("Search"), "text": text, "rows": rows}
    return TemplateResponse(request, "admin/search.html", context)


def _address(label: str, pk: int) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_change", args=[pk])
