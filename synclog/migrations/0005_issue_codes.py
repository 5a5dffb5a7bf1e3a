"""One code for each cause: open and resolved issues get the codes of the catalogue (synclog.issue_catalog)."""

from django.db import migrations

RENAMED = {
    "no_sku": "sku_missing",
    "sku_twice": "sku_duplicate",
    "sku_length": "sku_too_long",
    "unknown_sku": "sku_unknown",
    "item_unknown": "item_not_at_target",
    "no_variants": "variants_missing",
    "no_images": "images_missing",
    "bad_image_url": "image_url_invalid",
    "category_depth": "category_too_deep",
    "variant_made_anew": "variant_recreated",
    "new_name": "name_changed",
    "no_currency": "currency_unknown",
    "item_changed": "line_item_changed",
    "no_delivery_address": "delivery_address_missing",
    "unknown_state": "order_state_unknown",
    "status_refused": "status_rejected",
    "not_removable": "order_not_removable",
    "id_differs": "order_id_differs",
    "shipment_of_unknown_item": "shipment_item_unknown",
    "shipment_refused": "shipment_rejected",
    "no_name": "customer_name_missing",
    "incomplete": "customer_incomplete",
    "parent_missing": "parent_customer_missing",
    "unstorable": "not_storable",
    "refused": "rejected",
    "partial": "partly_saved",
    "held": "not_sent",
    "not_there_yet": "not_at_target_yet",
    "unknown_id": "outcome_unknown",
    "removal_unknown": "outcome_unknown",
    "variant_id_twice": "variant_id_duplicate",
    "order_line_id_twice": "order_line_id_duplicate",
    "not_master": "not_source_of_truth",
    "currency": "base_currency_differs",
    "variant_unreadable": "unreadable",
    "nul_character": "hidden_character",
    "unknown_type": "product_type_unsupported",
    "weight_invalid": "weight_missing",
    "price_invalid": "price_missing",
}
# For orders the old codes were the same as for products, where they mean something else.
RENAMED_OF_ORDERS = {"no_sku": "line_sku_missing", "currency_unknown": "order_currency_unknown"}
# Issues of orders and customers that were exported to NetSuite have one of these codes, or NetSuite's own.
CODES_AT_NETSUITE = {
    "customer_missing",
    "customer_name_missing",
    "delivery_address_missing",
    "drift",
    "id_in_use",
    "item_not_at_target",
    "line_item_changed",
    "line_sku_missing",
    "not_sent",
    "not_storable",
    "order_currency_unknown",
    "outcome_unknown",
}
BATCH_SIZE = 10_000


def rename_codes(apps, schema_editor):
    """In batches by primary key, each its own transaction, so that no lock is held for long.

    Issues that platforms reported through the API have no job, and codes of their own.
    """
    issues = apps.get_model("synclog", "Issue")
    last = issues.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, BATCH_SIZE):
        batch = issues.objects.filter(pk__gte=start, pk__lt=start + BATCH_SIZE, job__isnull=False)
        for old, new in RENAMED_OF_ORDERS.items():
            batch.filter(kind="order", code=old).update(code=new)
        for old, new in RENAMED.items():
            batch.filter(code=old).update(code=new)
        batch.filter(code__startswith="http_").update(code="rejected")
        exported = batch.filter(job__connection__platform="netsuite", job__direction="export")
        exported.exclude(code__in=CODES_AT_NETSUITE).update(code="rejected")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("synclog", "0004_texts")]
    operations = [migrations.RunPython(rename_codes, migrations.RunPython.noop, elidable=True)]
