// What only the reader's browser can do (ui/in_browser.py). A component of Streamlit gives `data`
// and the element that it may fill; whatever is in `data` is shown as text, never as markup.

const shown = (globalThis.gkShown ??= new Set());

// Bring a new question to the top, once, so that its answer begins in sight. What is asked may be
// drawn a moment after this runs.
function bringUp(key, patience = 60) {
  const question = document.querySelector(`.st-key-gk-exchange-${key} .gk-question`);
  if (question) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    question.scrollIntoView({ block: "start", behavior: calm ? "instant" : "smooth" });
  } else if (patience) {
    requestAnimationFrame(() => bringUp(key, patience - 1));
  }
}

// A screen reader is told what comes, in an element that is there before it comes.
function announce() {
  const thread = document.querySelector(".st-key-gk-thread");
  thread?.setAttribute("role", "log");
  thread?.setAttribute("aria-live", "polite");
}

// The Clipboard API is only there on https and on this very machine.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("not copied");
}

function offerCopy(place, { text, label, copied, failed }) {
  const button = place.querySelector("button");
  const say = (words) => (button.lastElementChild.textContent = words);
  say(label);
  button.onclick = async () => {
    say(await copy(text).then(() => copied, () => failed));
    setTimeout(say, 2500, label);
  };
}

// A press on a source opens it beside the page, unless the reader wants it in a tab of its own.
function openBeside(event) {
  const link = event.target.closest?.(":is(.gk-cite, .gk-open)");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || !globalThis.gkOpen || !link.closest(":is(.st-key-gk-thread, .st-key-gk-wide-compare)")) return;
  event.preventDefault();
  globalThis.gkOpen(link.id || link.hash.slice(1));
  returnTo(link);
}

// When the drawer has gone the reader is where it was opened, unless they went on to type. A run of
// the script may take it away and bring it back, so it has gone only when it stays away.
function returnTo(link) {
  const open = () => document.querySelector('.stDialog [role="dialog"]') !== null;
  let opened = false, waiting;
  const watcher = new MutationObserver(() => {
    opened ||= open();
    clearTimeout(waiting);
    if (!opened || open()) return;
    waiting = setTimeout(() => {
      if (open()) return;
      watcher.disconnect();
      if (!document.activeElement?.matches("input, textarea")) link.focus();
    }, 200);
  });
  watcher.observe(document.body, { childList: true, subtree: true });
}

// What is meant may stand far down in its document's text, or in its row: begin with it, a little
// below the top. It may be drawn a moment after this runs, and moved once more while a drawer opens.
function showPassage(patience = 60) {
  const passage = document.querySelector(".gk-marked, .gk-meant");
  if (!passage && patience) requestAnimationFrame(() => showPassage(patience - 1));
  const top = passage?.getBoundingClientRect().top ?? 0;
  if (top > innerHeight / 2 || top < 0) {
    passage.scrollIntoView({ block: "start", behavior: "instant" });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (data.sources) {
    globalThis.gkOpen = (id) => setTriggerValue("source", id);
    globalThis.gkHears ??= (document.addEventListener("click", openBeside), true);
  }
  if (data.text !== undefined) offerCopy(parentElement, data);
  if (data.passage && parentElement.gkPassage !== data.passage) {
    parentElement.gkPassage = data.passage;
    showPassage();
    setTimeout(showPassage, 600);
  }
  if (data.question) announce();
  if (data.question && !shown.has(data.question)) {
    shown.add(data.question);
    bringUp(data.question);
  }
  if (data.focus && !shown.has(data.focus)) {
    shown.add(data.focus);
    document.querySelector('[data-testid="stChatInputTextArea"]')?.focus();
  }
}
