// The page of one camera: what it sees now, how it is, and what was recorded of it.

import { Refused } from "/page/api.js";
import { BoxPainter } from "/page/boxes.js";
import { Player } from "/page/player.js";
import { Recordings } from "/page/recordings.js";
import { describeState } from "/page/camera-states.js";
import { ask, ended, enter, signOut } from "/page/session.js";

const LOOK_EVERY_MS = 5_000;
const STILL_PAUSE_MS = 150;
const STILL_RETRY_MS = 3_000;

const at = (id) => document.getElementById(id);
const camera = new URLSearchParams(location.search).get("id") ?? "";
const painter = new BoxPainter(at("boxes"));
const recordings = new Recordings({ camera, list: at("recordings"), fault: at("recordings-fault") });
let stills = false;

const player = new Player(at("video"), {
  playing: () => {
    stills = false;
    shows("video");
  },
  boxes: (boxes) => painter.take(boxes),
  unplayable: showStills,
  waiting: () => waits("Connecting"),
  ended,
  refused: () => fail("This camera is not for you any more."),
});

function shows(what) {
  at("waiting").hidden = true;
  at("video").hidden = what !== "video";
  at("still").hidden = what !== "still";
}

function waits(words) {
  at("waiting").textContent = words;
  at("waiting").hidden = false;
}

/** Show one picture after the other, where the browser cannot decode the camera's video. */
async function showStills() {
  if (stills) return;
  stills = true;
  while (stills) {
    const url = `/api/v1/cameras/${encodeURIComponent(camera)}/picture.jpg`;
    const response = await fetch(url).catch(() => null);
    if (response?.status === 401) return void ended();
    if (response?.ok && stills) {
      const before = at("still").src;
      at("still").src = URL.createObjectURL(await response.blob());
      if (before) URL.revokeObjectURL(before);
      shows("still");
    }
    await new Promise((resolve) => setTimeout(resolve, response?.ok ? STILL_PAUSE_MS : STILL_RETRY_MS));
  }
}

async function look() {
  const cameras = await ask("GET", "/api/v1/cameras").catch(() => []);
  const found = cameras.find(({ id }) => id === camera);
  if (found === undefined) return;
  const [tone, words] = describeState(found.state);
  if (at("camera-state").textContent !== words) at("camera-state").textContent = words; // Said once.
  at("camera-state").dataset.tone = tone;
  at("camera-detail").textContent = found.detail;
  at("camera-detail").hidden = !found.detail;
  at("facts").textContent = factsOf(found);
  if (found.state !== "live") waits("No picture just now");
}

function factsOf({ codec, width, height, fps_in: fps, fps_analysed: analysed, latency_ms: latency }) {
  if (!codec) return "";
  const parts = [`${codec.toUpperCase()} ${width} × ${height}`, `${fps.toFixed(1)} pictures a second`];
  if (analysed > 0) parts.push(`${analysed.toFixed(1)} analysed`, `known after ${latency} ms`);
  return parts.join(", ");
}

function fail(sentence) {
  stills = false;
  player.stop();
  at("view").hidden = true;
  at("fault").textContent = sentence;
  at("no-entry").hidden = false;
}

async function start() {
  const person = await enter();
  const may = (permission) => person.permissions.includes(permission);
  at("states").hidden = false;
  at("account").hidden = person.user_id === null;
  at("account").textContent = person.name;
  at("account").ariaLabel = `Account of ${person.name}`;
  at("camera-name").textContent = camera;
  document.title = `${camera} – SecureVision`;
  const known = may("health:read") ? await ask("GET", "/api/v1/cameras") : [];
  if (!known.some(({ id }) => id === camera)) return fail("There is no such camera, or it is not for you.");
  if (!may("live:view")) return fail("You may not see what this camera sees now.");
  at("view").hidden = false;
  player.start(camera);
  look();
  setInterval(look, LOOK_EVERY_MS);
  paint();
  if (may("recordings:read")) {
    at("recordings-section").hidden = false;
    recordings.begin(may("recordings:manage"));
  }
  return undefined;
}

function paint() {
  painter.paint(at("video"), player.shownAt());
  requestAnimationFrame(paint);
}

at("sign-out").addEventListener("click", () => {
  player.stop();
  signOut();
});
start().catch((error) => {
  if (!(error instanceof Refused)) throw error;
  fail(error.message);
});
