"""The two authentication methods: OAuth 2.0 client credentials with a signed assertion, and OAuth 1 tokens.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
"""

import re
from datetime import timedelta
from textwrap import fill

import jwt

from connectors.platforms.netsuite.settings import Credentials, FieldMap, Settings
from connectors.sdk import clock
from connectors.sdk.account import Account
from connectors.sdk.authenticators import OAuth1
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.oauth2 import ClientCredentials, TokenEndpoint

ENDPOINT_PATH = "/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=5)
FIX = (
    "Compare client ID, certificate ID and signature algorithm with OAuth 2.0 Client Credentials (M2M) Setup in "
    "NetSuite, and enter the certificate's private key again. A certificate is valid for two years at most."
)
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----", re.DOTALL)

NetSuiteAccount = Account[Settings, Credentials, FieldMap]


def token_based(account: NetSuiteAccount) -> OAuth1:
    """Token-based authentication (TBA). The realm is the account ID in NetSuite's own spelling."""
    settings, credentials = account.settings, account.credentials
    return OAuth1(
        consumer_key=settings.client_id,
        consumer_secret=credentials.consumer_secret.get_secret_value(),
        token=settings.token_id,
        token_secret=credentials.token_secret.get_secret_value(),
        realm=settings.account.upper(),
    )


def client_credentials(account: NetSuiteAccount) -> ClientCredentials:
    """Access tokens last an hour; each token request contains a new assertion."""
    settings = account.settings
    private_key = restore_line_breaks(account.credentials.private_key.get_secret_value())
    audience = account.base_url.rstrip("/") + ENDPOINT_PATH
    return ClientCredentials(
        TokenEndpoint(ENDPOINT_PATH, platform="NetSuite", fix=FIX),
        identity=(account.base_url, settings.client_id, settings.certificate_id, private_key),
        fields=lambda: {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_assertion(settings, private_key, audience=audience),
        },
    )


def sign_assertion(settings: Settings, private_key: str, *, audience: str) -> str:
    """A JWT for the token endpoint `audience` (RFC 7523). NeedsAttention if the key cannot sign."""
    now = clock.now()
    claims = {
        "iss": settings.client_id,
        "scope": "rest_webservices",
        "aud": audience,
        "iat": now,
        "exp": now + ASSERTION_LIFETIME,
    }
    headers = {"kid": settings.certificate_id}
    try:
        return jwt.encode(claims, private_key, algorithm=settings.algorithm, headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise NeedsAttention(
            f"NetSuite issued no access token: signing with the private key failed ({type(error).__name__}).", fix=FIX
        ) from error


def restore_line_breaks(pem: str) -> str:
    """Restore the line breaks of a key that was pasted into a single-line form field; other text is returned
    unchanged."""
    found = _PEM.search(pem.replace("\\n", "\n"))
    if found is None:
        return pem
    body = fill("".join(found[2].split()), 64)
    return f"-----BEGIN {found[1]}-----\n{body}\n-----END {found[1]}-----\n"
