"""Addresses of the post, where somebody asks to be written to.

A building with a door is in many an honest name (东大桥7号楼, 3栋的猫). It is a contact only behind
a word of the post, or before somebody who receives.
"""

import re
from collections.abc import Iterator

from processors.text.contact_forms import NUMERAL, Contact, split_words
from processors.text.match import Outcome

POST = "address"

_NUMBER = rf"[\da-z{NUMERAL}十]{{1,5}}"
_DOOR = (
    rf"{_NUMBER}[\W_]?(?:号楼|号院|号|[幢栋座弄])[\W_]?"
    rf"(?:{_NUMBER}[\W_]?(?:单元|号楼|[号幢栋座门层楼])[\W_]?){{0,2}}{_NUMBER}[室房户号铺]?"
)
_ASKS = (
    r"寄(?:给我?|到|至|往|来|我|信|件)|邮寄|收[件货信]|回信|来信|明信片|[地住]址|邮编|快递[到至寄]"
)
_RECEIVES = r"[\W_]{0,2}[㐀-鿿]{1,4}(?:收|亲启)(?![㐀-鿿])"
_ADDRESS = re.compile(
    rf"(?:{_ASKS})[^\n]{{0,30}}?(?<![\da-z]){_DOOR}(?:{_RECEIVES})?|(?<![\da-z]){_DOOR}{_RECEIVES}"
)
ANCHORS = split_words(
    """
    寄给 寄到 寄至 寄往 寄来 寄我 寄信 寄件 邮寄 收件 收货 收信 回信 来信 明信片 地址 住址 邮编
    快递到 快递至 快递寄 单元 号楼 亲启
    """
)
"""Terms of which a text with an address of the post has one."""


def find_post(folded: str) -> Iterator[Contact]:
    """Addresses of the post in a text, in order, for a person to see."""
    for hit in _ADDRESS.finditer(folded):
        yield Contact(*hit.span(), POST, Outcome.REVIEW)
