"""Uses the client `bigcommerce`; prints what it found."""

import json

import to_sandbox  # noqa: F401 - before the client
from bigcommerce.api import BigcommerceApi

api = BigcommerceApi(client_id="client", store_hash="alpha", access_token="token")
api.CustomerGroups.create(name="Staff")
orders = list(api.Orders.iterall())
order = next(each for each in orders if each.status == "Awaiting Fulfillment")
lines = order.products()
api.OrderShipments.create(
    order.id,
    order_address_id=lines[0].order_address_id,
    items=[{"order_product_id": line.id, "quantity": line.quantity} for line in lines],
)
customers = list(api.Customers.iterall())
hook = api.Webhooks.create(scope="store/order/*", destination="https://hub.example/hook", is_active=True)
hooks = [[hook.destination, hook.is_active]]
hooks.append([(changed := hook.update(is_active=False)).destination, changed.is_active])
hook.delete()
hooks.append([each.id for each in api.Webhooks.iterall()])
print(
    json.dumps(
        {
            "orders": sorted(each.id for each in orders),
            "quantities": [line.quantity for line in lines],
            "shipped": [[line.quantity_shipped for line in order.products()], api.Orders.get(order.id).status],
            "statuses": len(api.OrderStatuses.all()),
            "customers": [[each.id, each.email] for each in customers],
            "counts": [api.Customers.count(), len([each for each in api.CustomerGroups.all() if each.id < 3])],
            "addresses": [each.city for each in customers[0].addresses()],
            "currency": next(each.currency_code for each in api.Currencies.all() if each.is_default),
            "groups": [each.name for each in api.CustomerGroups.all()],
            "limit": api.connection.rate_limit["requests_remaining"],
            "hooks": hooks,
        }
    )
)
