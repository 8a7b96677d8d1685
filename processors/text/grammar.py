"""The words around a name or a title that decide what it means.

Read over the folded form: right after a hit, or right before it. Words are separated by blanks, and
may hold pieces of regular expressions.
"""

import re

import daachorse


def _words(*lines: str) -> str:
    return "|".join(" ".join(lines).split())


_NO_LETTER = r"(?![^\W_])"

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏"
    "吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱"
    "严覃武戴莫孔向汤樊包鲍左洪温康施文牛葛柴辛管祝齐梅盛童颜庄骆欧卫苗耿关舒裴易常乔赖庞兰殷翟安倪"
    "芦季俞章鲁伍申尤毕聂丛焦柳邢路岳涂谷祁牟卜詹凌费纪靳甄项曲游席查屈霍翁隋甘景薄司柏宁柯阮桂闵"
    "解强华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧宫苟褚廉简娄盖符奚穆党燕郎冀谈姬屠连晏栾郁商蒙计喻"
    "窦迟敖鄢冷卓花仇艾蓝巩虞卞封冼楚佟栗匡宗应巫鞠桑荆谌沙伏岑习胥蔺"
)
# --- Between a verb and its object -----------------------------------------------------------

PARTED = frozenset(
    "操草日办刷洗赌包代替开套刻贩吸嫖卖买收借贷炒做搞打玩考换提养找走挂发约投押下抢偷骗租拆送领抽兑出造改查盗装死滚"
)
"""Verbs between which and their object more may stand: 办个证, 洗点钱, 代你考试."""
BETWEEN_STARTS = (
    "0123456789正专真全增普电"
    "妈特尼死翻了过完一几两些点那这各好个下次把张套份场回什啥你您我他人别同学"
)
BETWEEN = re.compile(
    "(?:(?:[了过完]?(?:[一几两些点那这各]|好几)(?:个|种|类|点|些|下|次|把|张|本|套|份|场|回|样)?"
    r"|\d{1,4}[千万wk]?[个条张份本元块]?|(?:各[类种]|正规|专业|真实|全国|增值税|普通|电子){1,2}"
    "|[了过完]?(?:个|点|些|下|次|把|张|套|份|场|回)|[了过完]|死了?|翻了?|什么|啥)小?|(?:你|他|她|[特他]么?|尼)?[妈玛]的?|特么的?|(?<=[死操日干])[你他她我]|(?<=[代替])(?:[你您我他人]|别人|同学|学生|学[长姐弟妹]))"
)

# --- Around what may be an offer ----------------------------------------------------------------

_OFFERS = _words(
    "群 裙 吗 平台 网站 网址 官网 资源 接单 出售 出货 现货 批发 货源 货到 包邮 包过 包成功 包夜",
    "秒 稳定 低价 高价 价格 报价 优惠 推荐 计划 上分 下分 开户 开奖 开房 充值 中介 机构 业务 服务",
    "套餐 招募 招人 兼职 日赚 月入 一手 渠道 专业 办理 私聊 私信 联系 咨询 扫码 下单 口子 急用",
    "有偿 长期 可做 可接 可贷 可约 哪里买 求购 收购 软件 辅助 系统 论坛 直播 视频 图片 种子 配件",
    "团队 新开 发布 论文 作业 四六级",
)
_TRADES = _words(
    # What is offered, and to whom.
    "学历 文凭 毕业证 学位证 资格证 驾照 驾驶证 执照 公章 印章 财务章 证件 身份证 护照 高仿",
    "仿真 精仿 原单 过机 验钞 水印 防伪 可查 联网 考试 考研 雅思 托福 自考 专升本 保过 必过",
    "代写 代发 代办 代做 代练 代刷 查重 降重 期刊 毕设 枪手 答案 透视 自瞄 防封 不封号 涨粉",
    "真人 活粉 点赞 销量 好评 店铺 成人 无码 高清 片源 在线看 免费看 看片 会所 技师 上门 空降",
    "外围 全套 过夜 同城 嫩模 楼凤 小姐姐",
    # Of money.
    "走账 过账 跑账 卡主 车队 缺人 缺卡 收卡 对公 承兑 结算 通道 点数 点位 费率 抽成 佣金 提成",
    "返利 返佣 返现 返点 返水 垫付 本金 日入 周入 月赚 年入 赚钱 挣钱 稳赚 躺赚 来钱 收益 回本",
    "盈利 提现 提款 出款 下款 放款 借款 借钱 贷款 额度 大额 小额 限额 应急 急需 征信 黑户 白户",
    "无抵押 免抵押 无视 信用卡 花呗 白条 分期",
    # Of games of chance.
    "网投 首存 首充 首冲 彩金 洗码 打水 稳赢 包赢 必赢 必中 包中 回血 带飞 倍投 投注 押注 开码",
    "出码 特码 一码 三肖 中特 赔率 盘口 庄家 发牌 棋牌 老虎机 捕鱼 滚球 导师 注册送 送彩",
    "翻倍 爆率 打法 玩法 手游 单双 特肖 平特 六肖 期期 走势 资料 杀号",
    # How it is praised, and how it is got.
    "秒到 秒批 秒下 秒过 秒提 秒回 当天 日结 周结 立等 包赚 包发 包到 包教 包会 包下",
    "保密 隐蔽 安全 正规 诚信 信誉 靠谱 老店 老平台 诚招 招聘 诚聘 急聘 拉人头 引流 推广 招代",
    "代理 加盟 合伙 加我 找我 私我 滴滴 详聊 详谈 面谈 主页 咨讯 有意者 速来 需要的 要的来 来的",
    "内幕 小电影 毛片 打码 配送 一口价 一价 包男孩 男胎 催情 招财 内部版 破解版 心水",
    "带单 跟单 群计划 新区 开区 首区 通稿 满级 任务 一个月 全场 拍下 陪嗨 陪玩 陪睡 合集",
    "换绑 万粉 千粉 实名 cvv 料站 四件套 洗料 轨道料 约聊 可约",
    "微信 电报 飞机号 免费 独家 内部 一对一 各类 各种 一条龙 全国 发货 到付 送货 一单一",
)
SELLING = "卖收求来"
SHOP_AFTER = re.compile(
    "超市|便利店|烧烤|火锅|煲|小吃|饭店|餐|酒楼|面馆|粉店|螺蛳粉|米粉|奶茶|茶楼|修车|服装|理发|五金|百货|花店|书店"
)
"""What kind of shop bears a name: 佰佳乐超市."""
_EVERY_OFFER = frozenset(f"{_OFFERS}|{_TRADES}".split("|"))
_offered = daachorse.CharwiseDoubleArrayAhoCorasick(sorted(_EVERY_OFFER))


def offers(run: str) -> int:
    """How many words of those who offer something a stretch of text holds."""
    return len(_offered.find(run))


OFFER_NEXT = re.compile(rf"[的新老大]?(?:{_OFFERS}|{_TRADES})")
"""Such a word right behind what is offered."""
OFFER_AFTER = re.compile(rf"的?(?:{_OFFERS})")
OFFER_BEFORE = re.compile(rf"(?:{_OFFERS}|[{SELLING}])\Z")
"""The plainest of them right beside it."""
PERSON_AFTER = re.compile(
    "(?:学妹|学姐|妹|大?学生|女(?![㐀-鿿])|少妇|萝莉|美女|小姐|模特|空姐|主播|老板|团伙|男模)"
)
"""Who is offered, or offers, right beside it."""
WHO_AFTER = re.compile(
    "的?(?:老师|医生|大夫|律师|教授|教练|主任|同学|师傅|先生|女士|爸|妈|爷爷|奶奶|书法|国画|美术|画室|摄影|音乐"
    "|舞蹈|钢琴|琴行|导演|作家|诗人|工作室|[茶花]艺|设计师|化妆师|[中牙]医)"
)
"""Who somebody of that name is, or what they do: 贾文平书法, 白佳乐的妈妈."""

# --- Around an entry that is spoken against ----------------------------------------------------

_AGAINST = _words(
    "拒绝 抵制 远离 警惕 谨防 严防 防范 防止 反对 禁止 严禁 打击 整治 杜绝 举报",
    "揭秘 揭露 揭穿 曝光 揭发 告别 小心 当心",
    "提醒 反诈 研究 报道 普法 科普 识破 避免 预防 取缔 查处 侦破 破获 谴责 痛恨 讨厌",
    "没有 (?<!是)不是 并非 (?<!会)不会 (?<!要)不要 请勿 从不",
    "绝不 决不 切勿 不做 不搞 不碰 不沾 不信 不玩 不买 不卖 戒掉 退出 呼吁 宣传防范",
)
AGAINST_BEFORE = re.compile(
    rf"(?:(?:{_AGAINST})(?:一切|任何|各类|各种|所有|参与|网络|线上|电信|相信|[^\W_]{{0,2}})"
    r"|(?<![从比才])[不勿莫反禁拒戒防](?:[再去]|参与)?"
    r"|(?<![a-z])(?:(?:no|not|without|anti)(?:[\W_]+[a-z]+)?"
    r"|(?:never|don't|beware(?: of)?|avoid|stop|report|against|fight|refuse|warning)"
    r"(?:[\W_]+[a-z]+){0,3})"
    r")[\W_]{0,3}\Z"
)
"""Who speaks so is against what follows, or tells others of it: 拒绝裸聊, 揭秘跑分平台."""
AGAINST_AFTER = re.compile(
    r"[\W_]{0,3}(?:这些|之类|等等?|行为|活动|平台|犯罪|的)?(?:都|全|就|均|皆)?(?:是|属于?|系|构成)?"
    r"(?:违法|犯法|犯罪|诈骗|骗局|骗人|骗子|陷阱|圈套|可耻|有害|害人|必[抓究查被]|违规|套路|入刑|坐牢|判刑|危害"
    r"|退散|勿扰|勿加|走开|滚|零容忍|受害|被骗|的?历史|的?危害)"
    r"|[\W_]+(?:[a-z]+[\W_]+){0,3}(?:scams?|frauds?|illegal|crimes?|(?:is|are) wrong)(?![a-z])"
)
"""The same right behind: 刷单返利都是骗局, 代开发票违法."""

# --- Around a protected name -------------------------------------------------------------------

_ROLES = _words(
    "官方 官号 官微 官网 官博 客服 客户服务 招生 招办 招聘 招考 招标 发布 公告 通告 通知 公示",
    "公众号 信箱 巡查",
    "订阅号 服务号 办公室 办事处 办公厅 新闻办 新闻中心 新闻发言人 发言人 融媒体 热线 举报 投诉",
    "咨询 认证 账号 帐号 小助手 小管家 服务中心 服务平台 服务大厅 管理员",
    "旗舰店 专卖店 直营 售后 总部",
    "审核 仲裁 风控 客户中心 处理中心 保障中心 安全中心 admissions(?![a-z])",
    "客户经理 客户专员 业务员 专席 坐席 话务员 服务台 技术支持 理赔 报名 报案 专线 编辑部 值班室",
    "秘书处 领事部 签证处 广告部 招商部",
    "审批官 贷款审批 贷款中心 反诈 积分商城 商城 自营 小二 验证",
    "放款部 放贷部 借贷部 借款部 催收部 清收部 理财部 客户部 投资部 融资部 运营部 招聘部 人事部",
    "稽核部",
    "审计部 结算部 退款部 发行部 外联部 报名部 维权部 捐款 捐赠处 募捐 拍卖处",
    "服务部 还款部 推广部 联络处 联络部 会员中心 运营官 贷款部 信贷部 信用卡部 市场部 法务部",
    "人力资源部",
    "公关部 业务部 采购部",
    "学生处 教务处 研究生院 研招 团委 党委 保卫处 宣传部 人事处 财务处 后勤处 招就处 就业指导",
    "征信服务 网上立案 援助基金 救助办 专家 预约 挂号 门诊 快讯 要闻 投稿 研究生招生",
    r"委员会 政务 在线 网站 95\d{3} 1[02]\d{3}(?!\d) official support service help[\s]?desk",
    r"admin news team(?![a-z])",
    r"customer[\s]?service customer[\s]?care customer[\s]?support gm(?![a-z])",
    r"admission(?![a-z]) 游戏gm(?![a-z])",
)
ROLE_HEADS = frozenset(role[:2] for role in _ROLES.split("|"))
"""The first two characters of the words of roles."""
ROLE_STARTS = (
    ROLE_HEADS
    | {of + head[0] for of in "的之" for head in ROLE_HEADS}
    | {
        "唯一",
        "全国",
        "中国",
        "大中",
        "股份",
        "集团",
        "有限",
        "总公",
        "分公",
        "公司",
        "总行",
        "分行",
    }
    | {"网小", "网客", "网官", "人工", "专营", "安全", "申诉", "理赔", "小秘", "te"}
)
"""What may follow a name in which a role word comes next."""
ROLE_ENDS = frozenset({"官方", "认证", "客服", "授权", "我是", "们是", "里是", "al"})
"""The last two of what stands before a name as a role does."""
_WHOLE = "网|唯一|全国|中国区?|大中华区|股份|集团|有限公司|总公司|分公司|公司|总行|分行"
_OFFICER = (  # whoever deals with what one may be after: 丢件赔付专员
    "[㐀-鿿]{0,4}(?:赔付|理赔|赔偿|退款|退费|客诉|投诉|申诉|审核|提额|放款|解封|处罚|认证|催收|回访)专员"
)
ROLE_AFTER = re.compile(rf"[\W_]{{0,3}}[的之]?(?:{_WHOLE})?(?:{_ROLES}|{_OFFICER})")
"""Who speaks so speaks for the institution."""

_SPOKEN_OF = _words(
    "粉 迷 黑粉 吐槽 受害者 态度 真(?![人实]) 太 好[差难慢烦坑] 很 不 没 别 呢 吗 打不通 骗 在哪",
    "你[倒到快]|能不能|可不可以|什么时候 快[点来回] 抢不 失败 金句 语录 表情包 合集",
    "[㐀-鿿]{0,6}爱好者 [㐀-鿿]{0,4}听[多腻]",
    "打工 楼下 对面 附近 门口 门前 旁 隔壁",
)
ROLE_ADMIRED = re.compile(rf"{ROLE_AFTER.pattern}的?(?:{_SPOKEN_OF})")
"""Who speaks so speaks of it: 发言人粉丝, 客服态度差."""

_CLAIMED_ROLES = _words(
    "官方 官号 官微 官网 官博 客服 客户服务 客户经理 招生 招办 招聘(?![季会]) 服务中心 服务热线",
    "人工服务",
    "专员 客服专员 服务专员 专席 坐席 话务员 客户专员 客户代表 技术支持 会员中心 兑奖中心",
    "兑换中心 领奖中心 返利中心 注销中心 办理中心 投诉专窗 理赔部 客服部",
    r"[㐀-鿿]{2,4}[支分]行(?![^\W_])",
    "解冻中心 补偿中心 赔偿中心 清退中心 异议处理中心 报名处 授权店 授权售后 体验店 直营店",
    "官方店 发言人 受理员 审核员",
    "人工台 审核中心 审核处 审核组 审核团队 审核部 仲裁中心 风控中心 处理中心 客户中心 退款中心",
    "退费中心 赔付中心 保障中心 监管中心 运营团队 运营中心 解封中心 封禁中心 安全团队",
    "公司(?![^\\W]) 集团(?![^\\W]) 投诉(?![^\\W]) 举报(?![^\\W]) 抢修队",
    "抢修中心 投诉中心 举报中心 报警中心 受理中心 记者站 分社 中文网 admissions(?![a-z])",
    "热线 小助手 小秘书 小管家 管理员 旗舰店 专卖店 专营店 直营 售后 总部 认证",
    "安全中心 申诉中心 理赔中心 处罚中心 推广部",
    "清算中心 提额中心 额度中心 办卡中心 还款中心 贷款中心 放款中心 信贷中心 催收中心 备付中心",
    "结算中心",
    r"(?:official|support|service|help[\s]?desk|admin|team)(?![a-z])",
    r"customer[\s]?(?:service|care|support)(?![a-z]) (?:游戏)?gm(?![a-z])",
)
_BRANCHES = _words(
    "信用卡 手机 金融 支付 快递 速递 速运 物流 快运 视频 音乐 游戏 地图 外卖 打车 出行 商城 电商",
    "直播 空调 中国区",
    "电器 电脑 汽车 银行 宽带 人工 在线 智能 全国 安全 中国 平台 小店 贷款 借款 极速版 业务",
    "营业厅 团队",
    "公司 集团 商家入驻 商家 入驻 话费 流量 返还 返现 充值 代充 抢修 95598",
    r"积分 etc(?![a-z]) 金条 白条 花呗 借呗 数字货币",
    "社保 税务 政务 市民 便民 报警 消费者 加油卡 退税 个税 会员 用户 投诉 咨询 预约 举报 退票",
    "改签 订单 账户 账号 账单",
    r"退款 理赔 \s?(?:app|id|account|security|pay|store|cloud|customer|china|global"
    r"|prime|billing|login|verification|verified|copyright|payment|refund|safety)(?![a-z])",
)
CLAIMED_AFTER = re.compile(
    rf"[\W_]{{0,3}}[的之]?(?:{_BRANCHES}){{0,2}}[\W_]{{0,3}}的?(?:唯一)?(?:{_CLAIMED_ROLES}|{_OFFICER})"
    rf"(?!的?(?:{_SPOKEN_OF}))"
)
"""Who speaks so speaks for the bearer of a name that is an everyday word: 小米客服, 招行信用卡官方.

It takes more than for other names: 快手发布 may be anybody's, and so may 微信公众号.
"""

CLAIMED_BEFORE = re.compile(r"(?:(?<![^\W_])(?:官方|认证|授权)|(?<![a-z])official)[\W_]{0,3}\Z")
"""The same right before such a name."""

INTRODUCED = re.compile(r"(?:我是|我们是|这里是|[您你]好|中国|[\W_]|^)\Z")
"""What may stand before such a name, of which no word is a part: 最美的客服 is none of 美的."""

ROLE_BEFORE = re.compile(
    r"(?:官方|认证|客服|授权|我是|我们是|这里是|(?<![a-z])(?:official|real))[\W_]{0,3}\Z"
)

OFFICIAL_AT_LAST = re.compile(
    r"(?![级第])[㐀-鿿]{2,6}?(?<![非像似])官方(?:号|账号|帐号|平台|认证|网站)?(?![^\W_])"
)
"""What somebody deals with who then says to be official, to the end: 央行|征信修复官方."""

_STAFF = _words(
    "工作 上班 任职 就职 供职 民警 警官 干部 局长 处长 科长 部长 厅长 院长 校长 行长 主任 书记",
    f"秘书 科员 职员 专员 法官 检察官 记者 主播 编辑 社{_NO_LETTER} 报社 客户端 评论 驻",
)
STAFF_AFTER = re.compile(rf"[\W_]{{0,2}}的?(?:{_STAFF})")
"""Who speaks so says to be one of its people."""

_NEAR_FOLLOWS = _words(
    f"校友 粉 生(?![物命态活产鲜]) 迷{_NO_LETTER} 家长 家属 遗属 后代 子弟 老兵 叔叔",
    "对面 隔壁 旁边 附近 门口 门前 楼下 楼上 楼里 底商 后门 后面 背后 拐角 边上 周边",
    "[东西南北]门 考试上岸 笔试 面试 所里 邮票 是什么 [㐀-鿿]{0,4}爱好者",
    "学生(?![处会]) 在读 毕业 学子 研究生(?!院) 博士 硕士",
    "本科 大[一二三四] 新生 老生 校花 校草 考研 考生 考公 求职 备考 上岸 爱好者",
    "[㐀-鿿]{0,6}非官方 之友 后援 用户 会员(?!中心) 读者 听众 观众 车主 机主 家人",
    "老公 老婆 女友 男友 铁粉 黑粉 真香 真好 受害者 吐槽 宿舍 食堂 家属院 小区 站(?!长) 路 街",
    "公园 幼儿园 大院 梦中情 梦校 说 讲 妈 爸 奶奶 爷爷 fans?(?![a-z]) alumn student user",
    f"旁(?![白听观系]) 骑手(?![招站中]) 小哥 司机 控{_NO_LETTER} 一下 百科 重度",
)
_THINGS = (
    "(?:手机|电脑|平板|视频|音乐|购物|游戏|电影|畅销书|书评|社评|副刊|头版|剪报|封面)"
    rf"(?!.{{0,6}}(?:{_ROLES}))"
)
"""What an institution makes or sells, if nobody then speaks for it."""
_BESIDE = (
    rf"(?:(?!{_ROLES})[㐀-鿿]){{1,6}}?"
    "(?:对面|隔壁|旁边?|附近|门口|门前|楼下|后门|周边|[河湖江海路]边|边上)"
)
"""Beside a house of it: 大厦楼下."""
_PERSONS = _words(
    "(?<![招医先卫民])生 (?<![记作])者 [迷控粉党族] 粉丝 小?迷[妹弟] 粉丝团 学员 会员 队员",
    "老客户 老用户 快递员 骑手(?![招站中]) 司机 保安",
    "门卫 保洁 房东 租客 邻居 路人 家属 家长 嘉宾 玩家 网友 观众 听众 吃货 买手 宝妈 奶爸 用户",
    "受害人 持卡人 [常食游]客",
    "[大二三]?(?:爷|妈|叔|婶|姨|舅|姑) 阿姨 小[哥妹弟] 老[铁哥兵乡] 哥哥 姐姐 弟弟 妹妹",
)
_PARTED = "(?:离职|退伍|退役|退休(?!干部|领导)|辞职|落榜|落选|下岗|旧址|遗址)(?!安置|事务|军人事务)"
_PASTIMES = _words(
    "受害者联盟 收藏 藏家 创刊号 夜读 语录 表情包 同款 穿搭 自习 追剧 段子 八卦 故事 回忆 往事",
    "青春 神曲",
    "评论区 梦想",
    "早餐 午餐 晚餐 夜宵 早点 火锅 奶茶 咖啡 烧烤 小吃 美食 夜班 早班 加班 下班 摸鱼 读书会 备考",
    "[冰雪]雕队 [校球泳舞乐战车]队 [篮足排羽乒网棒]球[队社] 辩论[队社] 合唱团 乐团 社团 话剧社",
    "剧社 诗社 文学社 街舞社",
    "动漫社 啦啦队 拉拉队 跑团 登山[队社] 骑行[队社]",
)
_DIARY = "(?:的?(?:日记|日常|笔记|手记|随笔))?"
OF_A_PERSON = re.compile(
    rf"(?:-?\d{{1,3}})?(?:(?!{_ROLES})[㐀-鿿]){{0,8}}?(?:(?:{_PERSONS}|[研博大][一二三四]){_DIARY}(?![^\W_])|{_PARTED}|{_PASTIMES})"
)
"""Says who somebody is, who is none of its people or is so no more, or what they do for pleasure:
旁听生, 员工家属, 离职, 照片收藏."""
_KIN = _words("女儿 儿子 孩子 妻子 丈夫 女婿 媳妇 太太 爱人")
_ACQUAINTED = _words("老公 老婆 [男女]朋?友 对象 老?同学 邻居 室友 闺蜜 哥们 发小 朋友 亲戚")
NEAR_AFTER = re.compile(
    rf"[\W_]{{0,2}}(?:(?:\d{{2,4}}[级届年]?)?的?"
    rf"(?:(?:{_NEAR_FOLLOWS})(?![㐀-鿿]{{0,2}}(?:{_ROLES}))|{_THINGS}|{_BESIDE})"
    rf"|(?:{_STAFF}|教授|老师)?的?(?:{_KIN})"
    rf"|(?:(?!{_ROLES})[㐀-鿿]){{2,4}}?的(?:{_KIN}|{_ACQUAINTED}))"
)
"""Who speaks so only stands near it."""

_NEAR_PRECEDES = _words(
    "对面 隔壁 附近 旁边 门口 路过 住在 来自 毕业于 毕业 就读于 就读 在读 考入 考上 考进 想考",
    "想去 想进 我爱 热爱 喜欢 支持 关注 致敬 感谢 谢谢 相信 点赞 打卡 想念 怀念 离开 不是 并非",
    "吐槽 投诉 收藏 只[信认用看去爱] 欠了? 考研 备考 目标 梦想 模拟 梦里我?是? 不玩 不用 不刷",
    "不看 考不上 没考上",
    "戒掉 戒了 砍一刀 素材靠 全靠 就靠 订[了过]?[一二三四五六七八九十两几]{1,3}年",
)
_GOES_ON = _words(
    "[了吗呢啊吧呀哦哈么啦耶] 真 太 好(?!评) 很 又 也 都(?!市) 还(?![款贷钱息]) 才 不 没 别 被",
    "让 把 给 养活",
    "怎么 为什么 刷[到了完屏] 集五?福 抢 逛 蹭 排队 打卡 游记 日记 打工 留学 实习 陪读 陪护 出生",
    r"生活 真题 考?试?题 丢[了件] 里(?!程) 那[边里家只] \d{2,4}[级届] [与和跟] 贴吧 网友 老哥",
    r"工人 维和(?!军官|军医|医生|军人|部队|士兵|警察|人员|将军|上校) 金句 失败 前实习",
    "霸 余额 前员工 快递员 外卖员 取款机 樱花 测评 摘抄 投稿 学长 学姐 学弟 学妹 城(?!市)",
    "梦未?[圆碎] 中毒",
)
GOES_ON = re.compile(
    rf"(?:{_GOES_ON}|[㐀-鿿]{{1,4}}的[我他她](?![㐀-鿿])|[a-z0-9 ]{{1,12}}(?:用户|粉)"
    r"|的(?!人|小|老|工作|内部|员工))"
    rf"(?!.{{0,6}}(?:{_ROLES}))"
)
"""What makes of a name the beginning of a sentence, or of something that only happens there."""

_DEEDS_OF_ORGANS = _words(
    "服务 管理 监 审 办 受理 查询 查处 认 授权 推荐 指定 合作 训 报 招 录 宣传 提醒 辟谣 回应",
    "反诈 赔 退款 退费",
    "扣 没收 罚 拍卖 发证 作业",
    "退税 兑 充 开户 贷 款 提额 清 冻 追 维权 扶贫 资助 补 援助 救助 执法 巡 督 检 稽 征 缴 核 发",
    "领 登记 备案",
    "注册 考 评 颁 表彰 采购 标 交易 投 理财 融资 支付 账 订 预约 挂号 播 访 编 说明 解 答 询 售",
    "代理 加盟 代 特约 处理 违[章法规纪] 举报",
    "调 查 侦 判 决 诉 裁 封 回收 导 签约 修 安装 送 供 应急 公开 联 出品 主办 承办 领导 指导",
    "运营 制作 研究 开发 教 扶持 帮扶 推介 督导",
)
DEED_OF_AN_ORGAN = re.compile(f"(?:{_DEEDS_OF_ORGANS})")
"""Verbs of what institutions do, and may say that they do."""
_SERVED = "办理|申领|领取|提取|发放|受理|申请|查询|申报|缴费|补办|服务"
SERVES = re.compile(rf"[㐀-鿿]{{0,6}}?(?:{_SERVED})(?:窗口|大厅|中心|平台|专员)?\Z")
"""What a kind of organ without a place does for people, to the end of the text: 医保局报销办理."""
SENDING = ("局", "厅", "委", "大队", "支队", "法院", "检察院", "派出所", "海关")
"""Ends of organs that deal with people by themselves."""
SENDS = re.compile(
    r"(?!.{0,3}(?:[对后]面|隔壁|旁|附近|门口|楼[上下]|周边|家属|家长|的))"
    r"[㐀-鿿]{0,8}?(?:专员|[接信]访员|送达员|办案[员组]|专号|专窗"
    r"|(?:认证|采购|审核|处理|赔付|解冻|处罚|征缴|核验|督办|预约|咨询)中心)(?![^\W_])"
)
"""Whom such an organ sends, or its office, with the matter before: 医保局|停卡通知专员."""
COMPLAINT = re.compile(r"[慢差烂坑贵卡][了啊啦]?\Z")
"""Ends of what is said of an institution, which the dictionary has in no word: 网速慢."""
_BUSINESS = _words(
    "加油卡 信用卡 会员卡 储值卡 一卡通 积分 商城 自营 提额 借条 白条 钱包 礼包 补贴 清退 小二",
    "验证 招募 补偿 赔偿 兑换 抽奖 中奖 领奖 充值 退款 注销 解封 解冻 分期 贷款",
)
"""What institutions deal in with those who have to do with them."""
OF_A_FIRM = re.compile(
    "(?:(?:技术|科技|服务|网络){1,2}|[㐀-鿿]{0,6}?(?:公司|集团))(?![㐀-鿿])|技术有限|科技有限|股份有限"
)
"""What goes on behind the name of an enterprise and is of its own name: 华为|技术有限公司."""
HOUSE = re.compile("(?<=报)社(?!会(?!员)|[区交论恐死畜])")
"""Behind the name of a paper its house: 中国青年报|社|通联部."""
PART_OF_AN_ORGAN = re.compile(
    f"(?:{_ROLES}|{_STAFF}|{_BUSINESS}|经理|专员|军官|军医|中心|平台|基金|项目|公司|集团|频道|协会|学会|联盟|人员|专家|顾问|代表|分[部行局社]"
    "|[支总][队行]|大队|舰队|部队|战区|[军师旅团](?![㐀-鿿])|小组|专班|[㐀-鿿]组[长员]?(?![㐀-鿿])|[接信]访员|巡视|监察室|参谋|干事|警官|政委|专线|窗口|学院|研究|[部办处局院委署厅台室科](?![㐀-鿿]))"
)
"""Words of what belongs to an institution."""

NEAR_BEFORE = re.compile(
    rf"(?:{_NEAR_PRECEDES}|[曾前爱非假黑粉在去到被找问向看读听]的?"
    r"|(?<![a-z])(?:love|at|near|not|ex))[\W_]{0,2}\Z"
)

LEAD = re.compile(
    rf".*(?:{_NEAR_PRECEDES}|[在是的]|(?<!看)看(?!看)|(?<=[㐀-鿿]{{2}})[和与])", re.DOTALL
)
"""What may stand before the name of an organ and is no part of it."""

NATIONAL = re.compile(
    r"(?:(?:中国|中华|国家|中央|全国|国务院|中共|国际|全球|世界(?![杯观第]))"
    r"|[㐀-鿿]{2,6}?(?:省|自治[区州县]|(?<![超夜菜股门都楼])市(?![场民集井值面])|[县州盟旗]"
    r"|(?<![小社校园景片地学厂矿战])区))[^\W\d_]{2,}\Z"
)
"""The beginning of a name that claims to be the organ of a country or division, and more of it."""

_MATTERS = _words(
    "住房公积金 个税 个人所得税 税务 退税 社保 社会保险 医保 医疗保险 养老金 养老保险 公积金",
    "征信 央行",
    "人民银行 人行 数字人民币",
    "国债 低保 失业金 生育津贴 政府补贴 户籍 户口 护照 身份证 驾驶证 车管 学籍",
    "学信网? 国考 公务员 反诈 反洗钱 反电诈 清退 涉案 涉诈 非法集资 网贷 扶贫 民政 抚恤 退役军人",
    "退役士兵",
    "廉租房 公租房 法律援助 打拐 扫黑 扫黄 消费者 消保 网络安全 国家安全 国安 公安 网警 警务 海关",
    "外汇 银保监 证监 金融监管 国库 财政 政务 国务院 中共 国家(?!级|地理|队)",
    "中央(?!空调|公园|厨房|音乐) 陆军 海军(?!风|蓝) 空军(?!一号) 火箭军 解放军 武警 国防(?!绿)",
    "征兵 烟草专卖 个人征信",
    "社会保障 医疗保障 养老(?!院|公寓|机构) 惠民 补贴 减税 免税(?!店) 金融消费 银行卡",
    "信用卡(?!代|套) 数字货币 虚拟货币 助学金 奖学金 助学贷款",
    "专利 商标 知识产权 学历 学位 职称 教师资格 信访 检察 法院 纪检 纪委 监察 监委 统计局 移民",
    "签证 边检 缉毒 禁毒 网信 疾控",
)
PUBLIC_MATTER = re.compile(
    rf"(?:中国|中华|全国|[㐀-鿿]{{2,6}}?[省市县区州])?(?:{_MATTERS})[^\W\d_]*\Z"
)
"""The beginning of a name that speaks of what is a matter of the state."""

MATTER_AFTER = re.compile(
    _MATTERS
    + "|"
    + _words("刑事 侦查 办案 缉私 罚没 稽查 通缉 立案 追赃 信用卡 贷款 网银 掌上 手机银行 对公业务")
)
"""What an institution has to do with, behind what is only like its name: 公桉部刑事侦查."""

_PLATFORMS = _words(
    "流量 流量扶持 账号 帐号 认证 实名 实名认证 身份 版权 直播 主播 内容 推广 广告 充值 提现",
    "退款 返利 返现 结算 变现",
    "安全 风险 隐私 信用 信誉 违规 处罚 封号 封禁 解封 冻结 解冻 申诉 仲裁 投诉 举报 审核 复核",
    "人工 在线 客户 用户 会员 保护",
    "商家 商户 店铺 粉丝 创作者 创作 作者 达人 未成年人?(?:保护)? 扶持 招募 合作 活动 福利 中奖",
    "抽奖 兑奖 领奖 奖品 邀请",
    "交易 担保 评论 视频 消息 反诈 反作弊 社区 平台 运营 服务 管理 处理 监管 巡查 技术 财务 商务",
    "异常 登录 注销 售后 工单",
    "风控 兑换 官方 提额 换绑 找回 核实 核验 验证 合规 质检 监督 监察 稽查 执法 授权 签约 分成",
    "收益 打赏 礼物 红包",
    "积分 金币 余额 资金 保证金 押金 订单 物流 退货 赔付 理赔 赔偿 补偿 保障 维权",
)
REST_OF_AN_ORGAN = re.compile(
    r"(?![级队一二三]|地理|空调|公园|厨房|音乐|大街|商场|酒店)[㐀-鿿]{2,14}?"
    r"(?:(?<![乐卖市目务中学])部|[局署委]|(?<![不可])办|(?<![客餐舞歌大前门乐])厅|(?<![好到各深])处"
    r"|(?<!小)组|总会|委员会|法庭|银行)(?![㐀-鿿])"
)
"""What goes on behind the beginning of the name of an organ of a country, to its end."""
REST_OF_A_PROVINCE = re.compile(r"[㐀-鿿]{2,10}?(?:(?<![客餐舞歌大前门乐])厅|署|委)(?![㐀-鿿])")
"""The same of one of a province, of which much else is named."""
AUTHORITIES = re.compile(
    _words(
        "海关 公安 警方 法院 检察 税务 网警 网安 交警 特警 刑警 刑侦 经侦 反诈 禁毒 城管 疾控",
        "政协 纪委 移民局 消防 社保局 医保局 人社局",
    )
)
"""Kinds of organs of which an office may follow: 海关|罚没物资拍卖处."""
SOME_UNIT = re.compile("(?:[某我本该]?[省市县区镇乡])?(?:人民)?")
"""What stands before such a kind where no place is named: 县法院, 某市反诈中心."""
OF_A_PLATFORM = re.compile(
    rf"(?:(?:官方|平台|站方|本站|全站|站内|系统)(?:{_PLATFORMS}){{0,3}}"
    r"|(?:账号|帐号|封号|违规|实名认证|身份认证|创作者|直播违规|内容(?:违规)?|未成年人?退款|官方活动"
    r"|社区(?:违规|内容|评论|账号)|申诉|投诉举报)"
    rf"(?:{_PLATFORMS}){{0,2}})\Z"
)
"""What stands before the staff of a platform: whose they are and what they deal with."""

_NOWHERE = _words(
    "宇宙 银河系 星球 [火水木金土喵汪冥]星 外星 太阳系 地球 月球 次元 异界 天庭 地府 阎王",
    "玉帝 龙宫 江湖 魔法 童话 动漫 奥特曼 葫芦娃 喜羊羊 蜡笔 海绵宝宝 哆啦 霍格沃茨 哥谭 柯南",
    "快乐 摸鱼 干饭 躺平 摆烂 睡觉 瞌睡 熬夜 吃货 火锅 奶茶 烧烤 零食 可乐 减肥 颜值 恋爱 单身",
    "失恋 爱情 心动 脱单 沙雕 搞笑 段子 做梦 梦境 梦里 脑洞 发呆 无聊 猫猫 猫咪 狗狗 喵喵 汪汪",
    "作业 情绪 幼儿园 宿舍 寝室 仙女 童年 梦想 时光 零花钱 早睡 起床 加班 打工人 懒癌 肥宅",
    "社恐 拖延 心情 晚安 早安 二哈 铲屎 人类 喷子 键盘侠 抬杠 杠精 柠檬精 吐槽 吃瓜 追星 饭圈 游戏",
    "表情包",
)
NOWHERE = re.compile(rf"(?:{_NOWHERE})(?![路街巷镇乡村区]|大道)")
"""What is no place that an organ is of: 快乐星球派出所."""

NUMBERED_OWNER = re.compile("第[0-9]{1,3}\\Z")
"""A number before a kind of institution, in digits: 第82集团军."""
NUMBERED = re.compile(r"[\W_]{0,2}(?:工号|编号|no[.]?)?[\W_]{0,2}\d{1,6}号?\Z")
"""The number of one of the staff, to the end of the text: 审核员-012."""

_COUNTRY = "(?:国家|全国|国务院|中共)"
OF_THE_COUNTRY = re.compile(rf"{_COUNTRY}[^\W\d_]{{2,}}\Z")
"""The beginning of a name that claims to be of the whole country, and more of it."""

OFFICE = re.compile(
    r"[㐀-鿿]{0,8}(?:总队|支队|大队|中队|专案组|工作组|[局处署司厅院室组]|专班|中心|办公室|(?<![不可])办)(?![^\W_])"
)
"""An office of a name, to the end of the text."""

# --- Around a title or a claim -----------------------------------------------------------------

_OTHERS = _words(
    "妻子 老婆 太太 媳妇 老公 丈夫 爱人 女友 男友 女朋友 男朋友 女儿 儿子 孩子 闺女 宝宝 妈 爸",
    f"母亲 父亲 家属 家长 后代 学生 徒弟 助理 助手 粉丝 粉 迷{_NO_LETTER} 小迷妹 朋友 邻居 同学",
    "叔叔 阿姨 大人 小?姐姐 哥哥 小哥 猫 狗 病人 患者 客户 当事人 话 建议 嘱咐 叮嘱 意见 梦 故事",
    "电影 小说",
    "电视剧 剧 (?:fan|wife|husband|son|daughter|mom|dad)(?![a-z])",
)
_OTHER_THINGS = _words(
    "函 费 楼 证 说(?!书|唱|法) 讲(?!师|座|堂) 道(?!长) 问(?!诊) 告诉 叫 让 救 骗 节(?!目)",
    "日(?!常|记) 站(?!长) 台(?!长) 会(?!计|长) 们 事务所 协会 学会",
    "不[让准许给说] 抓 判 招待 [你您]好 劝 失败 落榜 上岸 别走 救命 朋友 专用 服(?!务) 资格?证备考",
    f"公寓 游戏 模拟 资格考试 考试 考证 备考 考研 预备 爱好者 之友 之家 控{_NO_LETTER} 梦想",
)
CANCELLED_AFTER = re.compile(rf"[\W_]?(?:的|'?s )?(?:{_OTHERS})|(?:{_OTHER_THINGS})")
"""Makes of a title somebody else, or something else."""

_WISHES = _words(
    "想当个? 想做个? 想成为 要当个? 要做个? 当上 梦想(?:是|当|做|成为)? 成为 未来的? 准 预备 备考",
    "考[不没]?上 没考上 没当上 [当做]不[了上成] 没当成 辞职前是 立志[当做] 报考 考 不是 不当 不做",
    "并非 非 没有 没 不 未 无 假 伪 前 退休 离职",
)
_DEEDS = _words(
    "找个? 求 推荐 求推荐 等个? 暗恋 迷恋 恋上 爱上?了? 追 想见 认识 看 问 请 请教 咨询 联系 感谢",
    "谢谢 致敬 喜欢 热爱 崇拜 讨厌 嫁给? 娶 听 被 骂 投诉",
    "举报 帮 替 陪 没有 去看 不让 给 跟 和 与 关注 遇到 碰到 有个 有位 我的",
)
_RELATIVES = _words(
    "他是 她是 [我他她]?[爸妈爷奶叔姑姨舅哥姐弟妹]{1,2}是 爸爸是 妈妈是 爸是 妈是 老公是 老婆是",
    "妻子是 丈夫是 女友是 男友是 儿子是 女儿是",
    "朋友是 导师是",
)
_MENDED = _words("电脑 手机 汽车 家电 轮胎 树 鞋 手表")
_BRANCH = "(?:主治|主刀|家庭|责任|[内外儿妇骨眼牙]科)?"
_ENGLISH = (
    r"(?<![a-z])(?:(?:not|be|become|love|need|like|ask)(?: an?| the| my)?"
    r"|(?:by|of|to) an?|non|un|my|ex)"
)
CANCELLED_BEFORE = re.compile(
    rf"(?:{_WISHES}|{_DEEDS}|{_RELATIVES}|{_MENDED}|{_ENGLISH})(?:一?[名位个])?{_BRANCH}[\W_]?\Z"
)
"""Wishes, denials and deeds done to another: the title is not claimed."""

SELF_BEFORE = re.compile(
    r"(?:我是|本人|一名|一个|一位|一枚|职业|身份|现任|任|兼|[|/·])[^\W_]{0,6}[\W_]?\Z"
)
"""Speaks of oneself."""
