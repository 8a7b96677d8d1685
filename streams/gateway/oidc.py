"""Bearer tokens of an OpenID Connect issuer, checked against the keys it publishes."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.request import urlopen

import jwt

from streams.gateway.roles import Principal, Role
from streams.logs import get_logger
from streams.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures with a private key only: with a shared secret the issuer's public key would do."""
LEEWAY_S = 30
DISCOVERY_S = 5.0
KEYS_FOR_S = 600
RETRY_S = 30.0

log = get_logger(__name__)


class InvalidToken(Exception):
    """The token opens nothing; the message says why without quoting it."""


class IssuerAway(Exception):
    """The issuer's keys cannot be had now."""


class _Keys(jwt.PyJWKClient):
    """The issuer's keys. Raises `IssuerAway` where it does not give them.

    All who come with a token wait while they are fetched, so an issuer that has just not answered
    is not asked again; keys that are kept stay good meanwhile.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address, lifespan=KEYS_FOR_S, timeout=DISCOVERY_S)
        self._failed_at = -RETRY_S

    def fetch_data(self) -> Any:
        """Fetch the keys."""
        if time.monotonic() - self._failed_at < RETRY_S:
            raise IssuerAway
        try:
            return super().fetch_data()
        except (jwt.PyJWTError, OSError, ValueError) as error:
            self._failed_at = time.monotonic()
            log.error("the OIDC issuer gives no keys", error=str(error))
            raise IssuerAway from error


class Tokens:
    """Checks tokens of the issuer in the settings. Call it from a thread: it may fetch keys."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer or ""
        self._audience = settings.oidc_audience or ""
        self._claim = settings.oidc_roles_claim
        self._keys: _Keys | None = None
        self._failed_at = -RETRY_S

    def principal(self, token: str) -> Principal:
        """Who holds a token. Raises `InvalidToken`, `IssuerAway`."""
        try:
            kid = jwt.get_unverified_header(token)
            if kid.get("alg") not in ALGORITHMS:
                raise InvalidToken("the token's signature algorithm is not accepted")
            key = self._client().get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
            raise InvalidToken(_why(error)) from None
        until = float(claims["exp"]) + LEEWAY_S
        return Principal(str(claims["sub"]), self._roles(claims), "token", until)

    def _roles(self, claims: dict[str, Any]) -> frozenset[Role]:
        """The roles that the claim lists; those that are not ours say nothing."""
        listed = claims.get(self._claim, [])
        words = listed.split() if isinstance(listed, str) else listed
        known = set(Role)
        return (
            frozenset(Role(word) for word in words if word in known)
            if isinstance(words, list)
            else frozenset()
        )

    def _client(self) -> _Keys:
        if self._keys is None:
            if time.monotonic() - self._failed_at < RETRY_S:
                raise IssuerAway
            address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
            try:
                with urlopen(address, timeout=DISCOVERY_S) as answer:  # noqa: S310 - http(s) by settings
                    found = json.loads(answer.read())
                if found["issuer"] != self._issuer:
                    raise ValueError("the issuer calls itself by another name")
                self._keys = _Keys(found["jwks_uri"])
            except (jwt.PyJWTError, OSError, ValueError, KeyError, TypeError) as error:
                self._failed_at = time.monotonic()
                log.error("the OIDC issuer cannot be used", error=str(error))
                raise IssuerAway from error
        return self._keys


def _why(error: Exception) -> str:
    words = {
        jwt.ExpiredSignatureError: "the token has expired",
        jwt.InvalidAudienceError: "the token is for another audience",
        jwt.InvalidIssuerError: "the token is of another issuer",
        jwt.InvalidSignatureError: "the token's signature is wrong",
        jwt.MissingRequiredClaimError: "the token lacks a claim that is needed",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), "not a token")
