"""The search over everything that a seller has (I3)."""

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from common.storable import without_nul
from dashboard.access import SellerRequest, seller_page
from dashboard.queries.search import Hit, search
from hub.kinds import Kind

# The pages of what the search finds, by kind.
_PAGES: dict[str, str] = {
    Kind.PRODUCT: "product",
    Kind.ORDER: "order",
    Kind.CUSTOMER: "customer",
    "run": "run",
    "rejected": "rejected",
    "issue": "issue",
}


@seller_page
def index(request: SellerRequest) -> HttpResponseBase:
    """The results, or at once the only one."""
    text = without_nul(request.GET.get("q", ""))[:200]
    hits = search(sellers=[request.seller], text=text)
    rows = [(hit, _address(request, hit)) for hit in hits]
    if len({address for _hit, address in rows}) == 1:
        return redirect(rows[0][1])
    return render(request, "dashboard/search.html", {"text": text, "rows": rows})


def _address(request: SellerRequest, hit: Hit) -> str:
    return reverse(f"dashboard:{_PAGES[hit.kind]}", args=[request.seller.slug, hit.pk])
