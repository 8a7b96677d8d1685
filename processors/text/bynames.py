"""What everybody writes instead of some common entries, by convention and not by rule (黑话)."""

import re
from functools import cache
from typing import NamedTuple

from processors.text.fold import fold, strip

_CHANCE = (
    "平台|台子|导航|真人|首存|彩金|开户|网站|网址|招代"
    "|计划群|包赢|稳赚|返水|首充|盘口|高佣|娱乐城|带飞|app"
)
_GAME = "吃鸡|游戏|低价|辅助|透视|稳定|自瞄|防封|王者|端游|手游|国服|卡密|包天|包月"
_SERVER = "传奇|开区|新区|新开|魔域|奇迹|天龙|版本|公益服|冒险岛|服务端|变态"
_NAKED = "妹|直播|群|一对一|视频|同城|私|加"
_MEET = "照片|非诚|[可能]$|同城|附近|签名|少妇|学生妹|夜|约"
_INVOICE = "[开代可]$|可?验真|各行|正规|普票|专票|点数"
_ABUSE = (
    "[你他她]|家都|真多|这届|粉退散|前任|策划|房管|出来|都是$|就是$|真是$|是$|死|滚|队友|^别"
    "|纯纯|不服|甲方"
)

_ICE = "嗨|有货|道友|猪肉|纯度"
_TEA = "可[品约]|学生妹|外围|包夜|上门"
_LOAN = "强开|下款|必下|秒批|黑户"
_LEAVES = "荷兰|自家种|飞行|嗨|道友|🌿"
_DAZED = "听话|喝了|昏|迷|晕|无色|无味|催"
_PILLS = "蓝色小药丸 小蓝片 蓝色药丸"
_PILL = "硬|夜|男人|持久|壮阳|助勃|见效|老公"

_TABLE = (  # an entry, its bynames, and what must stand before or behind them, if anything must
    ("冰毒", "溜冰", _ICE),
    ("大麻", "飞叶子", ""),
    ("大麻", "叶子", _LEAVES),
    ("海洛因", "白粉", "四号|吸|[出有]货"),
    ("听话水", "乖乖水 失忆水", _DAZED),
    ("迷药", "听话水", ""),
    ("迷药", "乖乖水 失忆水 迷魂水", _DAZED),
    ("viagra", _PILLS, _PILL),
    ("伟哥", _PILLS, _PILL),
    ("洗钱", "黑米洗白 黑钱洗白 洗黑米", ""),
    ("洗钱", "洗米", "通道|稳定|大额|黑|结算|对公"),
    ("援交", "圆角 缓交 元交 园交", "学妹|学生|包夜|上门|空姐|模特|少妇|兼职|同城"),
    ("楼凤", "lf", "资源|附近|兼职|验证|同城|品茶"),
    ("刷单", "sd", "垫付|返|佣|日结|一单"),
    ("套现", "tx", "白条|花呗|信用卡|回款|秒到"),
    ("畜生", "初生 初升", "你也|你就|东西|东曦|开挂|不如|[你他]们?这"),
    ("畜生", "畜牲", ""),
    ("气枪", "气狗", ""),
    ("笑气", "打气球", "ktv|n2o|直达|嗨"),
    ("麻古", "麻果 嘛咕", "粒|送|货|嗨|冰|红的|绿的"),
    ("老虎机", "脑斧机 老斧机 脑虎机 老府机", ""),
    ("包养", "8养 八养", "求|干爹|大叔|富婆|长期|学生"),
    ("包养", "糖爹", ""),
    ("嫖娼", "新茶 嫩茶", _TEA),
    ("黄片", "骑兵 步兵", "[无有]码"),
    ("贷款", "撸口子", ""),
    ("贷款", "口子", _LOAN),
    ("约炮", "歪批", "有车|有房|女来|男来|附近|今晚|同城|可约"),
    ("水军", "water军", ""),
    ("赌球", "者求", "滚球|盘|欧洲杯|世界杯|欧冠|投注|下注"),
    ("嫖娼", "票昌", "楼|良家|司机|同城|小姐|快餐"),
    ("海洛因", "每各因", ""),
    ("高仿", "滈汸", ""),
    ("卖肾", "卖腰子 割腰子", ""),
    ("casino", "卡西诺 卡西洛", ""),
    ("ketamine", "k粉 凯他命", ""),
    ("博彩", "菠菜 波菜 博菜", _CHANCE),
    ("傻逼", "煞笔 沙b 煞b 啥b 傻批 傻杯 鲨臂 傻13 沙笔 杀笔", ""),
    ("傻逼", "傻x 傻叉", ""),
    ("傻逼", "s13 sb 沙比 伞兵", _ABUSE),
    ("操你妈", "cnm 草拟吗 草拟妈 草你马 草尼马 艹尼玛 艹你马 曹你妈", ""),
    ("操你妈", "草泥马", "你|滚|死|裁判|队友"),
    ("他妈的", "特么的 特喵的", ""),
    ("你妈死了", "nmsl 尼玛死了", ""),
    ("脑残", "nc", f"{_ABUSE}|粉"),
    ("智障", "制杖 治障", f"{_ABUSE}|选手|操作"),
    ("婊子", "婊砸 裱子", ""),
    ("垃圾", "拉圾", ""),
    ("垃圾", "辣鸡", f"{_ABUSE}|主播|玩意|游戏|服务|公司"),
    ("高仿", "a货", "包|表|鞋|奢|顶级|原单|大牌|一比一"),
    ("usdt", "泰达币", ""),
    ("翻墙", "科学上网", "机场|节点|订阅|梯子|稳定|不限"),
    ("翻墙软件", "科学上网", "机场|节点|订阅|梯子|稳定|不限"),
    ("vpn", "科学上网", "机场|节点|订阅|梯子|稳定|不限"),
    ("征信修复", "征信洗白", ""),
    ("一夜情", "ons", _MEET),
    ("约炮", "约啪 月炮", ""),
    ("约炮", "yp", _MEET),
    ("约炮", "约跑", "包夜|妹子|少妇|上门|过夜"),
    ("废物", "飞舞", "你[就真个是]|队友|纯纯|是个$|真是$"),
    ("废物", "fw", _ABUSE),
    ("自杀", "自鲨 紫鲨", ""),
    ("裸聊", "果聊", _NAKED),
    ("裸照", "果照", ""),
    ("裸体", "果体", ""),
    ("裸贷", "果贷", ""),
    ("发票", "fp", _INVOICE),
    ("外挂", "wg", _GAME),
    ("私服", "sf", _SERVER),
    ("fuck", "法克 发克 fcuk phuck fvck", ""),
    ("bitch", "碧池 biatch biotch", ""),
    ("porn", "pr0n", ""),
    ("sex", "seggs", ""),
)


class Byname(NamedTuple):
    """What is written instead of an entry, stripped, and what must stand near it: any, if none."""

    form: str
    near: re.Pattern[str] | None


@cache
def _by_entry() -> dict[str, tuple[Byname, ...]]:
    found: dict[str, tuple[Byname, ...]] = {}
    for term, forms, near in _TABLE:
        pattern = re.compile(near) if near else None
        bynames = tuple(Byname(strip(fold(form)), pattern) for form in forms.split())
        key = strip(fold(term))
        found[key] = found.get(key, ()) + bynames
    return found


def bynames(form: str) -> tuple[Byname, ...]:
    """Bynames of an entry, which is given in its stripped form."""
    return _by_entry().get(form, ())
