// The page of events: who is here, the cameras' states, and what was seen.

import { Refused, send } from "/page/api.js";
import { describeState } from "/page/camera-states.js";
import { Cards, told } from "/page/cards.js";
import { takeCode } from "/page/links.js";
import { Live } from "/page/live.js";
import { ask, ended, enter, signOut, who } from "/page/session.js";

const CAMERAS_EVERY_MS = 10_000;

const at = (id) => document.getElementById(id);
const cards = new Cards(at("cards"));
const live = new Live({
  open() {
    connection("good", "Connected");
    load();
  },
  event(event) {
    show([event]);
    if (event.version === 1) news(told(event));
  },
  waiting: () => connection("bad", "Reconnecting"),
  ended,
  refused: () => connection("bad", "Live events are not for you any more"),
});
let person = null;
let looking = null;

const may = (permission) => person.permissions.includes(permission);
const news = (text) => { at("news").textContent = text; };

function connection(tone, text) {
  if (at("connection").textContent !== text) at("connection").textContent = text; // Said once.
  at("connection").dataset.tone = tone;
}

function show(events) {
  for (const event of events) cards.put(event);
  at("empty").hidden = cards.size > 0;
}

/** Fetch the newest events: the history at first, and after a pause whatever was missed. */
async function load() {
  if (!may("events:read")) return show([]); // A screen shows what happens from now on.
  try {
    show((await ask("GET", "/api/v1/events?limit=100")).events);
  } catch (error) {
    connection("bad", error.message);
  }
  return undefined;
}

async function look() {
  try {
    for (const camera of await ask("GET", "/api/v1/cameras")) showCamera(camera);
  } catch {
    for (const item of at("cameras").children) item.dataset.tone = "wait"; // Nobody knows.
  }
}

function showCamera({ id, state, detail }) {
  const [tone, words] = describeState(state);
  const known = [...at("cameras").children].find((item) => item.dataset.id === id);
  const item = known ?? at("cameras").appendChild(cameraItem(id));
  const text = `${id}: ${words}`;
  if (known && item.textContent !== text) news(text);
  item.dataset.tone = tone;
  item.firstChild.textContent = text;
  item.title = detail;
}

/** Return an empty item for a camera; whoever may see what it sees comes to its page. */
function cameraItem(id) {
  const item = document.createElement("li");
  item.className = "state";
  item.dataset.id = id;
  const name = document.createElement(may("live:view") ? "a" : "span");
  if (name.tagName === "A") name.href = `/camera?id=${encodeURIComponent(id)}`;
  item.append(name);
  return item;
}

function begin() {
  at("no-entry").hidden = true;
  at("states").hidden = false;
  at("account").hidden = person.user_id === null;
  at("account").textContent = person.name;
  at("account").ariaLabel = `Account of ${person.name}`;
  at("screen").hidden = person.user_id !== null;
  at("screen").textContent = person.name;
  at("connection").hidden = at("events").hidden = !may("stream:read");
  at("no-events").hidden = may("stream:read");
  if (!may("stream:read")) return;
  live.start();
  clearInterval(looking);
  if (may("health:read")) {
    look();
    looking = setInterval(look, CAMERAS_EVERY_MS);
  }
}

/** Become the screen that a link is for; a person who is signed in here is asked first. */
async function becomeScreen(code) {
  const present = await who();
  if (present !== null && present.user_id !== null) {
    if (!(await agrees(present.name))) return;
    await send("DELETE", "/api/v1/session");
  }
  await send("POST", "/api/v1/display", { code });
}

function agrees(name) {
  const dialog = at("become-screen");
  at("present-name").textContent = name;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "screen"), { once: true });
  });
}

async function start() {
  const code = takeCode();
  try {
    if (code !== null) await becomeScreen(code);
    person = await enter();
    begin();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    at("fault").textContent = error.message;
    at("no-entry").hidden = false;
  }
}

addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("code")) location.reload();
});
at("sign-out").addEventListener("click", () => {
  live.stop();
  signOut();
});
start();
