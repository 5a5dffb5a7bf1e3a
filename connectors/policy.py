"""Staging policy and retention of the tables of `connectors`; docs/masking.md describes the format."""

POLICY = {
    "connectors_feedimport": {"*": "empty"},
    "connectors_feeditem": {"*": "empty"},
    "connectors_feedname": {"*": "empty"},
    "connectors_webhookevent": {"*": "empty"},
    "connectors_webhookrefusal": {"*": "empty"},
    "connectors_webhooksubscription": {"*": "empty"},
    "connectors_oauthtokens": {"*": "preserve"},
    "connectors_installationrequest": {"*": "empty"},
    "connectors_assumptionresult": {"*": "empty"},
    # Without personal data; orders that are read again find their carts by it.
    "connectors_storefrontcheckout": {
        "id": "keep",
        "storefront_id": "keep",
        "cart_id": "keep",
        "shop_cart": "scrub",
        "order_id": "scrub:unique",
        "created_at": "keep",
    },
}

# A vendor accepts a refresh token once: a token that an older database holds is spent.
KEPT = ("connectors_oauthtokens",)

RETENTION = {
    "connectors_feedimport": "90 days by created_at",
    "connectors_feeditem": "with connectors_feedimport",
    "connectors_feedname": "with hub_job",
    "connectors_webhookevent": "partition 30 days",
    "connectors_webhookrefusal": "90 days by last_at",
    "connectors_webhooksubscription": "forever",
    "connectors_oauthtokens": "with hub_connection",
    "connectors_installationrequest": "1 days by expires_at",
    "connectors_assumptionresult": "with hub_connection",
    "connectors_storefrontcheckout": "with hub_connection",
}
