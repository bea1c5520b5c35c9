"""Made-up records on printed forms in Traditional Chinese: what stands on each sheet.

Every third sheet repeats the one before it but for one field (of those, every fourth but for one
character): other records, however alike. The two halves share neither template nor seed.
No register, person or company in them exists.
"""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tests.bench.labelled.transforms import Random

# Of the sheets that repeat another, every so many differ in one character only.
CHARACTER_EVERY: Final = 4

HAN: Final = "山川林泉雲石松竹梅蘭海江湖田園春秋明光華安康和平永昌隆盛豐裕達源長青文德仁義禮信"
FAMILY: Final = "陳林黃張李王吳劉蔡楊何鄭謝郭洪曾邱廖賴周徐蘇葉莊呂江羅高潘簡朱鍾游彭詹胡施沈余"
STREETS: Final = ("示範大道", "樣本街", "例行道", "格式徑", "表格里", "範本路", "試驗巷", "空白街")
TOWNS: Final = ("東示區", "西示區", "南樣鎮", "北樣鎮", "中例市", "新例鄉")
NATURES: Final = ("轉讓契", "按揭契", "租約", "解除按揭", "更正契", "贈與契", "信託聲明", "分割契")


# The pieces of a value: words as they are, a number of a range, one of several words.
Piece = str | range | tuple[str, ...]
DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHKLMNPRSTVWXYZ"
VALUES: Final[dict[str, tuple[Piece, ...]]] = {
    "number": (range(10, 99), range(10, 32), range(10**7, 10**8)),
    "lot": ("DD ", range(1, 400), " LOT ", range(1, 9999), " RP"),
    "address": (TOWNS, STREETS, range(1, 400), "號", range(1, 40), "樓", tuple(LETTERS[:8]), "室"),
    "nature": (NATURES,),
    "date": ("20", range(10, 27), "年", range(1, 13), "月", range(1, 29), "日"),
    "person": (tuple(FAMILY), tuple(HAN), tuple(HAN)),
    "firm": (tuple(HAN), tuple(HAN), ("測量", "物業", "代書", "貿易", "工程"), "有限公司"),
    "money": ("$", range(10, 9999), ",", range(100, 1000), ".00"),
    "identity": (tuple(LETTERS[:8]), range(10**5, 10**6), "(", range(10), ")"),
    "phone": (range(2000, 9999), " ", range(1000, 9999)),
    "area": (range(10, 999), ".", range(10, 100)),
    "rate": ("百分之", range(1, 9), ".", range(10, 100)),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A printed form: its words, the kinds of its fields, and how it is laid out.

    layout: `table` (label, value), `pairs` (two fields a row) or `lines` (values on dotted lines).
    typed: filled in by machine instead of by hand. scanned: paper on a scanner, otherwise saved
    by the program that filled it in.
    """

    name: str
    title: str
    office: str
    fields: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    layout: str
    typed: bool
    scanned: bool
    colour: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record on one template; `look` seeds its stamp, its signature and its first scan."""

    template: Template
    values: tuple[str, ...]
    look: int
    scan: int


_DEED: Final = (
    ("註冊摘要編號", "number"),
    ("地段編號", "lot"),
    ("物業地址", "address"),
    ("文書性質", "nature"),
    ("文書日期", "date"),
    ("讓與人", "person"),
    ("承讓人", "person"),
    ("代價", "money"),
    ("交付日期", "date"),
    ("提交人", "firm"),
)
_SEARCH: Final = (
    ("查冊編號", "number"),
    ("申請人姓名", "person"),
    ("身分證明文件號碼", "identity"),
    ("聯絡電話", "phone"),
    ("土地地號", "lot"),
    ("門牌", "address"),
    ("面積（平方公尺）", "area"),
    ("登記日期", "date"),
    ("規費", "money"),
    ("收件字號", "number"),
    ("代理人", "firm"),
    ("核發日期", "date"),
)
_LICENCE: Final = (
    ("商業登記號碼", "number"),
    ("業務名稱", "firm"),
    ("業務地址", "address"),
    ("負責人", "person"),
    ("證件號碼", "identity"),
    ("開業日期", "date"),
    ("資本額", "money"),
    ("有效期至", "date"),
)
_MORTGAGE: Final = (
    ("契據編號", "number"),
    ("抵押人", "person"),
    ("抵押權人", "firm"),
    ("擔保債權總金額", "money"),
    ("利率（年息）", "rate"),
    ("清償日期", "date"),
    ("不動產標示", "lot"),
    ("建物門牌", "address"),
    ("建物面積", "area"),
    ("登記原因", "nature"),
    ("聯絡電話", "phone"),
)
_NOTES: Final = (
    "茲證明上列各項與所附文書相符，並依規定遞交本處。如有錯漏，申請人須於十四日內",
    "以書面通知更正，並繳付訂明之費用。本表一經登記，即成為公開紀錄之一部分。",
    "填表須知：一、請以正楷填寫，空格內劃上斜線。二、塗改處須由申請人簽署。",
    "三、所收集之資料只用於登記及查閱，逾期未領之文件依規定處理。",
    "四、本表格為樣本，並非任何機關之真實文件，不具任何效力。",
)

TEMPLATES: Final[dict[str, tuple[Template, ...]]] = {
    "tune": (
        Template(
            *("deed", "註冊摘要", "示例土地註冊處", _DEED, _NOTES[:3], "table"),
            typed=False,
            scanned=True,
            colour=False,
        ),
        Template(
            *("search", "登記簿查閱申請書", "樣本地政事務所", _SEARCH, _NOTES[1:4], "pairs"),
            typed=True,
            scanned=True,
            colour=True,
        ),
        Template(
            *("licence", "商業登記證明", "範例工商登記署", _LICENCE, _NOTES[2:], "lines"),
            typed=True,
            scanned=False,
            colour=True,
        ),
    ),
    "held-out": (
        Template(
            *("mortgage", "他項權利證明書", "中例市地政事務所", _MORTGAGE, _NOTES[:4], "pairs"),
            typed=True,
            scanned=True,
            colour=False,
        ),
        Template(
            *("firm", "業務設立申請表", "東示區商業登記處", _LICENCE[::-1], _NOTES[1:], "table"),
            typed=False,
            scanned=True,
            colour=True,
        ),
        Template(
            *("transfer", "轉讓備忘錄", "新例鄉土地登記站", _DEED[::-1], _NOTES[2:4], "lines"),
            typed=False,
            scanned=True,
            colour=False,
        ),
        Template(
            *("extract", "登記謄本", "北樣鎮登記中心", _SEARCH[::-1], _NOTES[:2], "table"),
            typed=True,
            scanned=False,
            colour=False,
        ),
    ),
}


def sheets(half: str, count: int, seed: int) -> Iterator[tuple[str, Sheet, str, str]]:
    """`count` sheets of the half's templates: name, sheet, and what it repeats but for what.

    The last two are empty for two sheets of three; else the name of the sheet before, and
    "one field" or "one character".
    """
    templates = TEMPLATES[half]
    random = np.random.default_rng([seed, sorted(TEMPLATES).index(half)])
    before: dict[str, tuple[str, Sheet]] = {}
    for number in range(count):
        template = templates[number // 3 % len(templates)]
        name = f"{template.name}-{number:04d}"
        scan = int(random.integers(1 << 31))
        if number % 3 == 2:
            other, sheet = before[template.name]
            small = number // 3 // len(templates) % CHARACTER_EVERY == 0
            changed = replace(sheet, values=_changed(sheet, random, small), scan=scan)
            yield name, changed, other, "one character" if small else "one field"
            continue
        values = tuple(_value(kind, random) for _label, kind in template.fields)
        sheet = Sheet(template, values, int(random.integers(1 << 31)), scan)
        before[template.name] = name, sheet
        yield name, sheet, "", ""


def _changed(sheet: Sheet, random: Random, small: bool) -> tuple[str, ...]:
    """The values with another one in one place, or with one other character."""
    place = int(random.integers(len(sheet.values)))
    old = new = sheet.values[place]
    while new == old:
        if small:
            at = int(random.choice([i for i, letter in enumerate(old) if letter.isalnum()]))
            new = old[:at] + _letter_like(old[at], random) + old[at + 1 :]
        else:
            new = _value(sheet.template.fields[place][1], random)
    return (*sheet.values[:place], new, *sheet.values[place + 1 :])


def _letter_like(letter: str, random: Random) -> str:
    pool = DIGITS if letter.isdigit() else LETTERS if letter.isascii() else HAN
    return pool[random.integers(len(pool))]


def _value(kind: str, random: Random) -> str:
    return "".join(_piece(piece, random) for piece in VALUES[kind])


def _piece(piece: Piece, random: Random) -> str:
    return piece if isinstance(piece, str) else str(piece[random.integers(len(piece))])
