"""A client whose access tokens are refreshed as those of the documented platform."""

from connectors.adapters.oauth_tokens import DatabaseTokenStore
from connectors.sdk.http import HttpClient
from connectors.sdk.oauth2 import RefreshTokens, TokenEndpoint
from hub.models import Connection


def open_client(connection: Connection, client: type[HttpClient] = HttpClient) -> HttpClient:
    http = client(connection.base_url, deadline=10, private_hosts=["127.0.0.1"])
    endpoint = TokenEndpoint("/oauth/token", platform="Acme", fix="Create a new refresh token in Acme under Apps.")
    http.authenticator = RefreshTokens(endpoint, DatabaseTokenStore(connection), fields={"client_id": "hub"})
    return http
