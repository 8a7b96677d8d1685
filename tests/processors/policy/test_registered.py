"""Names of institutions beside their registration (Order No. 10, Art. 7)."""

from __future__ import annotations

import pytest

from processors.policy.registered import is_registered

LEGAL = "杭州云杉书店有限公司"


@pytest.mark.obligation("CAC-07-2")
@pytest.mark.parametrize(
    "name",
    [
        LEGAL,
        "云杉书店",
        "云杉",
        "杭州云杉书店",
        "杭州云杉书店官方账号",
        "云杉书店官方",
        "云杉书店（人民路店）",
        "云 杉 书 店",
        "Ｙｕｎｓｈａｎ",
    ],
)
def test_the_registered_name_a_part_of_it_and_its_aliases_are_its_own(name: str):
    assert is_registered(name, [LEGAL, "Yunshan"])


@pytest.mark.obligation("CAC-07-2")
@pytest.mark.parametrize("name", ["云杉酒店", "杭州云松书店", "官方", "杉", "", "有限公司"])
def test_another_name_is_not(name: str):
    assert not is_registered(name, [LEGAL])


def test_without_a_registration_nothing_is_registered():
    assert not is_registered("云杉书店", [])
    assert not is_registered("云杉书店", [""])
