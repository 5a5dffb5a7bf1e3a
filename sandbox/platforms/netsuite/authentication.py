"""Authentication: OAuth 1 signatures, or bearer tokens issued in exchange for a signed assertion."""

import re
import secrets
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth1.rfc5849 import signature
from starlette.requests import Request

from sandbox.platforms.netsuite.responses import ApiError

CERTIFICATE = "sandbox-certificate"
TOKEN_ID = "sandbox-token"
LIFETIME_SECONDS = 3600
_SKEW = 300
_PAIR = re.compile(r'(\w+)="([^"]*)"')


class Authenticator:
    """Credentials of all accounts. An account's token is the secret of its OAuth 1 token, or the private key (PEM)
    whose certificate NetSuite has.
    """

    def __init__(self, accounts: dict[str, str], client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._secrets = {name: token for name, token in accounts.items() if "BEGIN" not in token}
        self._keys: dict[str, Any] = {
            name: load_pem_private_key(token.encode(), password=None).public_key()
            for name, token in accounts.items()
            if "BEGIN" in token
        }
        self._bearers: dict[str, tuple[str, float]] = {}
        self._nonces: set[str] = set()

    def check(self, request: Request, account: str) -> None:
        given = request.headers.get("authorization", "")
        if given.startswith("Bearer "):
            owner, ends = self._bearers.get(given.removeprefix("Bearer "), ("", 0.0))
            if owner == account and ends > time.monotonic():
                return
        elif given.startswith("OAuth ") and self._is_signed(request, account, given):
            return
        raise ApiError(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail.")

    def expire(self) -> None:
        self._bearers.clear()

    async def token(self, request: Request, account: str) -> dict[str, Any]:
        """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162755359851.html"""
        if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
            raise ApiError(400, "invalid_request", "The token request must be form encoded.")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        wanted = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != wanted:
            raise ApiError(400, "invalid_request", "grant_type or client_assertion_type is wrong.")
        assertion = form.get("client_assertion", "")
        try:
            head = jwt.get_unverified_header(assertion)
            claims = jwt.decode(
                assertion,
                self._keys[account],
                algorithms=["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
                audience=str(request.url),
                issuer=self.client_id,
                options={"require": ["iss", "aud", "iat", "exp", "scope"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise ApiError(400, "invalid_client", f"The assertion is not valid ({type(error).__name__}).") from error
        if head.get("kid") != CERTIFICATE or head.get("typ") != "JWT" or "rest_webservices" not in claims["scope"]:
            raise ApiError(400, "invalid_client", "Certificate or scope do not match.")
        if claims["exp"] - claims["iat"] > LIFETIME_SECONDS:
            raise ApiError(400, "invalid_client", "An assertion must be valid for less than an hour.")
        bearer = secrets.token_urlsafe(24)
        self._bearers[bearer] = (account, time.monotonic() + LIFETIME_SECONDS)
        return {"access_token": bearer, "expires_in": str(LIFETIME_SECONDS), "token_type": "bearer"}

    def _is_signed(self, request: Request, account: str, header: str) -> bool:
        given = dict(_PAIR.findall(header))
        if given.get("realm") != account.upper() or given.get("oauth_signature_method") != "HMAC-SHA256":
            return False
        if given.get("oauth_consumer_key") != self.client_id or given.get("oauth_token") != TOKEN_ID:
            return False
        if abs(time.time() - int(given.get("oauth_timestamp", "0"))) > _SKEW or given["oauth_nonce"] in self._nonces:
            return False
        self._nonces.add(given["oauth_nonce"])
        parameters = signature.collect_parameters(
            uri_query=request.url.query, headers={"Authorization": header}, exclude_oauth_signature=False
        )
        about: Any = SimpleNamespace(
            uri=str(request.url),
            http_method=request.method,
            params=[pair for pair in parameters if pair[0] != "oauth_signature"],
            signature=dict(parameters).get("oauth_signature", ""),
        )
        secret = self._secrets.get(account)
        return secret is not None and signature.verify_hmac_sha256(about, self._client_secret, secret)
