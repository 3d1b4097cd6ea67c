"""An endpoint that serves from the start has names that the platform could give."""

from __future__ import annotations

import pytest

from simab.aws import Account
from simab.errors import InvalidInput
from tests.world.building import scenario, variant

_RULE = "on the platform a name has 1 to 63 letters of ASCII, digits and hyphens"


@pytest.mark.parametrize(
    "name", ["模型", "a b", "a_b", "a\x00b", "</script><b>", "-a", "a-", "a\n", "é", "a.b"]
)
def test_a_variant_of_a_name_that_the_platform_has_not_is_refused(name: str) -> None:
    """Before anything is served, as its name would stand in headers and queries."""
    account = Account(scenario({name: variant(), "b": variant()}))
    with pytest.raises(InvalidInput, match=_RULE) as refused:
        account.put_in_service("e")
    assert str(refused.value).startswith(f"variant {name!r}: ")
    assert not account.endpoints


@pytest.mark.parametrize("name", ["", "a b", "a_b", "é", "a" * 64])
def test_so_is_an_endpoint_of_such_a_name(name: str) -> None:
    with pytest.raises(InvalidInput, match=_RULE):
        Account(scenario({"a": variant(), "b": variant()})).put_in_service(name)


@pytest.mark.parametrize("name", ["a", "Variant1", "1", "a--b", "a" * 63])
def test_names_of_the_platform_are_served(name: str) -> None:
    account = Account(scenario({name: variant(), "b": variant()}))
    account.put_in_service(name)
    assert list(account.endpoints) == [name]
