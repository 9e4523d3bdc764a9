"""Everyday English for comparing sentences: words of one meaning, opposites, and "not" in words.

No word of a domain is here; what a domain calls its fields stands in its card. Each line of
`_SYNONYMS` is a group of words that people exchange, verbs with their irregular forms. `_SIDES`
are words that point one way or the other. Not covered: irony, metaphors, and opposites that
nobody wrote down here ("sour" for "sweet").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import Pattern

from bot.text import stem

_SYNONYMS = """
pay paid payment payable repay repaid, pay back
cost price fee charge expense expensive costly dear
money fund cash dollar
free, at no cost, at no charge, free of charge, costs nothing, cost nothing, pay nothing, pays nothing, paid nothing, little or nothing, without charge, nothing to pay
above over exceed, more than
below under, less than, fewer than
more greater higher larger bigger
less fewer lower smaller
get got gotten receive obtain
give gave given grant provide offer award supply
ask request require want demand require
need necessary require requirement needed
must, have to, has to, had to, need to, needs to, needed to, obliged to, required to, mandatory obligatory compulsory
can could able, be able to, is able to, are able to, possible
may might allowed permitted permission, be allowed to, is allowed to, are allowed to, free to
allow let permit enable lets
choose chose chosen pick select choice selection decide decision opt
start began begin begun beginning commence, set in
open opened opening
end finish ended complete completed completion stop finished done over, run out, is gone
submit file filed filing send sent, hand in, turn in
fill enter, fill in, fill out
show display indicate reveal visible see saw seen view
tell told say said state stated inform
write wrote written
buy bought purchase
help assist aid support assistance
keep kept retain remain stay preserve
change alter modify adjust shift vary differ
check verify confirm examine inspect
use used usage utilize employ rely using
make made create produce
take took taken accept
lose lost loss losing
send sent mail forward
go went gone
come came coming
leave left
put place placed set
think thought believe
grow grew grown growth growing rise rose risen increase
fall fell fallen drop decrease decline
reduce lower cut lessen shrink
count counted include included including contain comprise cover
consist comprise, made up of, made of
contain hold carry
find found discover locate
meet met satisfy fulfill fulfil
hear heard answer answered reply replied response respond
join participate participant participating, take part, takes part, taking part, took part
replace replacement substitute, take the place of, in place of
happen occur, take place
last run endure
live reside lived living residence
attend go study
apply application applicant applying
admit admission admitted
refuse reject decline deny, turn down, turned down, turns down
forbid prohibit ban forbidden
avoid prevent
exclude omit, leave out, left out, leaves out, not include, not counted
lack, go without, come without, comes without
own possess
belong
depend, up to you
decide settle determine
review reconsider, look again, look at again, look over
endanger risk danger jeopardize, put at risk, at risk
calculate compute work, works out, work out, worked out
estimate approximate roughly around about approximately nearly circa almost
usually normally generally typically commonly often frequently mostly regularly, as a rule, tend to, tends to, in general, most of the time, for the most part, a rule
sometimes occasionally, at times, from time to time, now and then
always, every time, at all times
rarely seldom hardly
few, hardly any, very few
many numerous several lots, a lot of, lots of, plenty of, a large number of, a great many
some certain, a few, a number of
few
most majority, most of, the majority of
all every each any everyone everybody anyone anybody
both
only just solely merely exclusively alone, nothing but, no other than
big large great substantial considerable sizable
small little minor tiny
quick fast rapid swift quickly soon
slow slowly
hard difficult tough
easy simple easily
important key essential crucial main chief major primary central
good well fine ok
bad poor
new recent
old former previous prior earlier
begin start
whole entire full complete
part portion share piece component
kind type sort form category
way manner method means
thing item
place spot location
person people somebody someone individual
child kid
job work employment employer
house home housing
school
state
country nation national nationwide nationally, across the nation, across the country
yearly annual annually year, a year, per year, each year, every year
monthly month, a month, per month, each month, every month
weekly week, a week, per week, each week, every week
daily day, a day, per day, each day, every day
hourly, an hour, per hour
time once
twice double, two times
percent percentage
number amount figure total sum quantity
average mean
middle mid median, the middle of
maximum limit cap ceiling greatest largest highest
minimum least smallest lowest
rule regulation requirement condition
law legal statute act
agreement deal contract
promise guarantee commit commitment pledge bind binding
plan scheme program programme
reason cause why
result outcome consequence
goal aim purpose
problem trouble issue difficulty
mistake error fault
proof evidence
document paper
near close neighboring neighbouring next adjacent
far, a lot, considerably, by far
before, prior to, ahead of, in advance of, earlier than, beforehand
after, following afterwards afterward subsequently later then once
until, up until till
since, as of, starting
during throughout within while, in the course of
because since as therefore so thus hence, due to, owing to, as a result
although though, even though, even if, despite, in spite of but yet however nevertheless whereas while
if when whenever provided, in case, as long as
also too, as well, in addition additionally moreover
except besides, apart from, other than
instead, rather than, in place of
separate apart separately, on its own, on their own, by itself, on your own
together jointly both
same identical equal alike equally
different various distinct other another additional further more extra
for example, for instance, such as, like, e.g., including namely
about regarding concerning
against versus, compared with, compared to, in comparison with
deadline, due date, closing date due
date day
afford
valid good
official
enroll enrol register registration enrollment
teach taught teacher
learn learnt learned
drive drove driven
ride rode ridden
wear wore worn
break broke broken
build built
bring brought
catch caught
feel felt
sell sold sale
spend spent, use up
stand stood
win won
lead led
mean meant meaning, stand for, refers to
understand understood
know knew known
forget forgot forgotten
hold held
quiet silent
noisy loud noise
repair fix mend
fit suit match
tighten tight
tool device
car vehicle automobile
road street highway
begin launch
publish release issued issue
measure gauge
compare comparison
happen
move moved, come along, go along, carry over, carries over
transfer
sign signature
doctor physician
sick ill
old aged
young
big
buy
movie film
area region
city town
firm company business
remember recall
speak spoke spoken talk
return, come back, comes back, go back, go home
role part, play a role, plays a role, play no role
enough sufficient suffice adequate
proper right correct
wrong incorrect false
once, one time, a single time
single one
lifetime life, over your lifetime
alone
obtain
beginning
extend prolong
shorten, cut short, cuts short
clear plain evident
visible seen see
demonstrate
name called titled, known as, named
largest biggest
smallest tiniest
cheapest, least expensive, lowest priced, lowest price
cheap inexpensive cheaper affordable
look, have a look, take a look
appear seem, look like
interest
regardless whatever, no matter, irrespective of
attach enclose
worth value
loan borrow debt owe
gap difference
back again
nobody none, no one, not any
never, not ever, at no time
space room
currently now, at present, at the moment
formerly
frequently
"""

# Phrases that say one thing with several words; each becomes the word behind the arrow.
_PHRASES = """
no more than > atmost
not more than > atmost
at most > atmost
at the most > atmost
up to > atmost
a maximum of > atmost
maximum of > atmost
or less > atmost
or fewer > atmost
or under > atmost
at the latest > atmost
no later than > atmost
no less than > atleast
not less than > atleast
no fewer than > atleast
not fewer than > atleast
at least > atleast
at the least > atleast
a minimum of > atleast
minimum of > atleast
or more > atleast
or over > atleast
or above > atleast
at the earliest > atleast
no earlier than > atleast
not until > after
not only > also
not just > also
not solely > also
not merely > also
differently > not alike
only one > onlyone
just one > onlyone
nothing but > only
no longer > not
not every > notall
not all > notall
any longer >
whether or not > whether
out of the question > not possible
instead of > not
rather than > not
other than > except
as well as > and
as well > also
as soon as > when
as long as > if
more expensive > dearer
most expensive > dearest
less expensive > cheaper
least expensive > cheapest
lower priced > cheaper
more difficult > harder
most difficult > hardest
less difficult > easier
in addition to > and
prior to > before
ahead of > before
earlier than > before
later than > after
subsequent to > after
at the same time > together
at home > home
"""

# Words that exclude each other, by what they are about: the opposites, and what one of many says.
_SIDES = """
amount more: more greater higher larger bigger over above exceed exceeds exceeding beyond atleast longer taller heavier dearer dearest costlier expensive increase increases increased increasing raise raises raised rise rises rose risen rising grow grows grew grown growing gain gains most highest largest greatest biggest longest high large big great extra additional double upper top abundant much
amount less: less fewer lower smaller under below atmost shorter lighter cheaper cheap cheapest inexpensive decrease decreases decreased decreasing reduce reduces reduced falls fell fallen falling fall drop drops dropped decline declines declined shrink shrinks lose loses shorten shortens shortest least lowest smallest low small little lowers lowered cut bottom
end most: maximum atmost largest highest greatest biggest longest most top
end least: minimum atleast smallest lowest least shortest fewest bottom
time after: after later following afterwards afterward subsequently since
time before: before earlier prior until till beforehand previously within
course start: start starts started begin begins began beginning open opens opened opening
course end: end ends ended finish close closes closed closing
hour early: early earliest earlier
hour late: late latest later
quantity all: all every each many everyone everybody most any whole both entire always majority
quantity some: some few several minority certain notall
number one: onlyone
number many: several many multiple various numerous
duty must: must required mandatory compulsory obliged obligatory
duty may: may can could might optional voluntary
quality good: better best strong stronger strongest good quiet quieter
quality bad: worse worst weak weaker weakest bad poor noisy noisier loud
ease easy: easier easiest easy simple
ease hard: harder hardest hard difficult
speed fast: faster fastest fast quick quicker quickly sooner soonest
speed slow: slower slowest slow slowly
likeness same: same identical alike equal
likeness other: different differ differs unlike distinct
age new: new newer newest young younger youngest modern
age old: old older oldest ancient former
consent yes: accept accepts accepted agree allow allows allowed permit permits permitted approve approves approved admit admitted
consent no: decline refuse refuses refused reject rejects rejected deny denies denied forbid forbidden prohibit prohibited ban banned disallow
scope in: include includes included including count counts counted inside
scope out: exclude excludes excluded excluding omit omitted outside
access public: public
access private: private
extent full: full
extent partial: partial part
presence with: with
presence without: without
cost paid: paid
cost free: free
distance near: near nearby close
distance far: remote distant
heat hot: hot warm
heat cold: cold cool
moisture wet: wet oily oiled damp moist
moisture dry: dry
frequency often: usually normally generally typically commonly often frequently mostly regularly
frequency seldom: rarely seldom hardly scarcely never
side left: left
side right: right
face front: front
face rear: rear back
order first: first initial
order second: second
order third: third
order fourth: fourth
order fifth: fifth
order last: last final
period hour: hourly
period day: daily
period week: weekly
period month: monthly
period year: yearly annual annually
season spring: spring
season summer: summer
season autumn: autumn
season winter: winter
weekday monday: monday
weekday tuesday: tuesday
weekday wednesday: wednesday
weekday thursday: thursday
weekday friday: friday
weekday saturday: saturday
weekday sunday: sunday
"""

NEGATIONS = frozenset(
    """not no never none neither nor without nobody nothing nowhere rarely seldom hardly scarcely
    lack lacks lacking lacked""".split()  # noqa: SIM905
)
# Words that deny without a "not": where they stand, a missing "not" is no difference.
SOFT_NEGATIONS = frozenset(
    """exclude excludes excluded excluding omit omitted decline declined refuse refuses refused
    reject rejected deny denied forbid forbidden prohibit prohibited prevent prevents avoid fail
    fails failed failure miss missing except unless free optional stop stops lose loses lost
    impossible unable blind zero voluntary instead beyond invisible hide hides hidden notall
    """.split()  # noqa: SIM905
)
_NEGATIVE_FORMS = re.compile(
    r"\b(?:un(?=able|affected|available|aware|certain|clear|common|equal|even|employed|fair|"
    r"familiar|finished|fit|happy|healthy|important|known|like|limited|likely|married|necessary|"
    r"paid|pleasant|reliable|safe|signed|stable|successful|suitable|supported|used|usual|"
    r"verified|weighted|willing|worn)|in(?=ability|accurate|active|adequate|complete|consistent|"
    r"correct|direct\b|eligible|formal|frequent|sufficient|valid|visible)|"
    r"im(?=possible|proper|mature|practical)|ir(?=regular|relevant|responsible|reversible)|"
    r"il(?=legal|legible|logical)|dis(?=agree|allow|approve|connect|continue|honest|similar|obey)|"
    r"non-?(?=[a-z]{4}))",
    re.I,
)
_CONTRACTIONS = (
    (re.compile(r"\b(?:can'?t|cannot)\b", re.I), "can not"),
    (re.compile(r"\bwon't\b", re.I), "will not"),
    (re.compile(r"\bain't\b", re.I), "is not"),
    (re.compile(r"\b([a-z]+)n't\b", re.I), r"\1 not"),
    (re.compile(r"'ve\b", re.I), " have"),
    (re.compile(r"'(?:s|re|ll|d|m)\b|(?<=s)'(?=\s|$)", re.I), ""),
)
_AT_MOST = re.compile(
    r"\bnot (be|cost|exceed|get|have|hold|last|list|pay|take|use|work) (?:more than|over|above)\b", re.I
)
# "No earlier than 30 days before" is at most 30 days.
_BEFORE = (
    (re.compile(r"\b(?:no earlier than|at the earliest)(?= (?:\S+ ){2}before)", re.I), "atmost"),
    (re.compile(r"\b(?:no later than|at the latest)(?= (?:\S+ ){2}before)", re.I), "atleast"),
)
_AS_MUCH = re.compile(r"(?<!twice )(?<!times )(?<!half )\bas (?:much|many) as(?= [$\d])", re.I)
_AUTUMN = re.compile(  # the season, which nothing falls in
    r"(?<=\bin )fall\b|(?<=\bthe )fall\b|(?<=\beach )fall\b|(?<=\bevery )fall\b"
    r"|\bfall(?= (?:\d|and|or|term|semester|quarter|of \d))", re.I
)
# How models and people introduce what they were told; no claim of its own.
OPENINGS = frozenset(
    """according guide guides data document documents documentation source sources text passage page
    article section evidence information says say states state stated explains explain notes note
    mentions mention describes reports report puts put short summary brief yes no here word words
    importantly specifically basically essentially fact case order means mean worth noting noted
    table record records listed lists given thus overall indeed please remember""".split()
    # noqa: SIM905
)


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines() if line.strip()]


def _read_groups() -> tuple[dict[str, frozenset[str]], list[tuple[str, str]]]:
    """Return the groups of each stem, and the phrases with the word that stands for each."""
    groups: dict[str, set[str]] = {}
    phrases: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(_SYNONYMS)):
        first, *others = (part.strip() for part in line.split(","))
        members = first.split()
        for part in others:
            one, *more = part.split()
            if more:
                phrases.append((part, members[0]))
            else:
                members.append(one)
        for word in members:
            groups.setdefault(stem(word), set()).add(f"#{number}")
    return {word: frozenset(found) for word, found in groups.items()}, phrases


_GROUPS, _LONG = _read_groups()
_LONG += [(a.strip(), b.strip()) for a, _, b in (line.partition(">") for line in _lines(_PHRASES))]


def _by_first_word(phrases: Sequence[tuple[str, str]]) -> dict[str, tuple[Pattern[str], dict[str, str]]]:
    """Return for each first word the pattern of its phrases, and what stands for each.

    One pattern of all phrases would be tried at every word of every text.
    """
    found: dict[str, dict[str, str]] = {}
    for phrase, word in phrases:
        found.setdefault(phrase.split(" ")[0], {})[phrase] = word
    return {
        first: (re.compile(rf"(?:{_longest_first(known)})\b", re.I), known)
        for first, known in found.items()
    }


def _longest_first(phrases: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, phrases), key=len, reverse=True))


_PHRASE_AT = _by_first_word(_LONG)
_WORD = re.compile(r"[A-Za-z][\w.]*")


def _read_sides() -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, dict[tuple[str, str], None]] = {}
    for line in _lines(_SIDES):
        head, _, members = line.partition(":")
        about, side = head.split()
        for word in members.split():
            found.setdefault(word, {})[about, side] = None
    return {word: tuple(sides) for word, sides in found.items()}


SIDES = _read_sides()
ONLY_ONE = SIDES["onlyone"]


def plain(text: str) -> str:
    """Return a text with its contractions, negative forms and phrases as single plain words."""
    text = text.replace("–", "-").replace("‑", "-").replace("—", "; ").replace("’", "'")
    if "'" in text or "cannot" in text.lower():
        for form, words in _CONTRACTIONS:
            text = form.sub(words, text)
    text = _AUTUMN.sub("autumn", _NEGATIVE_FORMS.sub("not ", text))
    for form, words in _BEFORE:
        text = form.sub(words, text)
    text = _AS_MUCH.sub("atmost", text)
    text = _AT_MOST.sub(r"\1 at most", text)
    return _with_single_words(text)


def _with_single_words(text: str) -> str:
    pieces, done = [], 0
    for word in _WORD.finditer(text):
        if word.start() < done or word[0].lower() not in _PHRASE_AT:
            continue
        pattern, known = _PHRASE_AT[word[0].lower()]
        if phrase := pattern.match(text, word.start()):
            pieces += [text[done : phrase.start()], known[phrase[0].lower()]]
            done = phrase.end()
    return "".join([*pieces, text[done:]])


@lru_cache(maxsize=50_000)
def meanings(word: str) -> frozenset[str]:
    """Return what a word may be recognised by: its stem, its groups, the root of a long word."""
    root = stem(word)
    keys = {root} | _GROUPS.get(root, frozenset())
    if len(root) >= LONG_WORD:
        keys.add(f"^{root[:ROOT_LETTERS]}")
    return frozenset(keys)


LONG_WORD = 6
ROOT_LETTERS = 5
