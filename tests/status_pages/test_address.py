"""The address of a customer's page: nobody guesses it, and a new secret withdraws it."""

import pytest

from supportops.status_pages.address import is_token, token

SECRET = "a secret that is long enough for pages"


def test_an_address_is_the_same_as_long_as_secret_and_name_are() -> None:
    found = token(SECRET, "acme")
    assert found == token(SECRET, "acme")
    assert is_token(found)
    assert len({found, token(SECRET, "acme "), token(SECRET, ""), token(f"{SECRET}2", "acme")}) == 4


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 32 characters"):
        token("hunter2", "acme")


@pytest.mark.parametrize(
    "name", ["", "..", "a" * 31, "A" * 32, "a" * 33, "a" * 31 + "/", "\n" * 32]
)
def test_no_other_folder_is_taken_for_a_customers(name: str) -> None:
    assert not is_token(name)
