"""Names, ordinals, long formats and week rules of languages, as Moment.js 2.30.1 has them (read 2026-11).

Neither the C library nor CLDR says the same: `ddd` is `Mi.` in German, week 1 of China is the ISO one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from vaultsync.periods import WeekRule

Ordinal = Callable[[int, str], str]
"""Number and the token it stands for (`M`, `D`, `DDD`, `d`, `w`, `W`, `Q`, `y`) -> text."""
HalfDay = Callable[[int, int, bool], str]
"""Hour, minute, lower case wanted -> am or pm."""
Cases = tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]
"""Names to use instead where the whole format matches; the first match counts."""

Eras = tuple[tuple[str, int, str, str, str], ...]
"""First day, year before the first, short name, name, sign; latest first."""


@dataclass(frozen=True, slots=True)
class Locale:
    """What a Moment.js locale contributes to a formatted date."""

    name: str
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    weekdays: tuple[str, ...]
    """From Sunday."""
    weekdays_short: tuple[str, ...]
    weekdays_min: tuple[str, ...]
    long: dict[str, str]
    """`LT`, `LTS`, `L` to `LLLL`, and `l` to `llll` where they are not derived."""
    week: WeekRule
    ordinal: Ordinal
    half_day: HalfDay
    months_cases: Cases = ()
    months_short_cases: Cases = ()
    weekdays_cases: Cases = ()
    eras: Eras = ()

    def with_week_start(self, dow: int | None) -> Locale:
        """The same with another first day of the week (0 Sunday), as the Calendar plugin does it."""
        return self if dow is None else replace(self, week=WeekRule(dow, self.week.doy))


# --- ordinals ----------------------------------------------------------------------------------


def _english(n: int, _: str) -> str:
    teen = n % 100 // 10 == 1
    return f"{n}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _dot(n: int, _: str) -> str:
    return f"{n}."


def _plain(n: int, _: str) -> str:
    return f"{n}"


def _masculine(n: int, _: str) -> str:
    return f"{n}º"


def _french(n: int, token: str) -> str:
    if n == 1:
        return "1re" if token in "wW" else "1er"
    return f"{n}" if token == "D" else f"{n}e"


def _french_canadian(n: int, token: str) -> str:
    return f"{n}e" if n != 1 else _french(n, token)


def _dutch(n: int, _: str) -> str:
    return f"{n}ste" if n in (1, 8) or n >= 20 else f"{n}de"


def _swedish(n: int, _: str) -> str:
    return f"{n}:a" if n % 10 in (1, 2) and n % 100 // 10 != 1 else f"{n}:e"


def _russian(n: int, token: str) -> str:
    return f"{n}{_by_token(token, '-й', '-го', '-й', '-я')}"


def _ukrainian(n: int, token: str) -> str:
    return f"{n}{_by_token(token, '-й', '-го', '-й', '-й')}"


def _turkish(n: int, token: str) -> str:
    if token in ("d", "D"):
        return f"{n}"
    ones, tens = n % 10, n % 100 - n % 10
    ends = {1: "inci", 2: "nci", 3: "üncü", 4: "üncü", 5: "inci", 6: "ncı", 7: "nci", 8: "inci", 9: "uncu"}
    ends |= {10: "uncu", 20: "nci", 30: "uncu", 50: "nci", 60: "ıncı", 70: "inci", 80: "inci", 90: "ıncı"}
    if n == 0:
        return "0'ıncı"
    end = ends.get(ones) or ends.get(tens) or (n >= 100 and "üncü")
    return f"{n}'{end}" if end else "NaN"  # Moment has no ending for 40, and its file names show it


def _japanese(n: int, token: str) -> str:
    if token == "y":
        return "元年" if n == 1 else f"{n}年"
    return f"{n}{_by_token(token, '日', '日')}"


def _korean(n: int, token: str) -> str:
    return f"{n}{_by_token(token, '일', '일', '월', '주')}"


def _chinese(n: int, token: str) -> str:
    return f"{n}{_by_token(token, '日', '日', '月', '周')}"


def _taiwanese(n: int, token: str) -> str:
    return f"{n}{_by_token(token, '日', '日', '月', '週')}"


def _by_token(token: str, weekday: str, day: str, month: str = "", week: str = "") -> str:
    return {"d": weekday, "DDD": weekday, "D": day, "M": month, "w": week, "W": week}.get(token, "")


# --- halves of the day -------------------------------------------------------------------------


def _halves(am: str, pm: str, lower_am: str | None = None, lower_pm: str | None = None) -> HalfDay:
    def half(hour: int, _: int, lower: bool) -> str:
        if hour < 12:
            return lower_am or am if lower else am
        return lower_pm or pm if lower else pm

    return half


def _hours(*parts: tuple[int, str]) -> HalfDay:
    """Names by the time as a number, hour and minute: 1130 is half past eleven."""

    def part(hour: int, minute: int, _: bool) -> str:
        now = hour * 100 + minute
        return next(name for end, name in parts if now < end)

    return part


# --- the table ---------------------------------------------------------------------------------

_DAY_THEN_MONTH = re.compile(r"D[oD]?(\[[^\[\]]*\]|\s)+MMMM?")
_BETWEEN_DASHES = re.compile(r"-MMM-")
_AM_PM = _halves("AM", "PM", "am", "pm")
_CHINESE_HOURS = _hours(
    (600, "凌晨"), (900, "早上"), (1130, "上午"), (1230, "中午"), (1800, "下午"), (2400, "晚上")
)


def _locale(
    name: str,
    months: str,
    short: str,
    days: tuple[str, str, str],
    long: str,
    week: tuple[int, int],
    ordinal: Ordinal = _english,
    half_day: HalfDay = _AM_PM,
    months_cases: Cases = (),
    months_short_cases: Cases = (),
    weekdays_cases: Cases = (),
    eras: Eras = (),
) -> Locale:
    return Locale(
        name,
        tuple(months.split()),
        tuple(short.split()),
        tuple(days[0].split()),
        tuple(days[1].split()),
        tuple(days[2].split()),
        _long(long),
        WeekRule(*week),
        ordinal,
        half_day,
        months_cases,
        months_short_cases,
        weekdays_cases,
        eras,
    )


def _long(formats: str) -> dict[str, str]:
    return dict(
        zip(
            ("LT", "LTS", "L", "LL", "LLL", "LLLL", "l", "ll", "lll", "llll"),
            formats.split("|"),
            strict=False,
        )
    )


def _like(base: Locale, name: str, long: str, week: tuple[int, int]) -> Locale:
    return replace(base, name=name, long=_long(long), week=WeekRule(*week))


def _case(pattern: str | re.Pattern[str], names: str) -> Cases:
    return ((re.compile(pattern), tuple(names.split())),)


_EN = _locale(
    "en",
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    (
        "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
        "Sun Mon Tue Wed Thu Fri Sat",
        "Su Mo Tu We Th Fr Sa",
    ),
    "h:mm A|h:mm:ss A|MM/DD/YYYY|MMMM D, YYYY|MMMM D, YYYY h:mm A|dddd, MMMM D, YYYY h:mm A",
    (0, 6),
)
_EN_12 = "h:mm A|h:mm:ss A|DD/MM/YYYY|D MMMM YYYY|D MMMM YYYY h:mm A|dddd, D MMMM YYYY h:mm A"
_EN_24 = "HH:mm|HH:mm:ss|DD/MM/YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd, D MMMM YYYY HH:mm"
_DE = _locale(
    "de",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "Jan. Feb. März Apr. Mai Juni Juli Aug. Sep. Okt. Nov. Dez.",
    (
        "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
        "So. Mo. Di. Mi. Do. Fr. Sa.",
        "So Mo Di Mi Do Fr Sa",
    ),
    "HH:mm|HH:mm:ss|DD.MM.YYYY|D. MMMM YYYY|D. MMMM YYYY HH:mm|dddd, D. MMMM YYYY HH:mm",
    (1, 4),
    _dot,
)
_FR = _locale(
    "fr",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    (
        "dimanche lundi mardi mercredi jeudi vendredi samedi",
        "dim. lun. mar. mer. jeu. ven. sam.",
        "di lu ma me je ve sa",
    ),
    "HH:mm|HH:mm:ss|DD/MM/YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd D MMMM YYYY HH:mm",
    (1, 4),
    _french,
)
_JA_MONTHS = "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月"
_ZH_MONTHS = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"
_ZH_DAYS = "星期日 星期一 星期二 星期三 星期四 星期五 星期六"

_TABLE = (
    _EN,
    _like(_EN, "en-gb", _EN_24, (1, 4)),
    _like(_EN, "en-au", _EN_12, (0, 4)),
    _like(
        _EN,
        "en-ca",
        "h:mm A|h:mm:ss A|YYYY-MM-DD|MMMM D, YYYY|MMMM D, YYYY h:mm A|dddd, MMMM D, YYYY h:mm A",
        (0, 6),
    ),
    _like(_EN, "en-in", _EN_12, (0, 6)),
    _like(_EN, "en-ie", _EN_24.replace("dddd,", "dddd"), (1, 4)),
    _like(_EN, "en-nz", _EN_12, (1, 4)),
    _DE,
    replace(
        _DE,
        name="de-at",
        months=("Jänner", *_DE.months[1:]),
        months_short=("Jän.", *_DE.months_short[1:]),
    ),
    replace(_DE, name="de-ch", weekdays_short=_DE.weekdays_min),
    _FR,
    replace(
        _FR,
        name="fr-ca",
        long=_FR.long | {"L": "YYYY-MM-DD"},
        week=WeekRule(0, 6),
        ordinal=_french_canadian,
    ),
    _locale(
        "es",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene. feb. mar. abr. may. jun. jul. ago. sep. oct. nov. dic.",
        (
            "domingo lunes martes miércoles jueves viernes sábado",
            "dom. lun. mar. mié. jue. vie. sáb.",
            "do lu ma mi ju vi sá",
        ),
        "H:mm|H:mm:ss|DD/MM/YYYY|D [de] MMMM [de] YYYY|D [de] MMMM [de] YYYY H:mm"
        "|dddd, D [de] MMMM [de] YYYY H:mm",
        (1, 4),
        _masculine,
        months_short_cases=_case(_BETWEEN_DASHES, "ene feb mar abr may jun jul ago sep oct nov dic"),
    ),
    _locale(
        "it",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        (
            "domenica lunedì martedì mercoledì giovedì venerdì sabato",
            "dom lun mar mer gio ven sab",
            "do lu ma me gi ve sa",
        ),
        "HH:mm|HH:mm:ss|DD/MM/YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd D MMMM YYYY HH:mm",
        (1, 4),
        _masculine,
    ),
    _locale(
        "pt",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        (
            "Domingo Segunda-feira Terça-feira Quarta-feira Quinta-feira Sexta-feira Sábado",
            "Dom Seg Ter Qua Qui Sex Sáb",
            "Do 2ª 3ª 4ª 5ª 6ª Sá",
        ),
        "HH:mm|HH:mm:ss|DD/MM/YYYY|D [de] MMMM [de] YYYY|D [de] MMMM [de] YYYY HH:mm"
        "|dddd, D [de] MMMM [de] YYYY HH:mm",
        (1, 4),
        _masculine,
    ),
    _locale(
        "pt-br",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        (
            "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
            "dom seg ter qua qui sex sáb",
            "do 2ª 3ª 4ª 5ª 6ª sá",
        ),
        "HH:mm|HH:mm:ss|DD/MM/YYYY|D [de] MMMM [de] YYYY|D [de] MMMM [de] YYYY [às] HH:mm"
        "|dddd, D [de] MMMM [de] YYYY [às] HH:mm",
        (0, 6),
        _masculine,
    ),
    _locale(
        "nl",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
        (
            "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
            "zo. ma. di. wo. do. vr. za.",
            "zo ma di wo do vr za",
        ),
        "HH:mm|HH:mm:ss|DD-MM-YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd D MMMM YYYY HH:mm",
        (1, 4),
        _dutch,
        months_short_cases=_case(_BETWEEN_DASHES, "jan feb mrt apr mei jun jul aug sep okt nov dec"),
    ),
    _locale(
        "sv",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        (
            "söndag måndag tisdag onsdag torsdag fredag lördag",
            "sön mån tis ons tor fre lör",
            "sö må ti on to fr lö",
        ),
        "HH:mm|HH:mm:ss|YYYY-MM-DD|D MMMM YYYY|D MMMM YYYY [kl.] HH:mm|dddd D MMMM YYYY [kl.] HH:mm"
        "|YYYY-M-D|D MMM YYYY|D MMM YYYY HH:mm|ddd D MMM YYYY HH:mm",
        (1, 4),
        _swedish,
    ),
    _locale(
        "da",
        "januar februar marts april maj juni juli august september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
        (
            "søndag mandag tirsdag onsdag torsdag fredag lørdag",
            "søn man tir ons tor fre lør",
            "sø ma ti on to fr lø",
        ),
        "HH:mm|HH:mm:ss|DD.MM.YYYY|D. MMMM YYYY|D. MMMM YYYY HH:mm|dddd [d.] D. MMMM YYYY [kl.] HH:mm",
        (1, 4),
        _dot,
    ),
    _locale(
        "nb",
        "januar februar mars april mai juni juli august september oktober november desember",
        "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.",
        (
            "søndag mandag tirsdag onsdag torsdag fredag lørdag",
            "sø. ma. ti. on. to. fr. lø.",
            "sø ma ti on to fr lø",
        ),
        "HH:mm|HH:mm:ss|DD.MM.YYYY|D. MMMM YYYY|D. MMMM YYYY [kl.] HH:mm|dddd D. MMMM YYYY [kl.] HH:mm",
        (1, 4),
        _dot,
    ),
    _locale(
        "fi",
        "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu"
        " heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu",
        "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
        (
            "sunnuntai maanantai tiistai keskiviikko torstai perjantai lauantai",
            "su ma ti ke to pe la",
            "su ma ti ke to pe la",
        ),
        "HH.mm|HH.mm.ss|DD.MM.YYYY|Do MMMM[ta] YYYY|Do MMMM[ta] YYYY, [klo] HH.mm"
        "|dddd, Do MMMM[ta] YYYY, [klo] HH.mm|D.M.YYYY|Do MMM YYYY|Do MMM YYYY, [klo] HH.mm"
        "|ddd, Do MMM YYYY, [klo] HH.mm",
        (1, 4),
        _dot,
    ),
    _locale(
        "pl",
        "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
        (
            "niedziela poniedziałek wtorek środa czwartek piątek sobota",
            "ndz pon wt śr czw pt sob",
            "Nd Pn Wt Śr Cz Pt So",
        ),
        "HH:mm|HH:mm:ss|DD.MM.YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd, D MMMM YYYY HH:mm",
        (1, 4),
        _dot,
        months_cases=_case(
            "D MMMM",
            "stycznia lutego marca kwietnia maja czerwca"
            " lipca sierpnia września października listopada grudnia",
        ),
    ),
    _locale(
        "cs",
        "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
        "led úno bře dub kvě čvn čvc srp zář říj lis pro",
        ("neděle pondělí úterý středa čtvrtek pátek sobota", "ne po út st čt pá so", "ne po út st čt pá so"),
        "H:mm|H:mm:ss|DD.MM.YYYY|D. MMMM YYYY|D. MMMM YYYY H:mm|dddd D. MMMM YYYY H:mm|D. M. YYYY",
        (1, 4),
        _dot,
        months_cases=_case(
            r"DD?[o.]?(\[[^\[\]]*\]|\s)+MMMM",
            "ledna února března dubna května června července srpna září října listopadu prosince",
        ),
    ),
    _locale(
        "ru",
        "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
        "янв. февр. март апр. май июнь июль авг. сент. окт. нояб. дек.",
        (
            "воскресенье понедельник вторник среда четверг пятница суббота",
            "вс пн вт ср чт пт сб",
            "вс пн вт ср чт пт сб",
        ),
        "H:mm|H:mm:ss|DD.MM.YYYY|D MMMM YYYY г.|D MMMM YYYY г., H:mm|dddd, D MMMM YYYY г., H:mm",
        (1, 4),
        _russian,
        _hours((400, "ночи"), (1200, "утра"), (1700, "дня"), (2400, "вечера")),
        months_cases=_case(
            _DAY_THEN_MONTH,
            "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        ),
        months_short_cases=_case(
            _DAY_THEN_MONTH, "янв. февр. мар. апр. мая июня июля авг. сент. окт. нояб. дек."
        ),
        weekdays_cases=_case(
            r"\[ ?[Вв] ?(?:прошлую|следующую|эту)? ?\] ?dddd",
            "воскресенье понедельник вторник среду четверг пятницу субботу",
        ),
    ),
    _locale(
        "uk",
        "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",
        "січ лют бер квіт трав черв лип серп вер жовт лист груд",
        (
            "неділя понеділок вівторок середа четвер п’ятниця субота",
            "нд пн вт ср чт пт сб",
            "нд пн вт ср чт пт сб",
        ),
        "HH:mm|HH:mm:ss|DD.MM.YYYY|D MMMM YYYY р.|D MMMM YYYY р., HH:mm|dddd, D MMMM YYYY р., HH:mm",
        (1, 7),
        _ukrainian,
        _hours((400, "ночі"), (1200, "ранку"), (1700, "дня"), (2400, "вечора")),
        months_cases=_case(
            _DAY_THEN_MONTH,
            "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
        ),
        weekdays_cases=_case(r"(\[[ВвУу]\]) ?dddd", "неділю понеділок вівторок середу четвер п’ятницю суботу")
        + _case(
            r"\[?(?:минулої|наступної)? ?\] ?dddd",
            "неділі понеділка вівторка середи четверга п’ятниці суботи",
        ),
    ),
    _locale(
        "tr",
        "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
        "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
        (
            "Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi",
            "Paz Pzt Sal Çar Per Cum Cmt",
            "Pz Pt Sa Ça Pe Cu Ct",
        ),
        "HH:mm|HH:mm:ss|DD.MM.YYYY|D MMMM YYYY|D MMMM YYYY HH:mm|dddd, D MMMM YYYY HH:mm",
        (1, 7),
        _turkish,
        _halves("ÖÖ", "ÖS", "öö", "ös"),
    ),
    _locale(
        "ja",
        _JA_MONTHS,
        _JA_MONTHS,
        ("日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日", "日 月 火 水 木 金 土", "日 月 火 水 木 金 土"),
        "HH:mm|HH:mm:ss|YYYY/MM/DD|YYYY年M月D日|YYYY年M月D日 HH:mm|YYYY年M月D日 dddd HH:mm"
        "|YYYY/MM/DD|YYYY年M月D日|YYYY年M月D日 HH:mm|YYYY年M月D日(ddd) HH:mm",
        (0, 6),
        _japanese,
        _halves("午前", "午後"),
        eras=(("2019-05-01", 2018, "R", "令和", "㋿"), ("1989-01-08", 1988, "H", "平成", "㍻")),
    ),
    _locale(
        "ko",
        "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
        "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
        ("일요일 월요일 화요일 수요일 목요일 금요일 토요일", "일 월 화 수 목 금 토", "일 월 화 수 목 금 토"),
        "A h:mm|A h:mm:ss|YYYY.MM.DD.|YYYY년 MMMM D일|YYYY년 MMMM D일 A h:mm|YYYY년 MMMM D일 dddd A h:mm"
        "|YYYY.MM.DD.|YYYY년 MMMM D일|YYYY년 MMMM D일 A h:mm|YYYY년 MMMM D일 dddd A h:mm",
        (0, 6),
        _korean,
        _halves("오전", "오후"),
    ),
    _locale(
        "zh-cn",
        _ZH_MONTHS,
        _JA_MONTHS,
        (_ZH_DAYS, "周日 周一 周二 周三 周四 周五 周六", "日 一 二 三 四 五 六"),
        "HH:mm|HH:mm:ss|YYYY/MM/DD|YYYY年M月D日|YYYY年M月D日Ah点mm分|YYYY年M月D日ddddAh点mm分"
        "|YYYY/M/D|YYYY年M月D日|YYYY年M月D日 HH:mm|YYYY年M月D日dddd HH:mm",
        (1, 4),
        _chinese,
        _CHINESE_HOURS,
    ),
    _locale(
        "zh-tw",
        _ZH_MONTHS,
        _JA_MONTHS,
        (_ZH_DAYS, "週日 週一 週二 週三 週四 週五 週六", "日 一 二 三 四 五 六"),
        "HH:mm|HH:mm:ss|YYYY/MM/DD|YYYY年M月D日|YYYY年M月D日 HH:mm|YYYY年M月D日dddd HH:mm"
        "|YYYY/M/D|YYYY年M月D日|YYYY年M月D日 HH:mm|YYYY年M月D日dddd HH:mm",
        (0, 6),
        _taiwanese,
        _CHINESE_HOURS,
    ),
    _locale(
        "hu",
        "január február március április május június július augusztus szeptember október november december",
        "jan. feb. márc. ápr. máj. jún. júl. aug. szept. okt. nov. dec.",
        (
            "vasárnap hétfő kedd szerda csütörtök péntek szombat",
            "vas hét kedd sze csüt pén szo",
            "v h k sze cs p szo",
        ),
        "H:mm|H:mm:ss|YYYY.MM.DD.|YYYY. MMMM D.|YYYY. MMMM D. H:mm|YYYY. MMMM D., dddd H:mm",
        (1, 4),
        _dot,
        _halves("DE", "DU", "de", "du"),
    ),
    _locale(
        "ro",
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
        "ian. feb. mart. apr. mai iun. iul. aug. sept. oct. nov. dec.",
        (
            "duminică luni marți miercuri joi vineri sâmbătă",
            "Dum Lun Mar Mie Joi Vin Sâm",
            "Du Lu Ma Mi Jo Vi Sâ",
        ),
        "H:mm|H:mm:ss|DD.MM.YYYY|D MMMM YYYY|D MMMM YYYY H:mm|dddd, D MMMM YYYY H:mm",
        (1, 7),
        _plain,
    ),
)
LOCALES: dict[str, Locale] = {entry.name: entry for entry in _TABLE}
ENGLISH = LOCALES["en"]


def find_locale(name: str) -> Locale | None:
    """Find a locale by a name as Moment or the system writes it: `en-gb`, `en_GB.UTF-8`, `de-DE`, `zh`.

    Returns:
        The exact one, else the one of the language alone, else None.
    """
    key = name.split(".")[0].split("@")[0].strip().replace("_", "-").lower()
    key = {"no": "nb", "nn": "nb", "zh": "zh-cn", "zh-hans": "zh-cn", "zh-hant": "zh-tw"}.get(key, key)
    while key and key not in LOCALES:
        key = key.rpartition("-")[0]
    return LOCALES.get(key)
