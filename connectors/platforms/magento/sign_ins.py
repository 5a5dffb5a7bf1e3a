"""The proof that a customer is signed in to a shop: an access token of the customer, of whom the shop itself tells.

https://developer.adobe.com/commerce/webapi/get-started/authentication/gs-authentication-token/: the shop issues it for
email and password, by default for an hour; it opens what has the permission `self`, such as `GET /V1/customers/me`.
"""

import re

from connectors.platforms.magento.client import ShopClient, row_ids
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.storefronts import NotSignedIn, SignIns

_TOKEN = re.compile(r"[A-Za-z0-9._-]{16,4096}")
ME = "/customers/me"


class CurrentCustomer(SignIns[ShopClient]):
    def customer(self, data: str) -> str:
        if not _TOKEN.fullmatch(data):
            raise NotSignedIn("The token is malformed.")
        headers = {"Authorization": f"Bearer {data}"}
        try:
            response = self.client.http.get(self.client.path(ME), headers=headers, authenticate=False)
        except NeedsAttention as error:
            if error.status not in (401, 403):
                raise
            raise NotSignedIn("The token has expired, or is not one of a customer.") from error
        number = next(iter(row_ids([response.json()])), None)
        if not number:
            self.client.raise_malformed_response(ME)
        return str(number)
