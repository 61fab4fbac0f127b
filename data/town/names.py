"""Names of streets, estates and shops, in Chinese and English."""

STREETS: tuple[tuple[str, str], ...] = (
    ("文澜路", "Wenlan Road"), ("学府路", "Xuefu Road"), ("春晖路", "Chunhui Road"), ("景苑路", "Jingyuan Road"),
    ("明珠路", "Mingzhu Road"), ("康乐路", "Kangle Road"), ("振兴路", "Zhenxing Road"), ("育才路", "Yucai Road"),
    ("金桂路", "Jingui Road"), ("银杏路", "Yinxing Road"), ("香樟路", "Xiangzhang Road"), ("紫荆路", "Zijing Road"),
    ("百合路", "Baihe Road"), ("玉兰路", "Yulan Road"), ("海棠路", "Haitang Road"), ("丹桂路", "Dangui Road"),
    ("晨光路", "Chenguang Road"), ("星河路", "Xinghe Road"), ("望江路", "Wangjiang Road"), ("听涛路", "Tingtao Road"),
    ("云栖路", "Yunxi Road"), ("翠柏路", "Cuibai Road"), ("青松路", "Qingsong Road"), ("松涛路", "Songtao Road"),
    ("凤凰路", "Fenghuang Road"), ("龙山路", "Longshan Road"), ("东兴路", "Dongxing Road"), ("南兴路", "Nanxing Road"),
    ("西兴路", "Xixing Road"), ("北兴路", "Beixing Road"), ("广场路", "Guangchang Road"), ("体育路", "Tiyu Road"),
    ("健康路", "Jiankang Road"), ("民生路", "Minsheng Road"), ("富民路", "Fumin Road"), ("幸福路", "Xingfu Road"),
    ("胜利路", "Shengli Road"), ("友谊路", "Youyi Road"), ("团结路", "Tuanjie Road"), ("光明路", "Guangming Road"),
    ("朝阳路", "Chaoyang Road"), ("永安路", "Yongan Road"), ("长宁路", "Changning Road"), ("安康路", "Ankang Road"),
    ("永兴路", "Yongxing Road"), ("同心路", "Tongxin Road"), ("青年路", "Qingnian Road"), ("纺织路", "Fangzhi Road"),
    ("机械路", "Jixie Road"), ("建材路", "Jiancai Road"), ("创新路", "Chuangxin Road"), ("智慧路", "Zhihui Road"),
    ("五星路", "Wuxing Road"), ("三元路", "Sanyuan Road"), ("九曲路", "Jiuqu Road"), ("石塔路", "Shita Road"),
    ("水门路", "Shuimen Road"), ("竹园路", "Zhuyuan Road"), ("荷花路", "Hehua Road"), ("梅园路", "Meiyuan Road"),
)  # fmt: skip
"""Streets of the new parts."""

LANES: tuple[tuple[str, str], ...] = (
    ("鼓楼前街", "Gulou Front Street"), ("城隍庙巷", "Chenghuangmiao Lane"), ("东大街", "East Main Street"),
    ("西大街", "West Main Street"), ("南门街", "South Gate Street"), ("北门街", "North Gate Street"),
    ("米市巷", "Rice Market Lane"),
    ("鱼行街", "Fishmonger Street"), ("丝行弄", "Silk Lane"), ("酱园弄", "Sauce Garden Lane"),
    ("铁匠弄", "Blacksmith Lane"),
    ("竹器巷", "Bamboo Lane"), ("当铺弄", "Pawnshop Lane"), ("书院弄", "Academy Lane"),
    ("文庙街", "Confucian Temple Street"),
    ("井头巷", "Well Lane"), ("双井弄", "Twin Well Lane"), ("石板街", "Flagstone Street"), ("柴场弄", "Firewood Lane"),
    ("油车弄", "Oil Press Lane"), ("染坊弄", "Dyehouse Lane"), ("药王庙弄", "Yaowangmiao Lane"),
    ("太平巷", "Taiping Lane"),
    ("安乐巷", "Anle Lane"), ("仁寿里", "Renshou Alley"), ("庆余里", "Qingyu Alley"), ("德馨里", "Dexin Alley"),
    ("状元弄", "Zhuangyuan Lane"), ("进士弄", "Jinshi Lane"), ("学宫街", "Xuegong Street"), ("河埠弄", "Wharf Lane"),
    ("码头街", "Dock Street"), ("盐仓弄", "Salt Store Lane"), ("关帝庙弄", "Guandimiao Lane"), ("马衙弄", "Maya Lane"),
    ("县前街", "Xianqian Street"), ("后街", "Back Street"), ("横街", "Cross Street"), ("牌坊弄", "Archway Lane"),
    ("塔弄", "Pagoda Lane"), ("桂花弄", "Osmanthus Lane"), ("梧桐弄", "Wutong Lane"), ("槐树巷", "Locust Tree Lane"),
)  # fmt: skip
"""Streets and lanes of the old core."""

ORDINALS = "一二三四五六七八九十"

ESTATES: dict[str, tuple[tuple[str, str], ...]] = {
    "work_unit": (
        ("纺织厂宿舍", "Textile Mill Housing"), ("机械厂家属院", "Machinery Works Compound"),
        ("供销社宿舍", "Supply Co-op Housing"),
        ("粮食局家属院", "Grain Bureau Compound"), ("化肥厂宿舍", "Fertiliser Works Housing"),
        ("教师新村", "Teachers' Village"),
        ("人民医院宿舍", "People's Hospital Housing"), ("邮电新村", "Post Office Village"),
        ("工人新村", "Workers' Village"),
        ("铁路新村", "Railway Village"), ("丝厂宿舍", "Silk Mill Housing"), ("农机厂宿舍", "Farm Machinery Housing"),
        ("航运新村", "Shipping Village"), ("酒厂家属院", "Winery Compound"), ("物资局宿舍", "Materials Bureau Housing"),
        ("水泥厂宿舍", "Cement Works Housing"), ("食品厂宿舍", "Food Factory Housing"), ("电力新村", "Power Village"),
        ("轴承厂宿舍", "Bearing Works Housing"), ("税务宿舍", "Tax Bureau Housing"), ("车站新村", "Station Village"),
        ("商业局宿舍", "Commerce Bureau Housing"), ("印刷厂宿舍", "Printing House Housing"),
        ("造纸厂宿舍", "Paper Mill Housing"),
        ("建筑公司宿舍", "Builders' Housing"), ("林业新村", "Forestry Village"), ("二轻新村", "Light Industry Village"),
        ("缫丝新村", "Reeling Mill Village"), ("前进新村", "Qianjin Village"), ("红旗新村", "Hongqi Village"),
    ),
    "compound_90": (
        ("文化小区", "Wenhua Estate"), ("和平小区", "Heping Estate"), ("东风新村", "Dongfeng Village"),
        ("建设新村", "Jianshe Village"),
        ("清波小区", "Qingbo Estate"), ("江南小区", "Jiangnan Estate"), ("复兴小区", "Fuxing Estate"),
        ("解放新村", "Jiefang Village"),
        ("南苑小区", "Nanyuan Estate"), ("北苑小区", "Beiyuan Estate"), ("环北小区", "Huanbei Estate"),
        ("新民小区", "Xinmin Estate"),
        ("长虹小区", "Changhong Estate"), ("安居小区", "Anju Estate"), ("春江小区", "Chunjiang Estate"),
        ("银河小区", "Yinhe Estate"),
        ("金桥小区", "Jinqiao Estate"), ("富强小区", "Fuqiang Estate"), ("民主小区", "Minzhu Estate"),
        ("康宁小区", "Kangning Estate"),
        ("百花小区", "Baihua Estate"), ("柳浪小区", "Liulang Estate"), ("石泉小区", "Shiquan Estate"),
        ("平安小区", "Ping'an Estate"),
        ("通江小区", "Tongjiang Estate"), ("望湖小区", "Wanghu Estate"), ("双桥小区", "Shuangqiao Estate"),
        ("新华小区", "Xinhua Estate"),
    ),
    "garden": (
        ("江南春晓", "Jiangnan Spring"), ("清河名苑", "Qinghe Mingyuan"), ("滨江花园", "Riverside Garden"),
        ("翠园", "Green Garden"),
        ("阳光花园", "Sunshine Garden"), ("金色家园", "Golden Homes"), ("锦绣花园", "Jinxiu Garden"),
        ("怡景苑", "Yijing Court"),
        ("丽景花园", "Lijing Garden"), ("学府花园", "Xuefu Garden"), ("碧水苑", "Bishui Court"),
        ("世纪花园", "Century Garden"),
        ("桂花城", "Osmanthus Town"), ("绿洲花园", "Oasis Garden"), ("紫荆花园", "Bauhinia Garden"),
        ("水岸名邸", "Waterside Manor"),
        ("嘉和苑", "Jiahe Court"), ("梧桐苑", "Wutong Court"), ("湖滨家园", "Lakeside Homes"),
        ("春江花月", "Chunjiang Moon"),
        ("天和家园", "Tianhe Homes"), ("香榭花园", "Champs Garden"), ("东方花园", "Orient Garden"),
        ("兰亭苑", "Lanting Court"),
    ),
    "high_rise": (
        ("清河府", "Qinghe Residence"), ("江山壹号", "Jiangshan No. 1"), ("云栖里", "Yunxi Alley"),
        ("翡翠天境", "Jade Heights"),
        ("悦江府", "Yuejiang Residence"), ("新城国际", "Xincheng International"), ("观澜苑", "Guanlan Court"),
        ("江景名都", "River View City"),
        ("中央公馆", "Central Mansion"), ("星河湾里", "Xinghe Bay"), ("望江台", "River Terrace"),
        ("学院府", "College Residence"),
        ("锦绣江南", "Jinxiu Jiangnan"), ("润泽府", "Runze Residence"), ("云邸", "Cloud Manor"),
        ("金茂园", "Jinmao Court"),
    ),
    "resettlement": (
        ("塘头家园", "Tangtou Homes"), ("南塘家园", "Nantang Homes"), ("东河佳苑", "Donghe Court"),
        ("北庄新苑", "Beizhuang New Court"),
        ("和谐家园", "Hexie Homes"), ("安康佳苑", "Ankang Court"), ("农民新村", "Farmers' New Village"),
        ("清塘公寓", "Qingtang Apartments"),
        ("永宁佳苑", "Yongning Court"), ("福民家园", "Fumin Homes"), ("同乐佳苑", "Tongle Court"),
        ("惠民公寓", "Huimin Apartments"),
        ("顺和家园", "Shunhe Homes"), ("新塘佳苑", "Xintang Court"), ("瑞祥家园", "Ruixiang Homes"),
        ("丰乐佳苑", "Fengle Court"),
    ),
}  # fmt: skip
PLACES = {
    "塘头": "CG01", "清塘": "CG01", "南塘": "CG02", "东河": "CU02", "北庄": "CU01", "农民": "CU01", "文化": "SQ04",
    "和平": "SQ04", "东风": "SQ04", "解放": "SQ02", "江南": "SQ05", "春江": "SQ05", "南苑": "SQ05", "复兴": "SQ05",
    "望江": "SQ03", "新城": "SQ03", "车站": "SQ06", "铁路": "SQ06", "工人": "SQ07",
}  # fmt: skip
"""Names that tell where an estate stands, and the community they belong to."""

ESTATES["dormitory"] = ESTATES["work_unit"][::-1]
