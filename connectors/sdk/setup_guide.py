"""What a person has to know to connect an account: which URL to enter, and where the credentials are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetupGuide:
    """`url`: what to enter as URL, with an example. `steps`: where the account shows the credentials.

    `page`: the address of the vendor's page about them; empty if there is none.
    """

    url: str
    steps: str
    page: str = ""
