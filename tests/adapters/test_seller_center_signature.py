"""Signatures over the parameters of a request."""

from datetime import datetime, timedelta, timezone

import pytest

from connectors.sdk.signatures import sign, signed

KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
# The vendor's own example, with its published key and signature.
EXAMPLE = {
    "UserID": "look@me.com",
    "Version": "1.0",
    "Action": "FeedList",
    "Format": "XML",
    "Timestamp": "2015-07-01T11:11:11+00:00",
}
SIGNATURE = "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041"


def test_the_vendors_example() -> None:
    assert sign(EXAMPLE, KEY) == SIGNATURE


def test_parameter_order_and_an_old_signature_do_not_matter() -> None:
    assert sign({"Signature": "old"} | dict(reversed(EXAMPLE.items())), KEY) == SIGNATURE


@pytest.mark.parametrize(
    ("parameters", "signature"),
    [  # HMAC-SHA256 with the key "key", computed with OpenSSL for the text behind each
        ({}, "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0"),  # (nothing)
        (
            {"b": "~ -._", "B": "+/"},
            "982a0f2e2a4d0ce1eabe0c15d865d9e0ccc29c3d0276d230aac247bbf17d1ef4",
        ),  # B=%2B%2F&b=~%20-._
        ({"ü": "€&="}, "ee19a558b82007606f879ce284096ae340f8de628a2ce0439059e595fd861f8f"),  # %C3%BC=%E2%82%AC%26%3D
    ],
)
def test_names_and_values_are_encoded_by_rfc_3986(parameters: dict[str, str], signature: str) -> None:
    assert sign(parameters, "key") == signature


def test_signed_parameters_include_service_and_utc_time() -> None:
    now = datetime(2026, 3, 1, 12, 30, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    query = signed({"Action": "UpdateItemsStatus"}, service="SellerCenter", key=KEY, now=now)
    assert query["Timestamp"] == "2026-03-01T10:30:05+0000" and query["ServiceName"] == "SellerCenter"
    assert query["Signature"] == sign(query, KEY) != sign(query, "another")
