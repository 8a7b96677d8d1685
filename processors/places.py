"""Names of places as an IP label shows them (Order No. 10, Art. 12).

A province inside the country, a country or region outside, or nothing: never finer, and no guess.
That the label is so coarse is the practice of platforms; the Order asks for a reasonable range.
"""

from functools import lru_cache

from processors.countries import COUNTRIES
from processors.text.fold import fold, strip

INSIDE = ("中国", "中华人民共和国", "China", "CN", "CHN", "PRC")

PROVINCES: dict[str, tuple[str, ...]] = {
    "北京": ("Beijing",),
    "天津": ("Tianjin",),
    "河北": ("Hebei",),
    "山西": ("Shanxi",),
    "内蒙古": ("Inner Mongolia", "Nei Mongol", "Neimenggu"),
    "辽宁": ("Liaoning",),
    "吉林": ("Jilin",),
    "黑龙江": ("Heilongjiang",),
    "上海": ("Shanghai",),
    "江苏": ("Jiangsu",),
    "浙江": ("Zhejiang",),
    "安徽": ("Anhui",),
    "福建": ("Fujian",),
    "江西": ("Jiangxi",),
    "山东": ("Shandong",),
    "河南": ("Henan",),
    "湖北": ("Hubei",),
    "湖南": ("Hunan",),
    "广东": ("Guangdong",),
    "广西": ("广西壮族", "Guangxi", "Guangxi Zhuang"),
    "海南": ("Hainan",),
    "重庆": ("Chongqing",),
    "四川": ("Sichuan",),
    "贵州": ("Guizhou",),
    "云南": ("Yunnan",),
    "西藏": ("Tibet", "Xizang"),
    "陕西": ("Shaanxi",),
    "甘肃": ("Gansu",),
    "青海": ("Qinghai",),
    "宁夏": ("宁夏回族", "Ningxia", "Ningxia Hui"),
    "新疆": ("新疆维吾尔", "Xinjiang", "Xinjiang Uyghur", "Xinjiang Uygur"),
    "中国香港": ("香港", "HK", "HKG", "Hong Kong"),
    "中国澳门": ("澳门", "MO", "MAC", "Macao", "Macau"),
    "中国台湾": ("台湾", "臺灣", "TW", "TWN", "Taiwan"),
}
"""Places of the rank of a province, as they are shown, and how data files spell them."""

_ENDINGS = (
    "特别行政区",
    "自治区",
    "省",
    "市",
    "province",
    "municipality",
    "autonomousregion",
    "sar",
)


def _letters(name: str) -> str:
    return strip(fold(name))


def _core(name: str) -> str:
    """Letters of a name without what says that it is a province."""
    letters = _letters(name)
    for ending in _ENDINGS:
        if letters.endswith(ending) and letters != ending:
            return letters.removesuffix(ending)
    return letters


def _index(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {
        _letters(spelling): shown
        for shown, others in table.items()
        for spelling in (shown, *others)
    }


_PROVINCE_OF = _index(PROVINCES)
_COUNTRY_OF = _index(COUNTRIES)
_INSIDE = frozenset(map(_letters, INSIDE))


@lru_cache(maxsize=4096)
def label(region: str) -> str | None:
    """The label for a region, None for none.

    ``region`` is a name, or several from the country down with ``|`` between, as data files have
    them: ``中国|0|广东省|深圳市|电信`` is 广东, ``日本|0|东京都|0|0`` is 日本.
    """
    country, *finer = region.split("|")
    letters = _letters(country)
    if letters in _INSIDE:
        found = (_PROVINCE_OF.get(_core(part)) for part in finer)
        return next((place for place in found if place), None)
    return _COUNTRY_OF.get(letters) or _PROVINCE_OF.get(_core(country))
