"""Which pictures there are, and what is written on them. Every name is made up."""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

# fmt: off

LIFT, SLOPE = "tenders/T-2026-014", "tenders/T-2026-021"
SITES = (  # scene, path, taken, camera
    ("bridge-a", f"{LIFT}/harbour-lift-engineering/DSC00412.jpg", "2026-03-12T10:24", "SO-24"),
    ("lobby-a", f"{LIFT}/harbour-lift-engineering/DSC00418.jpg", "2026-03-12T10:41", "SO-24"),
    ("bridge-b", f"{LIFT}/kai-tak-lifts/footbridge east entrance.jpg", "2026-03-16T15:05",
     "SO-6 mobile"),
    ("lobby-b", f"{LIFT}/kai-tak-lifts/lift lobby ground floor.jpg", "2026-03-16T15:22",
     "SO-6 mobile"),
    ("bridge-c", f"{LIFT}/示範機電工程/行人天橋全景.jpg", "2026-03-18T12:10", "SO-30"),
    ("lobby-c", f"{LIFT}/示範機電工程/七樓升降機大堂（維修前）.jpg", "2026-03-18T12:31", "SO-30"),
    ("slope-a", f"{SLOPE}/granite-hill-geotech/site-visit-01.jpg", "2026-04-02T09:48", "SO-24"),
    ("slope-b", f"{SLOPE}/granite-hill-geotech/site-visit-02.jpg", "2026-04-02T10:15", "SO-24"),
    ("scaffold-a", f"{SLOPE}/granite-hill-geotech/site-visit-03.jpg", "2026-04-02T11:02", "SO-24"),
    ("slope-c", f"{SLOPE}/lion-rock-civil/P1030077.jpg", "2026-04-07T13:36", "SO-6 mobile"),
    ("scaffold-b", f"{SLOPE}/lion-rock-civil/P1030081.jpg", "2026-04-07T13:58", "SO-6 mobile"),
    ("slope-d", f"{SLOPE}/樣本土木工程/斜坡 DEMO-C184 正面.jpg", "2026-04-09T16:20", "SO-30"),
    ("slope-e", f"{SLOPE}/樣本土木工程/斜坡 DEMO-C205 護土牆.jpg", "2026-04-09T16:44", "SO-30"),
    ("scaffold-c", f"{SLOPE}/樣本土木工程/上環分區 第三期 竣工照片（東面立面）.jpg",
     "2026-04-10T12:05", "SO-30"),
)
PHOTOS = (  # scene, path of the original
    ("mug-front", "products/harbour-goods/enamel-mug-hong-kong-morning.jpg"),
    ("mug-turned", "products/harbour-goods/搪瓷杯「香港早晨」側面.jpg"),
    ("kettle", "products/harbour-goods/kettle-mint-1.8L.jpg"),
    ("caddy", "products/harbour-goods/tea-caddy-tie-guan-yin.jpg"),
    ("tram", "products/harbour-goods/wooden-tram.jpg"),
    ("headphones", "products/harbour-goods/headphones-copper.jpg"),
    ("mug-red", "products/lion-rock-trading/mug_red_hk.jpg"),
    ("caddy-puerh", "products/lion-rock-trading/tea-caddy-pu-erh.jpg"),
    ("lamp", "products/lion-rock-trading/desk-lamp-green.jpg"),
    ("duck", "products/lion-rock-trading/bath-duck.jpg"),
    ("bowl", "products/star-ferry-mart/rice-bowl-waves.jpg"),
    ("mug-blue", "products/star-ferry-mart/mug-plain-blue.jpg"),
    ("kettle-red", "products/star-ferry-mart/kettle-red.jpg"),
    ("caddy-open", "products/star-ferry-mart/茶葉罐 鐵觀音 開蓋.jpg"),
    ("headphones-white", "products/peak-home/headphones-white.jpg"),
)
DISTRICTS = ("central-and-western", "wan-chai", "sha-tin")
VENDORS = ("示例置業有限公司", "模擬地產有限公司", "試驗物業有限公司", "假設投資有限公司",
           "虛構建設有限公司")
BUYERS = ("樣本發展有限公司", "範例企業有限公司", "例子貿易有限公司", "測試控股有限公司",
          "示範實業有限公司",
          "舉例國際有限公司", "參考集團有限公司")
STREETS = ("上環示範街", "灣仔樣本道", "沙田範例路", "中環例子里", "銅鑼灣測試街", "大圍示例徑")
MEMBERS = (  # folder, name, Chinese name, number, since, colour, address
    ("C-10417", "CHAN SAMPLE", "陳樣本", "BR 104 172", "2026-02-11", (22, 84, 98),
     "示範邨範例樓 12 樓 08 室"),
    ("C-10582", "LEE EXAMPLE", "李示例", "BR 105 826", "2025-11-30", (122, 34, 44),
     "樣本花園第 3 座 21 樓 C 室"),
    ("C-10733", "WONG SPECIMEN", "黃範例", "BR 107 339", "2026-01-19", (44, 62, 116),
     "例子大廈 7 樓 B 室"),
    ("C-10890", "HO TRIAL", "何試驗", "BR 108 904", "2024-08-05", (40, 92, 58),
     "測試苑測安閣 30 樓 05 室"),
    ("C-10981", "CHEUNG MOCK", "張模擬", "BR 109 813", "2026-06-27", (92, 62, 108),
     "參考村 42 號地下"),
)


def records() -> list[dict[str, str]]:
    """Twelve records; the sixth repeats the fifth but for the consideration."""
    out: list[dict[str, str]] = []
    for i in range(12):
        day, month = 3 + i * 7 % 24, 1 + i * 5 % 9
        out.append({
            "memorial": f"26{month:02d}{day:02d}0{870 + i * 37:04d}00{i % 9 + 1}",
            "lot": f"示例內地段第 {1204 + i * 173} 號" + ("餘段" if i % 3 else " A 分段"),
            "address": f"{STREETS[i % 6]} {18 + i * 11} 號 {3 + i * 5 % 27} 樓 "
                       f"{'ABCDEF'[i % 6]} 室",
            "nature": "轉讓契 Assignment", "dated": f"2026 年 {month} 月 {max(1, day - 2)} 日",
            "vendor": VENDORS[i % 5], "purchaser": BUYERS[i % 7],
            "price": f"HK$ {4_180_000 + i * 1_370_000 % 9_000_000:,}.00",
            "lodged": f"2026-{month:02d}-{day:02d}",
            "agent": ("範例律師行", "示例律師事務所", "樣本律師行")[i % 3],
        })
    out[4]["price"] = "HK$ 8,280,000.00"
    out[5] = out[4] | {"price": "HK$ 8,820,000.00"}
    return out
