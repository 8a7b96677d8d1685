"""Invitations in words to get in touch elsewhere, without an address or id: for a person to see."""

import re
from collections.abc import Iterator
from itertools import product

from processors.text.contact_forms import Contact, split_words
from processors.text.match import Outcome

INVITATION = "invitation"

_S = r"[\W_]{0,2}"
_CHAT = (
    r"微信|薇信|徽信|v信|威信|[vw][\W_]?x|wechat|weixin|qq(?![糖弹秀滑软])|扣扣|企鹅号?|电报|纸飞机|telegram|whatsapp"
    r"|line|绿泡泡?|卫星(?=[领看聊进])|[vw薇微][心芯](?![㐀-鿿])|[vw薇微]号|微x"
)
_CHATS = (
    *(chat for chat in _CHAT.split("|") if chat.isalnum()),
    "qq",
    "vx",
    "wx",
    "卫星",
    "企鹅",
    "企鹅号",
)
_COMMON = ("微信", "vx", "wx", "qq", "扣扣", "tg")
_ENGLISH = "wechat|weixin|whatsapp|whats app|telegram|tg|line|qq|signal|discord|snap|ins"
_NECK = "(?!v领[毛衣口裙打针上连衬t短长])"
_LETTER = rf"{_NECK}(?:v|微|薇|q|tg)(?=[\W_]|[领了看进拿聊详我私免送吧哦呀备入发交咨学获]|\Z)"
_WHERE = (
    "头像|主页|首页|简介|背景图?|封面图?|相册|评论区?|置顶|资料|签名|图片|头图[左右]?[上下]?|朋友圈|昵称|网名|首图"
    "|第[一二三四五六七八九]张图?|图[一二三四五六七八九1-9]"
)
_WHAT = (
    rf"(?:{_CHAT})号?|q\s?r码?|erweima|二维码|联系方式|电话|手机号?|群号?|号码|v|q|微|薇"
    r"|(?<![大小主副新旧账帐型编序])号(?=[\W_放都就在]|\Z)"
)
_CODE = "(?:[码玛🐎🐴]|马(?![路桶粪厩场上]))"
_TO_PAY = "支付|付款|收款|点餐|点单|乘车|购票|枪|器|技术|登录|签到|识别|骑车|开锁|充电|入园|进站"
_PAY = f"(?!{_TO_PAY})"

_NAMES = "名字?|昵称|网名|用户名|账号名?|帐号名?|id|头像|签名|背景图?|主页名|艺名"
_TURNED = (
    r"(?:(?:倒|反|颠倒|翻转?)[过着]?来?[念读看写]?|拼音|全拼|首字母|小写|大写|前面|后面|[里中]的?|数字|字母|加\w{1,4}"
    r"|去掉?\w{1,4}|后?[一两二三四五六]位){1,3}"
)
_PLATFORM = (
    "微博|围脖|wb|小?红书|xhs|抖音|dy|快手|b站|哔哩哔哩|知乎|豆瓣|公众号|视频号|ins|ig|推特|油管"
    "|闲鱼|小黄鱼|淘宝|某宝|微店"
)
_SAME = r"微信|薇信|威信|徽信|[vw][\W_]?x|v|qq|微x?|薇x?|tg|q|绿泡泡|秋秋|扣扣|球球|企鹅"
_ENGINES = "海鲜市场|百度|百du|度娘|谷歌|google|必应|夸克|搜狗|某度"

_PHRASES = (
    # to add somebody, or to be added
    rf"(?:加|➕|✚|(?<![a-z])\+|扫|搜|联系|私|留下?|交换|换个?|求){_S}"
    rf"(?:我|个|一下|下|本人|俺|老师|客服|助理|小助手|小号|大号|你的?){{0,2}}的?{_S}(?:{_CHAT}|二维码"
    rf"|联系方式|{_LETTER})",
    r"(?:加|➕|✚)我(?:好友|吧|哦|呀|看|领|拿|了解|详聊|私|备注|进群|拉群|[\W_]|\Z)",
    rf"(?:{_SAME}|手机|电话){_S}同(?:号|步|名|手机|电话)",
    rf"(?:{_SAME}){_S}同(?:{_PLATFORM})(?:号|名|id)",
    rf"\d{{4}}{_S}同(?:{_SAME})(?![a-z㐀-鿿])",
    rf"(?:手机|电话|头像)号?{_S}(?:就?是|即){_S}(?:微信|vx|v(?![a-z])|[微薇威](?![㐀-鿿]))",
    rf"(?:{_NAMES})的?{_TURNED}{_S}\d{{2,8}}{_S}(?:{_CHAT})",
    rf"(?:{_ENGINES})(?:上|里|直接|去)?搜(?:索|一下)?[\s:「『“\"'【《]{{1,2}}(?!不|没|[一-鿿]{{0,2}}[\W_])[^\s」』”\"'】》]{{2,16}}",
    r"(?<![a-z0-9/])(?<![a-z0-9/]\s)提取码[\s:是为]{0,3}[a-z0-9]{4}(?![a-z0-9])",
    rf"[换去到来](?:{_S})绿(?:色)?的(?:那个|软件)?{_S}(?:聊|说|加)|绿色的?那个(?:也是|同号|一样|软件)",
    rf"(?:{_NAMES})的?(?:{_TURNED})?{_S}(?:就?是|即|=|当)(?:我|俺)?的?{_S}(?:{_CHAT}|[vq薇微](?![\w]))号?"
    r"(?![^\W\d_])",
    rf"(?:{_CHAT}|维新|威信|微心|[薇微]){_S}(?:号码?|账号|id|名)?[跟和同与](?:我的?|本)?(?:{_PLATFORM}|手机|电话)"
    rf"(?:账?号|名|id)?{_S}(?:一样|相同|一致|同)",
    rf"(?:{_PLATFORM}){_S}同(?:号|名(?!小说|电影|电视|歌|影)|id)",
    # words that open a group or an account
    rf"(?:[进入加][群裙]{_S}(?:口令|暗号|密[令码]|暗语|答案|验证码?){_S}(?:[:=是为]{_S})?"
    rf"|(?:[群裙]|好友|微信|vx|qq){_S}(?:口令|暗号|密[令码]|暗语|答案|验证){_S}[:=是为]{_S})"
    r"(?!(?:红包|是?什么|忘|错|不对|多少|谁|怎么|猜|题))[^\W_]{1,12}",
    rf"关注(?:我们?的?|本|微信|同名)?公众号{_S}(?:回复|领|看|获取|拿|送|免费|查|了解|加|进|后台|咨询|解锁)",
    # codes to be scanned
    rf"(?:保存|截图){_S}微信扫(?:一扫|一下)?",
    rf"(?:二维码|{_WHERE})[^\n]{{0,10}}?(?:{_CHAT}|[v薇微]){_S}(?:里|打开)?"
    rf"扫(?!{_CODE}?(?:一扫|一下)?{_S}(?:{_TO_PAY}))",
    rf"二维码{_S}扫(?:一扫|我|加|进)(?!{_S}(?:{_TO_PAY}|站))",
    rf"扫{_S}{_CODE}{_PAY}{_S}(?:[见看](?:我的?)?(?:{_WHERE})|➕|加|添|进|入|领|关注|咨询|联系|了解|看|详聊|撩|下载|免费|获取|有"
    rf"|拉|送)",
    rf"(?:请|欢迎|直接|速来?|快来?|来|微信|vx|qq){_S}扫{_S}{_CODE}{_PAY}",
    rf"{_CODE}{_S}在[^\W_]{{0,8}}?(?:{_WHERE})|打开(?:{_CHAT}){_S}扫",
    rf"扫(?:我|一下)?的?(?:{_WHERE})[图里上]?的?{_CODE}{_PAY}",
    rf"(?:{_WHERE})[^\n]{{0,10}}扫(?:它|他|这个|那个)|(?:{_WHERE})扫我(?:{_S}[加➕]|好友|\Z)"
    rf"|[帧张页图里上面]有(?:个|张)?(?:q\s?r码|二维码)|(?:小方块|黑白方?块|黑白格)[^\n]{{0,6}}(?:扫|识别)(?![地雷])|(?:识别|扫)[^\W_]{{0,6}}(?:小方块|黑白方?块)"
    rf"|(?:图|长按[^\n]{{0,10}})识别{_CODE}",
    r"搜一搜[\W_]{0,2}[「『【“\"'《][^\s」』】”\"'》]{2,16}",
    rf"扫描?(?:关注|添加|进群)|扫(?:下方|下面|上面|这个){_S}码(?:加|进|领|添)",
    rf"扫(?:一扫|描|下|一下|个|我)?{_S}(?:我的?|这个|下方|上方|下面|上面)?的?{_S}(?:二维码"
    rf"|{_WHERE}|名片){_PAY}",
    r"(?:保存|截)(?:图片?|屏|头像|二维码|下来)[\W_]{0,2}(?:打开|用|去)?(?:微信|绿色?(?:app|软件|泡泡))?扫(?!地|雷|描全)"
    rf"|(?:添?加|➕)好友{_S}看(?:{_WHERE})",
    r"扫一扫[\W_]{0,2}(?:加|进|关注|领|添|联系|有|咨询)",
    rf"长{_S}[按摁]{_S}(?:识{_S}别|识图|二维码|图片|头像|扫|保存(?=[图二]|后|扫)|复制|加)|识别(?:图中|头像|下方"
    rf"|上方)?的?二维码",
    rf"(?:长按|扫|保存|识别)[^\W_]{{0,5}}{_S}(?:q\s?r(?![a-z])|小程序码)",
    rf"(?:{_CHAT}){_S}(?:就?是|为|=|:)?{_S}(?:{_NAMES})的?{_TURNED}",
    rf"(?:{_WHERE})(?:里面?|上|处)?有{_CODE}{_S}扫|看我?的?(?:{_WHERE}){_S}里面?有(?:{_WHAT})",
    rf"(?:{_WHERE})(?:那个|这个|里的?|上的?|的){_CODE}[^\n]{{0,9}}扫(?!地|雷|描仪)",
    rf"(?:{_WHERE})[^\W_]{{0,4}}(?:数字|字母)(?:就?是)我?的?(?:{_WHAT})",
    rf"(?:{_CHAT}){_S}🔍{_S}[^\W_]{{2,12}}",
    rf"二维码{_S}(?:就?在|见|看|是(?!怎|什么|如何|谁|一[种项]|用来))|(?:{_WHERE})(?:就?是|即|的|里|上|有|处)?{_S}(?:我的)?二维码",
    # where the contact is to be found
    rf"看(?:我|一下|下)?的?(?:{_WHERE})(?:图|里|上)?{_S}(?:二维码|有|加|扫|联系|找|进群|领|拿|约"
    rf"|惊喜)",
    rf"看(?:我|一下|下)?的?(?:{_WHERE})(?:图|里|上)的?(?:{_CHAT})(?![㐀-鿿])",
    rf"(?:{_WHAT}){_S}(?:都|就|放|写|留)?(?:在|见|看){_S}(?:我|本人)?的?(?:{_WHERE})",
    rf"(?:{_WHERE})(?:里|上|处|下)?(?:有|留|挂|放|附)了?{_S}(?:我|本人)?的?(?:{_WHAT}|惊喜|福利"
    rf"|资源|方式)",
    rf"(?:联系|加|找)我{_S}看(?:{_WHERE})",
    rf"(?:加|搜|扫){_S}(?:{_WHERE})(?:图|里|上)?的(?:{_CHAT}|[vq微薇])(?![㐀-鿿])",
    # to write in private for something
    r"(?<![自无隐走营])私我(?!人|们|密|下|立)|私聊我?(?:领|拿|要|加|发|看片|了解|详谈)|(?:滴滴|滴"
    r"|dd|敲|踢|戳)我(?:领|加|拿|私|进|看)",
    r"(?:滴滴|v我)(?:领|拿|获取)|私信我?(?:领|拿|要|发|看片|加|进群|获取)|(?:滴滴我|dd我)",
    # groups
    r"(?:进|入|加|拉)(?:我的?|个|粉丝|交流|福利|微信|粉)?[群裙](?:领|看|拿|学|抢|玩|聊|请|可|找|加|➕"
    r"|一起|扣\s?[16一]|[:~])|拉你(?:进|入)(?:[vq微薇]|微信|福利|粉丝|交流|内部)?[群裙]",
    r"(?:欢迎|速|快来|赶紧|扫码|私我|加我)(?:进|入|加)群|加群主",
    # in English
    r"(?<![a-z])(?:add|dm|hmu|text|message|contact|find|hit|reach) (?:me|us)(?: up)? (?:on|at|via"
    r"|through) "
    r"(?:my )?(?:wechat|weixin|whatsapp|whats app|telegram|tg|line|qq|signal|discord|snap"
    r"|ins)(?![a-z])",
    r"(?<![a-z])(?:add|scan) (?:my|the|this) (?:wechat|whatsapp|telegram|line|qr|qrcode"
    r"|code)(?![a-z])",
    r"(?<![a-z])(?:whatsapp|wechat|telegram) me(?![a-z])|qr ?code (?:in|on) (?:my )?(?:avatar|bio"
    r"|profile|cover)",
)
_QR = ("二2贰", "维惟唯微w", "码马玛🐎🐴")  # 二维码, as it is written
_INVITATION = re.compile(
    "|".join(f"(?:{phrase})" for phrase in _PHRASES).replace(
        "二维码", r"\s?".join(f"[{chars}]" for chars in _QR)
    )
)
_DECLINED = re.compile(
    r"(?:不|勿|别|莫|谢绝|拒绝?|禁止?|杜绝|严禁|没有|从未)(?:要|想|再|随便|来|轻易|主动)?[^\w]?\Z"
)
_REFUSED = re.compile(
    r"[^\W_]{0,2}[\W_]{0,2}(?:勿扰|免谈|一律|拉黑|走开|绕道|滚|都?是骗子|都是假的?|骗局|不加|不回"
    r"|不通过)|[^\W_]{0,8}(?:就没|没下文|没理|没回|不理|被骗|被删|被拉黑|尴尬|算了|的人)|[领看拿聊加]了(?!解)|(?<=[领看拿聊加])了(?!解)|了(?=[\W_谢]|\Z)"
)

ANCHORS = (
    *split_words(
        """
        像扫我 页扫我 图扫我 面扫我 黑白格
        搜一搜 扫它 扫他 方块 黑白块 识别码 识别马 识别🐎 识别🐴 号在 erweima 扫码 扫马 扫玛
        扫🐎 扫🐴 长按 识别图 扫一扫 扫我 扫描 扫下 扫上 扫这 扫关注 扫添加 扫进群
        扫头图 扫背景 扫主页 扫封面 扫相册 图扫 图片扫 屏扫 图微信扫 图片微信扫 头像扫 友看
        长摁 我看 扫头像 同号 同步 同名 同手机 同电话 手机是 手机就是 电话是 电话就是 手机即
        电话即 加我 ➕我 ✚我 加个 加一下 加下 加本人 加老师 加客服 加助理 加小助手 加你 联系方式
        联系v 联系微 联系薇 看头像 看我头像 看主页 看我主页 看简介 看背景 看我背景 看封面 看相册
        头像有 主页有 首页有 简介有 背景有 封面有 相册有 资料有 置顶有 评论有 评论区有 签名有
        头像里有 主页里有 简介里有 头像上有 背景图有 封面图有 主页留 主页挂 主页放 简介留 头像放
        序码 全拼 拼音 小写 个码 里码 的码 码在 扫一下 同抖音 同微博 同小红书 同快手 同dy
        有码
        里有v 里有微 里有薇 里有q 面有v 面有微 面有薇 面有q 数字是
        数字就是 字母是 字母就是 号见 号看 🔍 q_r qr
        微在 薇在 微见 像上的微 像上的v 页上的微 面上的微 里的微 微信在 v在 vx在 qq在 群号在 群在
        群见 群看 微信见 微信看
        v见 vx见 wx见 qq见 v看 vx看 号见 电话见 电话在 号码在 私我 私聊 滴滴我 滴我
        dd我 敲我 踢我 戳我 私信 滴滴领 滴滴拿 v我领 v我拿 v我获取 头像是 头像就是 头像即
        绿泡泡同 群领 群看 群拿 群学 群抢 群玩 群聊 群请 群可 群找 群加 群➕ 群一起 群: 群~ 进群
        口令 暗号 密令 群密码 裙密码 暗语 答案 群验证 友验证 公众号 同id
        是微信 是我微信 是我的微信 是薇信 是v 是q 是薇 是微 是vx 是wx 是qq 是扣扣 是企鹅 是绿泡泡
        号一样 名一样 号相同 号一致 名一致 id一样 书一样 音一样 手一样
        我的薇 我的微 同微 同v 同薇 同q 图有 张有 图用 屏用 软件扫 拉你进 拉你入 提取码
        绿的聊 绿的说 绿的加 绿色的那个 绿色那个 绿的那个 绿色的聊 绿色的说 绿色的加 同闲鱼 同淘宝
        同公众号 同视频号 加我小号 首字母
        即微信 即vx 即wx 即qq 即v 当微信 =微信 =vx =qq
        入群 加群 裙领 裙看 进裙 入裙 加裙 whatsapp_me wechat_me telegram_me qr_code qrcode
        scan_my scan_the
        """
    ),
    *(verb + word for verb in "加➕✚+扫搜私留求换" for word in (*_CHATS, *"v微薇q")),
    *(
        engine + verb
        for engine in _ENGINES.split("|")
        for verb in ("搜", "上搜", "里搜", "直接搜", "去搜")
    ),
    *(f"{word}{verb}" for word in (*_CHATS, *"v微薇") for verb in ("扫", "里扫", "打开扫")),
    *(f"{verb}{word}" for verb in split_words("加 + ➕ 留下 换个 联系") for word in _COMMON),
    *(f"{me}{word}" for me in split_words("我 我的 个 下") for word in (*_COMMON, "v ")),
    *map("".join, product(*_QR)),
    *(f" {word} {chat}" for word in ("on", "at", "via", "my") for chat in _ENGLISH.split("|")),
)
"""Terms of which a text with an invitation has one."""


def find_invitations(folded: str) -> Iterator[Contact]:
    """Invitations of a text, in order; one that is declined is accepted."""
    for hit in _INVITATION.finditer(folded):
        start, end = hit.span()
        declined = _DECLINED.search(folded, max(0, start - 6), start) or _REFUSED.match(folded, end)
        yield Contact(start, end, INVITATION, Outcome.ACCEPT if declined else Outcome.REVIEW)
