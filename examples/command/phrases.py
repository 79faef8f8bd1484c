"""How numbers, times and slips of the tongue are said and written."""

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen").split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
DIGITS = "零一二三四五六七八九"
# Neighbours on a keyboard, for typos.
NEAR = {"a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
        "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
        "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x"}


def pick(rng, pool):
    return pool[int(rng.random() * len(pool))]


def english(rng, n):
    """n (0 to 399) in English words."""
    if n >= 100:
        head = pick(rng, ["a hundred", "one hundred"]) if n < 200 else ONES[n // 100] + " hundred"
        return head + (pick(rng, [" and ", " "]) + english(rng, n % 100) if n % 100 else "")
    if n < 20:
        return ONES[n]
    return TENS[n // 10] + (pick(rng, [" ", " ", "-"]) + ONES[n % 10] if n % 10 else "")


def chinese(n):
    """n (0 to 399) in Chinese numerals."""
    if n >= 100:
        rest = n % 100
        tail = "" if not rest else "零" + DIGITS[rest] if rest < 10 else \
            chinese(rest) if rest >= 20 else "一" + chinese(rest)
        return DIGITS[n // 100] + "百" + tail
    if n < 10:
        return DIGITS[n]
    return ("" if n < 20 else DIGITS[n // 10]) + "十" + (DIGITS[n % 10] if n % 10 else "")


def english_value(rng, n, unit, units):
    if unit == "percent" and n == 50 and rng.random() < 0.2:
        return "half"
    number = str(n) if rng.random() < 0.4 else english(rng, n)
    suffix = pick(rng, units[unit])
    return number + (suffix.replace("%", " percent") if not number.isdigit() else suffix)


def chinese_value(rng, n, unit):
    if unit == "percent" and n == 50 and rng.random() < 0.2:
        return "一半"
    number = str(n) if rng.random() < 0.35 else chinese(n)
    if unit == "degrees":
        return number + pick(rng, ["度", "度", "摄氏度", ""])
    share = rng.random()
    if number.isdigit():
        return number + ("%" if share < 0.6 else "")
    return ("百分之" if share < 0.6 else "") + number


def english_clock(rng):
    hour, minute = 1 + int(rng.random() * 12), pick(rng, [0, 0, 0, 30, 30, 15, 45, 5, 10, 20, 25, 40, 50])
    half = pick(rng, ["", "", "am", "pm"])
    said = str(hour) if rng.random() < 0.4 else english(rng, hour)
    if said.isdigit() and minute:
        text = "%s:%02d" % (said, minute)
    elif minute == 30 and rng.random() < 0.4:
        text = "half past " + said
    elif minute == 15 and rng.random() < 0.5:
        text = "quarter past " + said
    elif minute == 45 and rng.random() < 0.5:
        text = "quarter to " + (english(rng, hour % 12 + 1))
    elif minute:
        text = said + " " + ("oh " if minute < 10 else "") + english(rng, minute)
    else:
        text = said + pick(rng, ["", "", " o'clock", " oclock"])
    if half == "am":
        text += pick(rng, [" am", " in the morning", " a m"])
    if half == "pm":
        text += pick(rng, [" pm", " in the evening", " in the afternoon", " p m"])
    if half == "am" and hour == 12:
        hour = 0
    if half == "pm" and hour < 12:
        hour += 12
    if rng.random() < 0.06:
        text, hour, minute = pick(rng, [("noon", 12, 0), ("midnight", 0, 0)])
    return "at " + text, "at %02d:%02d" % (hour, minute)


def chinese_clock(rng):
    hour, minute = 1 + int(rng.random() * 12), pick(rng, [0, 0, 0, 30, 30, 15, 45, 5, 10, 20, 25, 40, 50])
    half = pick(rng, ["", "", "am", "pm"])
    if hour == 12:
        half = ""
    said = str(hour) if rng.random() < 0.35 else ("两" if hour == 2 else chinese(hour))
    if said.isdigit() and minute and rng.random() < 0.5:
        text = "%s:%02d" % (said, minute)
    elif minute == 30 and rng.random() < 0.6:
        text = said + "点半"
    elif minute == 15 and rng.random() < 0.5:
        text = said + "点一刻"
    elif minute == 45 and rng.random() < 0.5:
        text = said + "点三刻"
    elif minute:
        number = str(minute) if said.isdigit() else ("零" if minute < 10 else "") + chinese(minute)
        text = said + "点" + number + pick(rng, ["分", ""])
    else:
        text = said + "点" + pick(rng, ["", "", "钟"])
    if half == "am":
        text = pick(rng, ["早上", "上午"]) + text
    if half == "pm":
        text = pick(rng, ["下午", "晚上"]) + text
        hour += 12
    return text, "at %02d:%02d" % (hour, minute)


def delay(rng):
    """A number of seconds, minutes or hours: (number, unit)."""
    unit = pick(rng, "mmmmhhs")
    return (pick(rng, [1, 2, 3, 4, 5, 6, 8, 10, 12, 24]) if unit == "h" else
            pick(rng, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 55]), unit)


def english_delay(rng):
    if rng.random() < 0.08:
        return "half an hour", "30m"
    if rng.random() < 0.05:
        return "an hour", "1h"
    n, unit = delay(rng)
    word = {"s": "second", "m": "minute", "h": "hour"}[unit] + ("" if n == 1 else "s")
    return "%s %s" % (n if rng.random() < 0.4 else english(rng, n), word), "%d%s" % (n, unit)


def chinese_delay(rng):
    if rng.random() < 0.1:
        return pick(rng, ["半小时", "半个小时"]), "30m"
    n, unit = delay(rng)
    word = {"s": ["秒", "秒钟"], "m": ["分钟"], "h": ["小时", "个小时"]}[unit]
    said = str(n) if rng.random() < 0.35 else ("两" if n == 2 else chinese(n))
    return said + pick(rng, word), "%d%s" % (n, unit)


def misspell(rng, word):
    """One slip in a word of letters: swapped, dropped, doubled or wrong key."""
    at = 1 + int(rng.random() * (len(word) - 2))
    kind = int(rng.random() * 4)
    if kind == 0 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    if kind == 1:
        return word[:at] + word[at + 1:]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + pick(rng, NEAR.get(word[at], word[at])) + word[at + 1:]
