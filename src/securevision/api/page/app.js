// The page: signing in, the camera's state, and the list of events.

import { Cards, title } from "/page/cards.js";
import { Live } from "/page/live.js";
import { SignedOut, call, signInWithCode, signInWithToken, signOut, whenEnded } from "/page/session.js";

const HEALTH_EVERY_MS = 10_000;
const SOURCE_STATES = {
  live: ["good", "live"],
  connecting: ["wait", "connecting"],
  backing_off: ["bad", "not reachable"],
  refused: ["bad", "refused us"],
  ended: ["wait", "ended"],
};

const at = (id) => document.getElementById(id);
const cards = new Cards(at("cards"));
const live = new Live({
  open() {
    state("connection", "good", "Connected");
    load();
  },
  event(event) {
    show([event]);
    if (event.version === 1) at("news").textContent = `${title(event)}, ${event.frame_source_id}`;
  },
  waiting: () => state("connection", "bad", "Reconnecting"),
});
let health = null;

function state(id, tone, text, detail = "") {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text; // Said once, not at each look.
  element.dataset.tone = tone;
  element.title = detail;
}

function show(events) {
  if (at("events").hidden) return; // Somebody signed out while we were asking.
  for (const event of events) cards.put(event);
  at("empty").hidden = cards.size > 0;
}

/** Fetch the newest events: the history at first, and after a pause whatever was missed. */
async function load() {
  try {
    show((await (await call("/api/v1/events?limit=100")).json()).events);
  } catch (error) {
    if (!(error instanceof SignedOut)) state("connection", "bad", "Events cannot be read", error.message);
  }
}

async function look() {
  try {
    const { source } = await (await call("/api/v1/health")).json();
    const [tone, words] = SOURCE_STATES[source.state];
    state("source", tone, `${source.id}: ${words}`, source.detail);
  } catch (error) {
    if (!(error instanceof SignedOut)) state("source", "wait", "Camera unknown", error.message);
  }
}

function enter() {
  at("fault").hidden = true;
  at("api-token").value = "";
  at("sign-in").hidden = true;
  at("states").hidden = at("events").hidden = false;
  state("connection", "wait", "Connecting");
  live.start();
  look();
  clearInterval(health);
  health = setInterval(look, HEALTH_EVERY_MS);
}

function leave(reason = "") {
  live.stop();
  clearInterval(health);
  cards.clear();
  at("empty").hidden = at("states").hidden = at("events").hidden = true;
  at("news").textContent = "";
  at("sign-in").hidden = false;
  at("fault").textContent = reason;
  at("fault").hidden = !reason;
}

async function attempt(signIn) {
  try {
    await signIn;
  } catch (error) {
    leave(error instanceof SignedOut ? error.message : "The server cannot be reached.");
    return;
  }
  enter();
}

/** Use the code of a link, and take it out of the address bar and the history first. */
function followLink() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return false;
  history.replaceState(null, "", location.pathname);
  attempt(signInWithCode(code));
  return true;
}

whenEnded(leave);
addEventListener("hashchange", followLink);
at("sign-in-form").addEventListener("submit", (submission) => {
  submission.preventDefault();
  attempt(signInWithToken(at("api-token").value.trim()));
});
at("sign-out").addEventListener("click", () => {
  signOut();
  leave();
});
if (!followLink()) leave();
