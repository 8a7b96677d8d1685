"""The IP label: a province inside the country, a country or region outside, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.countries import COUNTRIES
from processors.places import PROVINCES, label

SHOWN = {*PROVINCES, *COUNTRIES}


@pytest.mark.obligation("CAC-12")
@pytest.mark.parametrize(
    ("region", "shown"),
    [
        ("中国|0|广东省|深圳市|电信", "广东"),
        ("中国|广东省|深圳市|电信|CN", "广东"),
        ("广西壮族自治区", "广西"),
        ("内蒙古自治区", "内蒙古"),
        ("CN|Inner Mongolia", "内蒙古"),
        ("China|Guangdong Province", "广东"),
        ("上海市", "上海"),
        ("中国|0|香港|0|0", "中国香港"),
        ("Hong Kong SAR", "中国香港"),
        ("中国|0|台湾省|台北市|0", "中国台湾"),
        ("日本|0|东京都|0|0", "日本"),
        ("US|California|Los Angeles", "美国"),
        ("United Kingdom", "英国"),
        ("俄罗斯联邦", "俄罗斯"),
    ],
)
def test_spellings_of_data_files_have_one_label(region: str, shown: str):
    assert label(region) == shown


@pytest.mark.obligation("CAC-12")
@pytest.mark.parametrize(
    "region",
    ["", "0|0|0|内网IP|内网IP", "中国|0|0|0|0", "中国", "深圳市", "保留地址", "|||", "203.0.113.7"],
)
def test_what_is_private_unknown_or_too_fine_has_no_label(region: str):
    assert label(region) is None


def test_there_are_all_places_of_the_rank_of_a_province():
    assert len(PROVINCES) == 34
    assert not PROVINCES.keys() & COUNTRIES.keys()


def test_every_place_is_its_own_label():
    for place, others in {**PROVINCES, **COUNTRIES}.items():
        assert {label(spelling) for spelling in (place, *others)} == {place}


@pytest.mark.obligation("CAC-12")
@given(
    st.text() | st.lists(st.sampled_from(["中国", "广东省", "深圳市", "日本", "0"])).map("|".join)
)
def test_a_label_is_a_known_place_or_nothing(region: str):
    assert label(region) in SHOWN | {None}
