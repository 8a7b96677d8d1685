"""Word lists of the simulated traffic. Every number, address and id in them is made up."""

# ruff: noqa: E501  # tables read better in long lines
# fmt: off

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂英华文玉兰欣怡梓涵子轩雨桐浩思远若曦嘉宁安然佳慧博瑞晨阳可心一诺"
NICKNAMES = (
    "小鱼干", "晚风", "半糖去冰", "山茶", "追光的人", "阿木", "橘子汽水", "星河入梦", "旧书店", "慢慢来",
    "豆浆油条", "南瓜派", "白日梦想家", "云朵收集者", "夏天的风", "早睡冠军", "猫老大", "拾光", "木子", "芒果冰",
    "北岛以北", "青柠", "一只咸鱼", "麦田守望", "风吹麦浪", "三分甜", "路过人间", "栗子蛋糕", "今天不加班", "鹿鸣", "中央大街早餐铺",
    "海盐芝士", "月亮邮递员", "柚子茶", "山海", "江南烟雨", "不吃香菜", "懒洋洋", "跑步的蜗牛", "土豆泥", "松果",
)
NAME_SHAPES = ("{}", "{}呀", "{}er", "是{}吖", "{}同学", "{}本人", "爱画画的{}", "{}的日常", "想去海边的{}", "{}{n}", "小{}", "{}_")
LATIN = ("mika", "leo", "sunny", "oscar", "lily", "noah", "emma", "zoe", "ken", "ivy", "max", "anna", "theo", "ruby", "finn", "maya")
LATIN_SHAPES = ("{}_{n}", "{}{n}", "its{}", "{} in the rain", "{}.draws", "{} & the cat", "just {}", "{} wanders")
FOREIGN = ("さくらの日記", "たろう", "海が好き", "민지의 하루", "하늘바람", "Маша пишет", "Лёша", "José Luis", "Zoë M.", "Søren", "فاطمة", "Łukasz K")
CITIES = ("北京", "上海", "成都", "杭州", "广州", "西安", "武汉", "苏州", "青岛", "长沙", "昆明", "厦门", "沈阳", "大连", "贵阳", "兰州")

# A Chinese bio is an opening, something told, and perhaps a closing: 20 to 45 characters.
OPENINGS = (
    "{city}人，在外打拼第 {n} 年。", "写代码的，也写诗。", "记录一家三口的日常。", "普通上班族，周末野生厨子。", "大二在读，英语专业。",
    "两只猫一只狗的铲屎官。", "做了十年木工。", "从{city}来，在{city2}生活。", "跑马拉松的第 {n} 年。", "毕业以后开了一家小花店。",
    "喜欢老电影和黑胶唱片。", "一个认真生活的人。", "考研二战中，互相加油。", "退休以后才开始学画画。", "{city}吃货一枚。",
    "不定时更新的阳台种菜日记。", "带娃三年，终于有时间看书了。", "胶片摄影，慢慢拍。", "骑车去过 {n} 个城市。", "独立音乐爱好者。",
)
TELLINGS = (
    "偶尔做饭翻车，评论都是自己花钱吃出来的。", "分享一点手艺，也分享失败的样子。", "最好成绩 3:{n}，还想再快一点。", "读书、徒步、养猫，慢慢变老。",
    "拍过的照片都存在这里，谢谢你路过。", "想把这座城市的老房子都画一遍。", "每天一个小目标：早睡，多走路，少看手机。", "写过的东西不一定对，欢迎讨论。",
    "周末探店，平时带饭，记录每一顿。", "阳台上有番茄、薄荷和一只懒猫。", "正在学吉他，邻居暂时还没有投诉。", "喜欢海，喜欢火车，喜欢没有计划的旅行。",
    "看完的书会写几句，不剧透。", "把日子过成自己喜欢的样子就好。", "下班以后才是生活，慢慢更新。", "记性不好，所以什么都记在这里。",
)
CLOSINGS = ("", "", "", "谢谢关注。", "随缘更新。", "图片请勿转载。", "祝你今天开心。", "我们慢慢聊。")
LATIN_BIOS = (
    "Coffee, code and long walks. Based in {latin_city}.", "I write about birds and trains. Opinions are mine.", "Learning Chinese one noodle shop at a time.",
    "Film photos, slow mornings, two cats.", "Runner, reader, terrible cook. {n} half marathons so far.", "Sketches from the bus, mostly on Tuesdays.",
    "Plants on every shelf. Ask me about ferns.", "Exchange student in {latin_city}, collecting train tickets.",
)
LATIN_CITIES = ("Chengdu", "Lisbon", "Hangzhou", "Toronto", "Qingdao", "Leeds")
FOREIGN_BIOS = (
    "毎日の散歩とコーヒーの記録。写真は全部自分で撮っています。", "고양이 두 마리와 살아요. 책과 산책을 좋아합니다.", "Пишу о книгах и поездах. Живу у моря.",
    "Fotos de viaje y recetas de mi abuela.", "Carnet de voyage, aquarelles et mauvais jeux de mots.", "Kochen, Wandern, Katzen. Meistens Katzen.",
)
SIGNATURES = (
    "今天也要好好吃饭", "慢即是快", "愿你有前进一寸的勇气", "风雨兼程", "日拱一卒", "人间值得", "在路上", "保持热爱，奔赴山海",
    "睡前不看手机第 {n} 天", "知足且坚定", "等风来不如追风去", "把日子过成诗", "keep going", "slow is smooth", "still learning", "又是想放假的一天",
)

TRADES = ("书店", "咖啡", "文化传播有限公司", "科技有限公司", "流浪动物救助站", "陶艺工作室", "自行车俱乐部", "食品有限公司", "设计事务所", "花艺")
# What an address says, as a data file has it; the last ones say nothing.
REGIONS = (
    *("广东", "浙江", "江苏", "山东", "四川", "河南", "湖北", "北京", "上海", "福建", "湖南", "陕西", "辽宁", "云南", "香港") * 6,
    "日本", "United States", "新加坡", "德国", "CA", "0|0", "内网IP",
)
BRANDS = ("晨光里", "春雨", "青藤", "云麓", "半山", "拾穗", "和光", "木棉", "鹿溪", "长风", "初禾", "南枝")
INSTITUTION_BIOS = (
    "{name}，二〇一五年创办。店里有书、有茶，也有两只猫，欢迎来坐坐。", "我们是{name}，做一点小而认真的事，谢谢每一位客人。",
    "{name}的日常：新品、展览和店员的碎碎念。营业时间见门口的小黑板。", "{name}，在{city}，周一休息。团队九个人，都在认真干活。",
)
OCCUPATIONS = ("医生", "律师", "教师", "注册会计师", "心理咨询师", "护士", "执业药师")
FIELDS_OF_PUBLIC_ACCOUNTS = (("健康科普", "医疗卫生信息服务"), ("法律咨询", "法律服务"), ("医学科普", "医疗卫生信息服务"), ("普法课堂", "法律服务"))

# What offenders write. {c} is one made-up contact, later disguised or not.
CONTACT_FORMS = (
    "加微信 {id} 领资料", "V信：{id}", "兼职日结 请加QQ {qq}", "详情见 www.{id}.example.com", "合作联系 {phone}", "备注来意 微信{id}",
    "mail me: {id}@example.com", "资源在这里 https://{id}.example.net", "看主页 vx {id}",
)
DISGUISES = ("plain", "plain", "wide", "spaced", "dotted", "zero-width", "circled", "numerals")
IMPERSONATED = (
    "{city}市人民政府", "{city}市公安局", "最高人民法院服务号", "世界卫生组织", "联合国儿童基金会", "教育部官方客服", "{city}市税务局", "支付宝客服中心", "人民日报记者",
)
STRICT = ("中国好声音粉丝团", "中华小当家", "全国同城会", "国家队后援", "中华老味道", "中国味道{n}", "全国钓友之家")
CLAIMS = ("全网第一{n}", "官方旗舰 唯一指定", "平台认证客服中心", "业内排名第一", "{city}官方探店", "official {latin}")
STATEMENTS = (
    "看着不像真的，请核实。", "一直在简介里发联系方式。", "冒充单位骗老人，请处理。", "名字和官方的一模一样。", "和他聊过，说的都是假的。", "This looks like an impostor.",
)
APPEALS = ("我没有违规，请复核。", "简介里写的是我的车牌，不是电话。", "已经改了，为什么还处罚？", "I think this is a mistake, please look again.")
REASONS = ("seen and compared with the registry", "已电话核实", "与登记信息一致", "no proof was given", "the name is that of an organ", "举报属实")
