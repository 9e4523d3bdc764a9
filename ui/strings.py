"""Every sentence of the app that does not come from the domain card, in one place."""

from __future__ import annotations

from datetime import datetime

# Pages
CHAT_PAGE = "Chat"
LOOKUP_PAGE = "My report"
SIGN_IN_PAGE = "Sign in"
MODERATION_PAGE = "Moderation"
MORE_PAGES = "More"
OPENING = "The bot is getting ready."
TRY_AGAIN = "Try again"
BROKEN = "Something went wrong on our side. Please try again; nothing that was saved is lost."

# When nothing can be asked
NO_INDEX_TITLE = "There is nothing to ask about yet"
NO_INDEX_TOLD = "The documents have not been read. Whoever runs this bot can start that."
INDEXING_TITLE = "The documents are being read"
INDEXING_TOLD = "This takes a minute or two. The page goes on by itself; you need not do anything."
INDEXING_SO_FAR = "{done:,} of {all:,} documents so far"
LOADING_TITLE = "One moment, please"
LOADING_TOLD = "The bot is getting ready, which takes a few seconds. The page goes on by itself."
OFFLINE_TITLE = "No connection"
OFFLINE_TOLD = (
    "The bot cannot be reached. What you have here stays; "
    "the page goes on by itself as soon as there is a connection again."
)
INDEX_TROUBLE_TITLE = "The documents cannot be opened"
NO_MODEL_TITLE = "The language model is missing"
ABSENT_MODEL_TITLE = "The language model does not answer"
ABSENT_MODEL_TOLD = "It may still be starting. Please try again in a minute."
STRANGE_MODEL_TITLE = "Answers are switched off"
STRANGE_MODEL_TOLD = (
    "The language model is not the one that was checked, so it is not used. "
    "Whoever runs this bot has to look at it."
)
TROUBLE_TITLE = "This does not work right now"
OPERATOR_TOLD = "Please try again later."
FOR_OPERATOR = "For whoever runs this bot:"

# Chat
ASK = "Ask a question"
START_WITH = "Try one of these"
WHAT_I_KNOW = "What I can do"
NEW_CONVERSATION = "New conversation"
YOU_ASKED = "You asked"
LOOKING = "Looking in the sources"
WAITING = "Waiting for your question before"
NEXT_IN_LINE = "You are next in line"
IN_LINE = "You are number {place} in line"
BUSY = (
    "Many people are asking at this moment. Your question keeps its place; the answer comes here."
)
READING = "Reading {n} sources"
READING_ONE = "Reading 1 source"
ASK_INSTEAD = "You could ask"
ASK_NEXT = "You could ask next"
STOP = "Stop"
STOPPED = "You stopped this answer."
ASK_AGAIN = "Ask again"
EDIT = "Change the question"
EDITING = "What you send now takes the place of your last question."
COPY = "Copy"
COPIED = "Copied"
NOT_COPIED = "Could not copy"
EXPORT = "Save the conversation"
EXPORT_NAME = "conversation.md"
WRITTEN_BY = {
    "records": "Figures taken straight from the tables; no AI wrote this",
    "quotations": "Quoted word for word; no AI wrote this",
    "model": "Written by the AI model {model}, each sentence checked against its source",
    "nobody": "A fixed reply; no AI wrote this",
}
DATA_OF = "Data: {vintage}"
GENERATION = "Version {n} of the sources"

# Where to search
SEARCH_IN = "Search in"
SEARCH_IN_DOCUMENTS = "Only these documents"
SEARCH_IN_TYPES = "Only this kind"
SEARCH_IN_ALL = "Everything"
SEARCHING_IN = "Only in {what}"
AND_MORE = "{what} and {n} more"
TYPE_NAMES = {
    "pdf": "PDF",
    "html": "Web page",
    "docx": "Word",
    "markdown": "Markdown",
    "text": "Text",
    "table": "Table",
}

# Sources and tables
SOURCES = "Sources"
SOURCE_NUMBER = "Source {n}"
MORE_SOURCES = "{n} more"
PAGE = "page {n}"
ROW = "row {n:,}"
TABLE = "Comparison"
NOT_REPORTED = "not reported"
DOWNLOAD = "Download as CSV"
DOWNLOAD_NAME = "comparison.csv"
DOWNLOAD_HOLDS = "The CSV holds the {shown} rows shown here, of {fitting:,}."
MORE_ROWS = "Show the next {n}"
MORE_QUESTION = "Show more"
SHOW_CHART = "Show as a chart"
SORT_BY = "Sort by {column}: {order}"
LOWEST_FIRST = "lowest first"
HIGHEST_FIRST = "highest first"
A_TO_Z = "A to Z"
Z_TO_A = "Z to A"

# How was this answered?
HOW_TITLE = "How was this answered?"
DONE_STEP = "What was done"
OPERATIONS = {
    "lookup": "Looked up figures of a named {one}",
    "overview": "Looked up the main figures of a named {one}",
    "compare": "Put the figures of named {many} side by side",
    "similar": "Looked for the {many} whose figures are nearest to those of one",
    "list": "Listed the {many} that fit",
    "count": "Counted the {many} that fit",
    "average": "Took the average over the {many} that fit",
    "median": "Took the median over the {many} that fit",
    "total": "Added up the figures of the {many} that fit",
    "summary": "Worked out one figure over the {many} that fit",
    "groups": "Worked out one figure for each group of {many}",
    "ask": "Asked back which {many} are meant",
}
NAMES_STEP = "Names"
TAKEN_FOR = "“{words}” was taken for {meant}"
TIERS = {
    "exact": "its name",
    "alias": "another name for it",
    "acronym": "its initials, which only it has",
    "fuzzy": "the one name that is nearly spelled so",
    "ambiguous": "the best known of several",
}
COULD_BE = "it could also be {others}"
UNKNOWN_STEP = "Names that are not in the data"
NEAREST = "nearest are {names}"
FIELDS_STEP = "Figures"
CHECKS_STEP = "Asked whether"
SAID = "said as “{words}”"
FILTERS_STEP = "Conditions"
ORDER_STEP = "Order"
BY_DEFAULT = "the best known first, by {field}"
ROWS_STEP = "Rows"
ROWS_FIT = "{n:,} fit"
ROWS_SHOWN = "{first:,} to {last:,} of them are shown"
ROWS_LACKING = "{n:,} more lack a figure that is needed here, and are left out"
UNUSED_STEP = "Words that could not be used"
WRITTEN_STEP = "Written by"
WRITTEN_BY_CODE = "a program, from the cells of {file}; no AI touched a figure"
SQL_TITLE = "The exact look-ups, in SQL ({n})"
PASSAGES_STEP = "Places looked at"
USED = "{place} (source {n} of the answer)"
CHECKED_STEP = "Checked"
CHECKED = (
    "Quotations are the sources’ own words. A sentence that an AI has written is shown only if the "
    "place that it cites has its figures, its names and nearly all its words."
)
DROPPED_NONE = "No sentence had to be left out."
DROPPED_ONE = "1 sentence of the AI did not pass and was left out."
DROPPED = "{n} sentences of the AI did not pass and were left out."
TIME_STEP = "Time"
STAGES = {
    "plan": "understanding the question",
    "records": "reading the tables",
    "retrieve": "finding places in the documents",
    "support": "weighing them",
    "write": "writing",
}

# Reporting an answer
REPORT = "Report a problem"
REPORT_TITLE = "What is wrong? Choosing one sends your report."
ADD_BEFORE = "Anything to add? Write it here first, then choose above."
COMMENT = "Tell us more, if you like"
COMMENT_HELP = "Tell us more, if you like. Please leave out what is private."
EMAIL = "Your e-mail, if we may write to you about it"
SENT_LINE = (
    "It sends your question{before}, this answer with all that was found for it, what made it, and "
    "what you add. E-mail addresses, telephone, card and account numbers in your words are left "
    "out. See all of it"
)
SENT_BEFORE = ", what was said before it"
SENT_QUESTION = "Your question"
SENT_CONVERSATION = "Said before it"
SENT_ANSWER = "The answer"
SENT_SOURCES = "What the bot had found"
SENT_NO_SOURCES = "nothing"
SENT_MADE_BY = "Made by"
SENT_RULES = "rules {version}"
SENT_WHOLE = "The same as it is saved, every figure included"
CANCEL = "Cancel"
REPORT_SAVED = "Thank you. Your report is saved as {reference}."
REPORT_REPEATED = (
    "Thank you. Others have reported this answer too, so yours was added to {reference}."
)
REPORT_LINK = "See what becomes of it"
REPORT_NOTE = "Keep the reference: with it you find your report under “My report”."
REPORT_FAILED = "Your report was not saved. What you wrote is still here; please try again."
COMMENT_MAX_CHARS = 2_000
EMAIL_MAX_CHARS = 254

# My report
LOOKUP_TITLE = "What became of my report?"
LOOKUP_INTRO = "Type the reference that you were given when you sent it, such as R-7K3M9Q."
REFERENCE = "Reference"
LOOK_UP = "Look up"
NO_REFERENCE = "Please type a reference, such as R-7K3M9Q."
REPORTED_HERE = "Reported in this visit"
FILED_ON = "Reported on {when}"
CHANGED_ON = "Last change on {when}"
COMES_NEXT = {
    "new": "It waits for a person who looks after this bot to read it; what may harm somebody "
    "comes first. Come back with {reference}: this page then says how far it is.",
    "triaged": "A person has read it. Next they compare the answer with its sources: a document "
    "may be corrected, a rule added, or the answer may turn out to be right. Come back with "
    "{reference} to see which.",
    "in_progress": "A person is comparing the answer with its sources. Come back with {reference}: "
    "once that is done, this page says what they found and what was changed.",
    "resolved": "Nothing more happens with this report. If you ask again and the answer is still "
    "wrong, report that answer too, and a person looks at it once more.",
    "dismissed": "A person has read it and changed nothing. If you think that something was "
    "missed, report the answer once more and say what is wrong with it.",
}

# Signing in
SIGN_IN_TITLE = "Sign in as a moderator"
SIGN_IN_INTRO = (
    "Only people who look after reports need this. To ask questions you need no account."
)
NAME = "Name"
PASSWORD = "Password"  # noqa: S105  a label
SIGN_IN = "Sign in"
SIGN_OUT = "Sign out"
FILL_IN_BOTH = "Please type your name and your password."
SIGN_IN_PROVIDER = "Sign in through your organisation"
OR_BY_NAME = "Or with a name and a password that you were given here:"
SIGN_IN_AGAIN = "Sign in there again"
NO_PROVIDER = "Signing in through your organisation is not set up yet."
NO_PROVIDER_HINT = "For the operator: groundskeeper doctor says what is missing."

# People
PEOPLE_PAGE = "People"
PEOPLE_TITLE = "People who look after reports"
ACCOUNT_PAGE = "Account"
ACCOUNT_TITLE = "Your account"
ROLE = "Role"
ROLES = {"moderator": "Moderator", "administrator": "Administrator"}
ROLE_MEANS = {
    "moderator": "Moderator: works on reports",
    "administrator": "Administrator: also manages people, exports and purges",
}
MAKE_ROLE = {"moderator": "Make a moderator", "administrator": "Make an administrator"}
NO_ROLE = "No longer let in by the settings"
ADDED_ON = "Added on {when}"
SIGNED_IN_AGO = "Last sign-in {ago}"
NEVER_SIGNED_IN = "Has never signed in"
LOCKED_UNTIL = "Locked until {when}: too many wrong passwords"
BY_PROVIDER = "Signs in through the organisation"
PROVIDED_ACCOUNT = (
    "What this person may do is for the settings to say. Who is removed here can sign in again "
    "while the settings let them."
)
CHANGE_ACCOUNT = "Change {name}"
NEW_PASSWORD = "New password"  # noqa: S105  a label
FIRST_PASSWORD = "First password (12 characters or more)"  # noqa: S105  a label
OLD_PASSWORD = "Password until now"  # noqa: S105  a label
SET_PASSWORD = "Change password"  # noqa: S105  a label
UNLOCK = "Unlock"
REMOVE_SURE = "Remove {name} for good"
REMOVE_ACCOUNT = "Remove"
ADD_ACCOUNT = "Add somebody"

# Moderation
QUEUE_TITLE = "Reports"
SHOW = "Show"
OPEN = "Open"
CLOSED = "Closed"
ALL = "All"
SEARCH = "Search questions, answers, comments"
VIEWS = "Views"
BUILT_IN_VIEWS = {
    "open": "All open",
    "mine": "Mine",
    "unassigned": "Unassigned",
    "oldest": "Oldest",
    "severe": "Severe",
}
FILTERS = "Filters"
FILTERS_ON = "Filters ({n})"
VIEW_NAME = "Keep this as a view, called"
SAVE_VIEW = "Save view"
REMOVE_VIEW = "Remove this view"
ANY = "Any"
ANY_AGE = "Any age"
ANY_SEVERITY = "Any severity"
LAST_DAY = "Last day"
LAST_DAYS = "Last {n} days"
OLDER_THAN = "Older than {n} days"
DAYS_OLD = "{least} to {most} days old"
AGE = "Age"
ORDER = "Order"
ORDERS = {"priority": "By priority", "oldest": "The oldest first", "newest": "The newest first"}
HELD_BY = "With"
ANYBODY = "Anybody"
MYSELF = "Me"
NOBODY = "Nobody"
CITES = "Cites the document"
MODEL = "Model"
START = "Start"
NOTHING_HERE = "No reports here. Well done!"
NO_MATCH = "No report matches. Try fewer filters."
COUNT = "{n} reports"
COUNT_ONE = "1 report"
MORE = "Show more"
OPEN_REPORT = "Open {reference}"
BACK = "All reports"
NEXT_REPORT = "Next report"
REPEATS = "reported {n} times"
WRITE_TO = "Wants to hear what comes of it: {who}"
ASKED_TIMES = "asked {n:,} times in 30 days"
ASSIGNED_TO = "With {name}"
SEEN_BY_PERSON = "What the person saw"
IN_HAND = "What the bot had in hand"
EVIDENCE = "Evidence"
NO_EVIDENCE = "No evidence was found."
CITED = "cited"
NOT_CITED = "not cited"
LOOK_TODAY = "Look in the documents"
LOOK_TODAY_HELP = "Shows each cited passage where it stands in its document as indexed today."
TODAY = "In the documents today"
TODAY_FOUND = {
    "there": "as it was",
    "moved": "word by word, in another place",
    "changed": "this row has other words now",
    "gone": "no longer there",
}
ASKED_BEFORE = "Asked before"
PURGED = "Question, answer and comments were removed to protect the person."
SAME_QUESTION = "Other reports of this question"
HISTORY = "History"
ASSIGN_TO_ME = "Take it"
RELEASE = "Put it back"
TAKE_OVER = "Take it over"
HELD = "This report is with {name}. What you decide is refused until you take it over."
HELD_UNTIL = (
    "This report is with {name} until {until}. What you decide is refused until you take it over."
)
CLAIM_LAPSED = "{name}’s claim has lapsed"
OUTCOME_ACTIONS: dict[str, str] = {
    "answer_fine": "Answer was right",
    "corpus_fixed": "Document corrected",
    "rule_added": "New rule",
    "regression_added": "New test case",
    "duplicate": "Duplicate",
    "not_actionable": "Nothing to do",
}
DUPLICATE_OF = "Duplicate of {reference}"
ANSWER_FINE_REASON = "The answer says what its sources say."
ANSWER_FINE_SAYS = f"The person reads: “{ANSWER_FINE_REASON}” For other words, use the forms below."
OUTCOME_FORMS = "Resolve in your own words"
DISMISSED = "Dismissed"
DECIDED = "Saved. {reference}: {what}."
UNDO = "Undo"
UNDONE = "Taken back: {what}"
PREVIOUS = "Previous"
NEXT = "Next"
KEYS = "Keys"
KEY_HELP = {
    "N": "next report; in the list, the first one",
    "J, K": "next, previous",
    "T": "take it, or put it back",
    "1 to 6": "the six outcomes",
    "U": "undo the last decision",
    "B": "back to all reports",
    "H": "this help",
}
MORE_TO_DO = "More"
PICK = "Pick {reference}"
PICK_ALL = "Pick all shown"
PICK_NONE = "Pick none"
BULK_ACTION = "With the {n} picked"
BULK_ACTIONS = {
    "claim": "Take them",
    "severity": "Set the severity",
    "answer_fine": "Answer was right",
    "not_actionable": "Nothing to do",
    "duplicate": "Duplicates of another",
    "dismiss": "Dismiss",
}
BULK_ASKS = {
    "answer_fine": "Why? Everybody who reported one reads this.",
    "duplicate": "Which report do they repeat?",
    "dismiss": "Why? (only moderators see this)",
}
BULK_DO = "Do it"
BULK_DONE = "Done for {n}."
BULK_REFUSED = "Not done for {n}:"
SEVERITY = "Severity"
MOVE_TO = {
    "triaged": "Mark as seen",
    "in_progress": "Start work",
}
REOPEN = "Reopen"
NOTE = "Note for the other moderators"
ADD_NOTE = "Add note"
RESOLVE = "Resolve"
OUTCOME = "How was it resolved?"
RESOLVE_NOTE = "Why? (only moderators see this)"
CONFLICT = "Not saved, because the report has just changed: {what} The newest state is shown below."
DONE = "Saved."
TOTAL = "All so far"
CATEGORY_FILTER = "Kind of problem"
ENDED = "ended as {how}"
RULES = "rules {version}"
FLAGS = "flags: {flags}"
DISMISS = "Dismiss"
DISMISS_WHY = "Why? (only moderators see this)"
SIGNED_IN = "You are signed in as {name}."

# Outcomes that act
ANSWER_FINE_WHY = "Why was it right? The person who reported reads this."
ANSWER_FINE_OWN = "Or in your own words"
ANSWER_FINE_REASONS = (
    ANSWER_FINE_REASON,
    "The sources that we have say so; newer ones are not out yet.",
    "It is right, though its wording can be misunderstood.",
)
WHICH_DOCUMENT = "Which document was corrected?"
WHICH_DOCUMENT_HELP = (
    "Its name in the corpus. Once `groundskeeper reindex` has read its new version, the question "
    "is asked again, and what comes of it stands in this history."
)
TYPE_DOCUMENT = "Type a part of its name"
WHICH_REPORT = "Or another report: its reference"
LOOKING_FOR_SIMILAR = "Looking for similar reports"
SIMILAR = "It repeats"
NONE_SIMILAR = "No similar report was found."
RULE_MATCHES = "It applies to what has"
RULE_KINDS = {
    "words": "one of these words",
    "pattern": "a match of this pattern",
    "examples": "the meaning of one of these examples",
}
RULE_TEXTS = "Words or examples one a line, or the pattern"
RULE_APPLIES_TO = "Where it looks"
RULE_ROLES = {"question": "Questions", "answer": "Answers"}
RULE_ACTION = "What happens"
RULE_ACTIONS = {
    "refuse": "The message is shown as a refusal",
    "redirect": "The message is shown as the answer",
    "flag": "Nothing; it is marked for moderators",
}
RULE_MESSAGE = "Message"
ID = "Its name (small letters, digits, dashes)"
TRY_RULE = "Try the rule"
TRYING_RULE = "Trying the rule; you can go on meanwhile"
SO_FAR = "({done:,} of {of:,} questions asked)"
SAVE_RULE = "Save this rule and resolve"
TRIED = "Tried on {n:,} questions and reports."
TRIED_FLAGS = "It would only mark what follows."
STOPS_CASE = "It stops the reported case."
MISSES_CASE = "It does not stop the reported case."
STOPS_GOOD = "Rightly stopped: {n:,}"
STOPS_BAD = "Wrongly stopped: {n:,}"
STOPS_OPEN = "Stopped, for you to judge: {n:,}"
MORE_HITS = "and {n:,} more"
CASE_QUESTION = "Question"
CASE_MUST = "What the answer must hold, one a line"
CASE_MUST_NOT = "What it must not hold, one a line"
CASE_STATUS = "How it must end"
CASE_ANY_STATUS = "in any way"
TRY_CASE = "Try the case"
TRYING_CASE = "Asking the question; you can go on meanwhile"
SAVE_CASE = "Add this case and resolve"
CASE_PASSES = "It passes today."
CASE_FAILS = "It does not pass today: {why}."
CASE_NOW = "The answer today"

# Insight
INSIGHT_PAGE = "Insight"
INSIGHT_TITLE = "How the reports are doing"
INSIGHT_PERIOD = "Look back on"
INSIGHT_PERIODS = {30: "30 days", 90: "90 days", 365: "A year"}
INSIGHT_OPEN = "Open now"
INSIGHT_FIRST_LOOK = "Until a first look (median)"
INSIGHT_RESOLUTION = "Until closed (median)"
INSIGHT_NEW = "New"
INSIGHT_CLOSED = "Closed"
INSIGHT_LEFT = "Open"
INSIGHT_WHEN = "When"
INSIGHT_IN_ALL = "{n:,} in all"
INSIGHT_PER_DAY = "at most {most:,} a day"
INSIGHT_PER_DAYS = "at most {most:,} in {days} days"
INSIGHT_AT_MOST = "at most {n:,}"
INSIGHT_FROM = "{day} and {n} days on"
INSIGHT_TABLE = "The figures as a table"
INSIGHT_BY_DOCUMENT = "By the document that was cited"
INSIGHT_BY_MODEL = "By the model that answered"
INSIGHT_OTHER_KINDS = "{n:,} of other kinds"
INSIGHT_NOTHING = "No report came in that time."
ENDINGS_TITLE = "How questions ended"
OPEN_TOPICS_TITLE = "Asked about and left open"
OPEN_TOPICS_TOLD = "in the corpus’s words, not the questions’"
TIMES_TITLE = "How long answers took"
TIMES_TOLD = "half of them {half}, 95 of 100 {most}"
TIMES_UP_TO = "up to {seconds} s"
TIMES_LONGER = "over {seconds} s"
WAITING_TITLE = "What waits, by age"
WAITING_AGES: dict[int | None, str] = {
    1: "For less than a day",
    7: "For up to a week",
    30: "For up to a month",
    None: "For over a month",
}
ENDINGS_NONE = "No question was asked in that time."
TAKE_AWAY = "To take away"
FIGURES_CSV = "Figures (CSV)"
FIGURES_JSON = "Figures (JSON)"
REPORTS_CSV = "All reports (CSV)"
REPORTS_JSONL = "All reports (JSON Lines)"
REPORTS_HOLD = (
    "Reports hold what people wrote. Keep the file as you would keep the reports, and remove it "
    "when you are done: a report that is purged here stays in it."
)
INDEX_TITLE = "How the index is doing"
INDEX_DOCUMENTS = "Documents"
INDEX_PASSAGES = "Passages"
INDEX_SIZE = "On disk"
INDEX_MADE = "Generation {n}, made on {when} UTC."
INDEX_WELL = "Every document is indexed as it is."
INDEX_FAILED = "Could not be read"
INDEX_STALE = "Could not be read again; the last good version answers"
INDEX_SUSPICIOUS = "Gives orders to a model; such passages are never quoted"
INDEX_CHANGED = "Changed since; run reindex"
INDEX_WARNINGS = "Noticed while reading"
INDEX_MORE = "and {n:,} more"

# Run again
RUN_AGAIN = "Run again"
RUN_AGAIN_HELP = "Asks the question with today's index, model and rules; nothing is saved."
RUNNING_AGAIN = "Asking the question again; you can go on meanwhile"
RUN_SAME = "A person would see the same as before."
RUN_DIFFERS = "A person would see something else now."
KEEP_AS_NOTE = "Keep as a note"

# Sources opened in their documents
SOURCE_PAGE = "Source"
SOURCE_OF = "Source"
PASSAGE_OF = "Part {n:,} of {of:,}"
ROW_OF = "Row {n:,}"
PREVIOUS_PASSAGE = "Previous"
NEXT_PASSAGE = "Next"
THE_PASSAGE = "The part that is meant"
PAGE_PICTURE = "Page {n} of {title}. The text above is marked in it."
PAGE_PICTURE_PLAIN = "Page {n} of {title}."
PAGE_PICTURE_FAILED = "The page cannot be drawn here; its text is above."
OWN_PAGE = "Open on a page of its own"
DOWNLOAD_DOCUMENT = "Download the document"
DOWNLOAD_ARCHIVE = "Download the archive"
IN_ARCHIVE = "This document came in the archive {name}, where you find the whole of it."
FILE_GONE = "The file is no longer among the sources, so it cannot be downloaded."
FILE_CHANGED = "The file has been changed since the bot read it; what you see here is older."
NO_SOURCE = "There is no such source."
NO_SOURCE_HINT = "It may have been taken out since, or the link may have a typing error."
GIVES_ORDERS = "This part tries to give orders to an AI. No AI is shown it, and it is never quoted."
NOT_DATED = "not dated"

# Browse
BROWSE_PAGE = "Browse"
BROWSE_TITLE = "What the answers come from"
BROWSE_INTRO = "Everything that the bot knows is here: {what}. Last read on {when}."
AND = " and "
N_DOCUMENTS = "{n:,} documents"
ONE_DOCUMENT = "1 document"
N_ROWS = "{n:,} {many}"
SEARCH_CORPUS = "Search the documents"
SEARCH_CORPUS_HELP = "Words or a question"
FOUND_NOTHING = "Nothing was found."
FOUND_FOR = "What comes nearest, best first"
SHELF_DOCUMENTS = "Documents"
SHELF = "Show"
ONLY_KIND = "Only this kind"
ONLY_REMARKS = "Only those with remarks"
N_PAGES = "{n:,} pages"
READ = "Read"
READ_NAMED = "Read {title}"
FAILED_BADGE = "failed"
STALE_BADGE = "out of date"
SUSPICIOUS_BADGE = "suspicious"
REMARKS_BADGE = "remarks"
FAILED_MEANS = "This file could not be read: {reason}"
STALE_MEANS = "The newest version could not be read ({reason}), so an older one is shown."
REMARKS = "What was noticed when it was read ({n})"
SHOWN_OF = "{first:,} to {last:,} of {total:,}"
NO_ROWS = "No row fits. Try fewer conditions."
NO_DOCUMENTS = "No document fits."
PREVIOUS_PAGE = "Previous page"
NEXT_PAGE = "Next page"
PAGE_NUMBER = "Page (of {n:,})"
NAME_HOLDS = "Name"
NAME_HOLDS_HELP = "A part of a name"
COLUMNS = "Columns"
SORT_COLUMN = "Sort by"
DESCENDING = "Highest first"
ROW_FILTERS = "Conditions"
ROW_FILTERS_ON = "Conditions ({n})"
AT_LEAST = "{label}: at least"
AT_MOST = "{label}: at most"
FILTER_FIGURE = "A figure"
ROWS_TABLE = "Rows; scrolls sideways"

# Compare
COMPARE_PAGE = "Compare"
COMPARE_TITLE = "Compare {many}"
COMPARE_INTRO = "Pick up to {n} {many} and the figures that matter to you."
FIND_ENTITY = "Find a {one}"
FIND_ENTITY_HELP = "Begin to type its name or another name for it"
PICK_FIELDS = "Figures, up to {n}"
COMPARE_WHICH = "Compare"
COMPARE_NO_TABLE = "There is no table among the sources, so there are no figures to compare."
REMOVE_PICKED = "Remove {name}"
MATCHES = "{n} found; pick one"
NO_MATCHES = "No name begins like that."
COMPARE_START = "Pick two or more to see them side by side."
COMPARE_ONE_MORE = "Pick one more to compare it with."
COMPARE_NO_FIELD = "Pick a figure to see."
COMPARE_LINK = "A link to this comparison"
SOME_GONE = "{n} of those in the link are not in the data any more."

# About
ABOUT_PAGE = "About"
ABOUT_TITLE = "About this bot"
ABOUT_WHAT = "What it knows"
ABOUT_CAN = "What it can do"
ABOUT_WILL_NOT = "What it will not do"
ABOUT_WILL_NOT_LINES = (
    "It answers only from the documents and tables listed here. What they do not say, it says that "
    "it does not know.",
    "It has no opinions and gives no advice of its own.",
    "It remembers nothing of you, and looks nothing up on the internet.",
)
ABOUT_ASKED_ELSE = "Asked about anything else, it says: “{refusal}”"
ABOUT_HOW = "How an answer is made"
ABOUT_HOW_FIGURES = (
    "Figures are read from the tables by a program. No AI touches a figure, and each one has the "
    "row that it comes from."
)
ABOUT_HOW_QUOTES = (
    "Explanations come from the documents, with the place that says so. A sentence that its place "
    "does not support is left out."
)
ABOUT_WRONG = (
    "It can still be wrong: a document may be mistaken or old, and a question may be "
    "misunderstood. Look at the source before you rely on an answer."
)
ABOUT_SOURCES = "Where it all comes from"
ABOUT_FIGURES = "Where the figures come from"
ABOUT_INDEXED = "Read on {when}; version {n} of the sources."
ABOUT_TROUBLE = "{n} of them have problems; the page “Browse” marks which."
ABOUT_MODEL = "Which AI it uses"
MODEL_FOR_ANSWERS = "Writes or chooses sentences"
MODEL_FOR_SEARCH = "Finds the right places"
MODEL_LICENCE = "Licence"
MODEL_DIGEST = "Fingerprint"
MODEL_WHERE = "Where it runs"
RUNS_HERE = "on the machine that this page comes from"
RUNS_OLLAMA = "on a server of whoever runs this bot (Ollama)"
RUNS_ELSEWHERE = "at a provider, who is sent your question and the texts found for it"
LICENCE_UNKNOWN = "as its provider says"
DIGEST_UNKNOWN = "its provider tells none"
ABOUT_DIGEST_MEANS = (
    "The fingerprint is worked out from the model's file. If the file is not the one that was "
    "checked, the bot stops answering."
)
ABOUT_STORED = "What is stored"
STORED_CONVERSATION = "Your conversation"
STORED_CONVERSATION_LONG = "in memory only, until you close the page"
STORED_QUESTION = "A question that you do not report"
STORED_QUESTION_LONG = "not stored"
STORED_REPORT = "A report that you send"
STORED_REPORT_LONG = (
    "until it is deleted, which whoever runs this bot may do {days} days after it was closed; "
    "e-mail addresses, telephone, card and account numbers are blacked out first"
)
STORED_ASKED = "How often the same question is asked"
STORED_ASKED_LONG = "as a number beside a fingerprint of the question, not its words"
STORED_COUNTS = "How many questions a day ended in which way"
STORED_COUNTS_LONG = "for good; no words of any question"
STORED_OPEN = "What unanswered questions were about"
STORED_OPEN_LONG = (
    "for {days} days, as numbers beside the names that the documents and tables have for things; "
    "no words of any question"
)
STORED_ADDRESS = "Your network address"
STORED_ADDRESS_LONG = "in memory for a minute, to limit how many questions come at once"
ABOUT_REPORT = "If something is wrong"
ABOUT_REPORT_HOW = (
    "Below every answer is “{button}”. Press it, choose what is wrong, and you get a reference. "
    "A person looks at it, and under “{page}” you can see what became of it."
)


def day(when: datetime) -> str:
    """Return a day as people write it: "21 November 2026"."""
    return f"{when.day} {when:%B %Y}"


def moment(when: datetime) -> str:
    """Return a moment in UTC: "21 Nov 2026, 11:58 UTC"."""
    return f"{when.day} {when:%b %Y, %H:%M} UTC"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit: "3 h ago"."""
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else f"{minutes // 1440} d ago"
