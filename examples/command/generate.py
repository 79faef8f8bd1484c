#!/usr/bin/env python3
"""Writes the sentences that the command model learns from and is measured on.

    generate.py DIR                    writes DIR/train.tsv, dev.tsv, test.tsv
    generate.py DIR --check TEST.TSV   the same, and is TEST.TSV what it writes?

A line is a sentence, its command and what is new about it, with tabs between.
Three things are kept out of training: sentence templates (marked in
grammar.py), combinations of device, room and action, and of device, action and
number (one in eight, chosen by a hash), nouns and frames of sentences that are
no commands. Every test sentence has at least one of them; check() proves it
from what was really written, not from the marks.

Commands: DEVICE ROOM ACTION [NUMBER] [at HH:MM | in TIME | for TIME], or `none`.
ROOM is `here` if none was said, `everywhere` if all were.
"""
import argparse
import hashlib
import os
import random
import sys

import chatter
import grammar as g
import phrases as p
from phrases import pick

LONGEST = 95  # bytes of a sentence
TEST = {("en", False): 450, ("zh", False): 370, ("en", True): 100, ("zh", True): 80}
TIMED = {"on", "off", "open", "close", "lock", "unlock", "start", "stop", "pause", "mute", "unmute", "set", "to_up",
         "to_down"}
LASTING = {"on", "off", "open", "close", "start", "mute", "pause"}
PROTECTED = set(p.ONES + p.TENS + "hundred half past quarter dont don't never need hour hours not mute open".split())


def split_of(key):
    """Where a key may be used: hashes keep it the same in every run."""
    bucket = hashlib.sha256("|".join(map(str, key)).encode()).digest()[0]
    return "test" if bucket < 32 else "dev" if bucket < 46 else "train"


class Draft:
    """A sentence in the making: what it consists of and for whom it is."""

    def __init__(self, rng, language):
        self.rng, self.language, self.keys, self.splits = rng, language, set(), set()

    def note(self, *key):
        self.keys.add(key)
        self.splits.add(split_of(key))

    def template(self, kind, pool):
        """Draws a template; its mark says for which set it is."""
        text = pick(self.rng, pool)
        self.splits.add({"!": "test", "?": "dev"}.get(text[0], "train"))
        text = text[2:] if text[0] in "!?" else text
        self.keys.add((self.language + " template", kind, text))
        return text

    def chance(self, share):
        return self.rng.random() < share


def choose_command(draft):
    """Device, room, group of templates and action."""
    rng = draft.rng
    device = pick(rng, list(g.DEVICES) + ["light"])
    groups, unit, numbers, *_ = g.DEVICES[device]
    groups = groups + (["on", "off"] if "on" in groups else [])
    group = pick(rng, groups)
    labels = g.LIGHT_LABELS if device == "light" else g.LABELS
    share = rng.random()
    room = "here" if share < 0.2 else "everywhere" if share < 0.27 else pick(rng, list(g.ROOMS))
    if room == "everywhere" and group == "query":
        room = "here"
    return device, room, group, labels.get(group, group), unit, numbers


def english_thing(draft, device, room):
    """(what a template's {d} becomes, words before, words after the clause)."""
    rng = draft.rng
    words, plurals = g.DEVICES[device][3], g.DEVICES[device][4]
    the = "" if device == "everything" else pick(rng, ["the ", "the ", "the ", "my ", ""])
    word = pick(rng, words)
    if room == "here":
        return the + word, "", ""
    if room == "everywhere":
        house = pick(rng, ["", " in the house", " everywhere", " at home", " in every room"])
        if device == "everything":
            return word + pick(rng, [" in the house", " everywhere", " at home", " in every room"]), "", ""
        if not plurals or draft.chance(0.15):
            return pick(rng, ["every ", "each "]) + words[0].rstrip("s") + house, "", ""
        return pick(rng, ["all ", "all the ", "all of the "]) + pick(rng, plurals) + house, "", ""
    preposition, rooms, _ = g.ROOMS[room]
    place = pick(rng, rooms)
    where = preposition + pick(rng, [" the ", " the ", " my ", " our "]) + place
    share = rng.random()
    if device != "everything" and share < 0.55:
        return (the or pick(rng, ["", "the "])) + place + " " + word, "", ""
    if share < 0.8:
        return the + word + " " + where, "", ""
    return (the + word, "", " " + where) if share < 0.92 else (the + word, where + " ", "")


def chinese_thing(draft, device, room):
    rng = draft.rng
    word = pick(rng, g.DEVICES[device][5])
    if room == "here":
        return word, "", ""
    if room == "everywhere":
        head = pick(rng, ["所有的", "全部的", "家里所有的", "每个房间的", "所有房间的", "全家的"])
        return (head if device != "everything" else pick(rng, ["家里的", "全家的", "所有房间的"])) + word, "", ""
    place = pick(rng, g.ROOMS[room][2])
    share = rng.random()
    if share < 0.85:
        return place + pick(rng, ["的", "的", "", "里的"]) + word, "", ""
    return word, pick(rng, ["在" + place, place + "里"]), ""


def said_time(draft, group, english):
    """(words before, words after, what the command says) of a time, if any."""
    if group not in TIMED or not draft.chance(0.24):
        return "", "", ""
    rng, share = draft.rng, draft.rng.random()
    if share < 0.45:
        text, label = (p.english_clock if english else p.chinese_clock)(rng)
    elif share < 0.75 or group not in LASTING:
        text, label = (p.english_delay if english else p.chinese_delay)(rng)
        label = "in " + label
        text = pick(rng, ["in " + text, "in " + text, "after " + text]) if english else \
            pick(rng, [text + "后", text + "以后", "过" + text])
    else:
        text, label = (p.english_delay if english else p.chinese_delay)(rng)
        return "", (" for " + text if english else text), " for " + label
    if not english:
        return text + pick(rng, ["", "", "的时候"] if label[0] == "a" else [""]), "", " " + label
    return (text + " ", "", " " + label) if draft.chance(0.25) else ("", " " + text, " " + label)


def choose_clause(draft, device, group, unit, english):
    """(is it an order, its template, words of refusal before it)."""
    orders, special, sayings = (g.EN_ORDERS, g.EN_SPECIAL, g.EN_SAYINGS) if english else \
        (g.ZH_ORDERS, g.ZH_SPECIAL, g.ZH_SAYINGS)
    refusal = ""
    if group == "hold" and draft.chance(0.65):
        refusal = draft.template("refusal", g.EN_NOT if english else g.ZH_NOT) + (" " if english else "")
        group = pick(draft.rng, [x for x in g.DEVICES[device][0] if x not in ("query", "hold")] +
                     (["on", "off"] if "on" in g.DEVICES[device][0] else []))
    opening = "open" in g.DEVICES[device][0]
    if group == "query" and opening:
        return False, draft.template(group, g.EN_QUERY_OPEN if english else g.ZH_QUERY_OPEN), ""
    pool = list(orders.get(group, []))
    extra = special.get((group, device), []) + special.get((group, unit), [])
    if extra and draft.chance(0.4):
        pool = extra
    elif not refusal and group in sayings and (not pool or draft.chance(0.25)):
        return False, draft.template(group, sayings[group]), ""
    return True, draft.template(group, pool), refusal


def command(draft):
    """A sentence that is a command, or asks for a state, or to change nothing."""
    english, rng = draft.language == "en", draft.rng
    device, room, group, action, unit, numbers = choose_command(draft)
    draft.note("command", device, room, action)
    order, clause, refusal = choose_clause(draft, device, group, unit, english)
    label = "%s %s %s" % (device, room, action)
    if "{v}" in clause:
        low, high, step = numbers
        if "by_" in group or action in ("up", "down"):
            low, high, step = 1, 30, 1
        n = low + step * int(rng.random() * ((high - low) // step + 1))
        if draft.chance(0.25):
            n = max(low, n // 10 * 10)
        clause = clause.replace("{v}", p.english_value(rng, n, unit, g.EN_UNITS) if english else
                                p.chinese_value(rng, n, unit))
        if action != "hold":
            label += " %d" % n
            draft.note("number", device, action, n)
    thing, place, tail = (english_thing if english else chinese_thing)(draft, device, room)
    when, then, time_label = said_time(draft, group, english)
    clause = refusal + clause.replace("{d}", thing) + tail + then
    before = after = ""
    if order and draft.chance(0.4 if not refusal else 0.1):
        before = draft.template("before", g.EN_BEFORE if english else g.ZH_BEFORE) + (" " if english else "")
        if refusal:
            before = "please " if english else "请"
    if draft.chance(0.22) and group != "query":
        after = (" " if english else "") + draft.template("after", g.EN_AFTER if english else g.ZH_AFTER)
    if place and draft.chance(0.5):
        return place + when + before + clause + after, label + time_label
    return when + place + before + clause + after, label + time_label


def strange_noun(draft):
    """A noun that is no device; sometimes one that does not exist."""
    rng = draft.rng
    if draft.language == "zh":
        noun = pick(rng, chatter.ZH_NOUNS)
    elif draft.chance(0.12):
        noun = "".join(pick(rng, "b c d f g h j k l m n p r s t v w z br st tr pl gr sh".split()) +
                       pick(rng, "a e i o u oo ai ee".split()) for _ in range(1 + int(rng.random() * 3)))
        noun += pick(rng, ["", "n", "k", "r", "st", "x", "mp"])
    else:
        noun = pick(rng, chatter.EN_NOUNS) + ("s" if draft.chance(0.1) else "")
    draft.note("noun", noun)
    return noun


def nonsense(draft):
    """A sentence to which the answer is `none`."""
    english, rng = draft.language == "en", draft.rng
    text = pick(rng, chatter.EN_FRAMES if english else chatter.ZH_FRAMES)
    draft.note("frame", text)
    while "{x}" in text:
        text = text.replace("{x}", strange_noun(draft), 1)
    while "{n}" in text:
        n = int(rng.random() * 100)
        text = text.replace("{n}", str(n) if draft.chance(0.5) else p.english(rng, n) if english else p.chinese(n), 1)
    room = g.ROOMS[pick(rng, list(g.ROOMS))]
    text = text.replace("{r}", pick(rng, room[1] if english else room[2]))
    if "{d}" in text:
        device = pick(rng, [d for d in g.DEVICES if d != "everything"])
        place = "here" if draft.chance(0.5) else pick(rng, list(g.ROOMS))
        thing, before, after = (english_thing if english else chinese_thing)(draft, device, place)
        text = before + text.replace("{d}", thing) + after
    if draft.chance(0.1) and english:
        text += pick(rng, [" please", " today", " now", " again", " for me", " thanks"])
    return text, "none"


def roughen(draft, text):
    """Fillers, slips, capitals and full stops, as in speech and typing."""
    rng, english = draft.rng, draft.language == "en"
    comma = (pick(rng, [" ", " ", ", "]) if english else pick(rng, ["", "", "，"]))
    if english:
        words = text.split(" ")
        if draft.chance(0.12) and len(words) > 2:
            words.insert(1 + int(rng.random() * (len(words) - 1)), pick(rng, ["um", "uh", "er", "hmm"]))
        for _ in range(2):
            at = int(rng.random() * len(words))
            if draft.chance(0.08) and len(words[at]) >= 4 and words[at].isalpha() and words[at] not in PROTECTED:
                words[at] = p.misspell(rng, words[at])
        text = " ".join(words)
    elif draft.chance(0.1):
        right, wrong = pick(rng, g.ZH_SLIPS)
        text = text.replace(right, wrong, 1)
    for _ in range(2):
        if draft.chance(0.18):
            text = pick(rng, g.EN_FILLERS if english else g.ZH_FILLERS) + comma + text
    if english and draft.chance(0.12):
        text = text[0].upper() + text[1:]
    if draft.chance(0.12):
        text += pick(rng, [".", ".", "!", "?"] if english else ["。", "。", "！", "？"])
    return text


def draw(rng):
    """One sentence of any set: (language, is nonsense, text, label, draft)."""
    draft = Draft(rng, "en" if rng.random() < 0.55 else "zh")
    empty = rng.random() < 0.2
    text, label = (nonsense if empty else command)(draft)
    text = roughen(draft, text)
    return text, label, empty, draft


def generate(seed, split, count=None, quotas=None, avoid=()):
    """Rows (text, label, what is new, keys) of a set."""
    rng, rows, seen = random.Random("%s %s" % (seed, split)), [], set(avoid)
    left = dict(quotas or {})
    while len(rows) < count if count else any(left.values()):
        text, label, empty, draft = draw(rng)
        if len(text.encode()) > LONGEST:
            continue
        if split == "train":
            # Numbers are learnt last: commands without any are thinned out.
            if draft.splits - {"train"} or (not any(map(str.isdigit, label)) and draft.chance(0.6)):
                continue
        else:
            if split not in draft.splits or draft.splits - {split, "train"} or text in seen:
                continue
            if not left[draft.language, empty]:
                continue
            left[draft.language, empty] -= 1
            seen.add(text)
        rows.append((text, label, draft.language, draft.keys))
    return rows


def check(rows, known, sentences):
    """What is new about each held-out row; an error if nothing is."""
    kinds = []
    for text, label, language, keys in rows:
        fresh = {key[0] if "template" not in key[0] else "template" for key in keys - known}
        if not fresh or text in sentences:
            sys.exit("generate.py: error: '%s' is not new: training has all its parts" % text)
        fresh = {{"command": "words", "number": "words", "noun": "words", "frame": "template"}.get(f, f) for f in fresh}
        kinds.append("%s-%s%s" % (language, "none-" if label == "none" else "", "+".join(sorted(fresh))))
    return kinds


def write(path, rows, kinds=None):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for i, row in enumerate(rows):
            out.write("\t".join(row[:2] + ((kinds[i],) if kinds else ())) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--train", type=int, default=480000, help="sentences to learn from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", help="a test set that must be the one that is written")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)

    train = generate(args.seed, "train", count=args.train)
    known, meanings = set().union(*(row[3] for row in train)), {}
    for text, label, _, _ in train:
        meanings.setdefault(text, set()).add(label)
    twofold = [text for text, labels in meanings.items() if len(labels) > 1]
    print("train.tsv: %d sentences, %d of them different, %d with two meanings%s" %
          (len(train), len(meanings), len(twofold), ": " + "; ".join(twofold[:5]) if twofold else ""))
    write(os.path.join(args.out, "train.tsv"), train)
    dev = generate(args.seed, "dev", quotas=TEST, avoid=meanings)
    test = generate(args.seed, "test", quotas=TEST, avoid=set(meanings) | {row[0] for row in dev})
    for name, rows in (("dev", dev), ("test", test)):
        kinds = check(rows, known, meanings)
        write(os.path.join(args.out, name + ".tsv"), rows, kinds)
        counts = ", ".join("%s %d" % (kind, kinds.count(kind)) for kind in sorted(set(kinds)))
        print("%s.tsv: %d sentences, each with a part that training lacks (%s)" % (name, len(rows), counts))
    if args.check:
        with open(args.check, encoding="utf-8") as a, open(os.path.join(args.out, "test.tsv"), encoding="utf-8") as b:
            if a.read() != b.read():
                sys.exit("generate.py: error: %s is not what this generator writes" % args.check)
        print("%s is the same" % args.check)


if __name__ == "__main__":
    main()
