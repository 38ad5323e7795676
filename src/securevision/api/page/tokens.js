// The part of the account page about programs and screens.

import { cameraWords, choice, chosenCameras, offerCameras } from "/page/camera-choice.js";
import { confirm, open, showOnce } from "/page/dialogs.js";
import { clear, onClick, onSubmit } from "/page/forms.js";
import { dayOf, fill, momentOf, row } from "/page/rows.js";
import { call } from "/page/step-up.js";

const TOKENS = "/api/v1/tokens";
const SCOPES = {
  "events:read": "Read events",
  "crops:read": "See their pictures",
  "crops:live": "See pictures of what has just happened",
  "stream:read": "Follow events as they happen",
  "live:view": "See what the cameras see now",
  "health:read": "See how the cameras are",
  "events:delete": "Delete old events",
  "schema:read": "Read the description of the API",
  "metrics:read": "Read the server's metrics",
  "audit:read": "Read the audit log",
};
const USUAL = ["events:read", "crops:read", "stream:read", "health:read"];
const WHAT_A_SCREEN_SHOWS = "Shows what happens now, and nothing of the past";

const at = (id) => document.getElementById(id);
const form = at("token-form");
const fault = at("tokens-fault");
let person = null;
let owners = new Map();

/** Show tokens; `names` tells the owners of those that are somebody else's, by id. */
export async function showTokens(who, names) {
  person = who;
  owners = names;
  await refresh();
}

async function refresh() {
  const { tokens } = await call("GET", TOKENS);
  fill(at("tokens-list"), tokens.map(tokenRow));
  at("tokens-none").hidden = tokens.length > 0;
}

function tokenRow(token) {
  const isScreen = token.kind === "display";
  const isMine = token.owner_id === person.user_id;
  const owner = isMine ? [] : [owners.get(token.owner_id) ?? (token.owner_id === null ? "nobody's" : "somebody else's")];
  const used = token.last_used_ms === null ? "not used yet" : `last used ${momentOf(token.last_used_ms)}`;
  const scopes = token.scopes.map((scope) => SCOPES[scope] ?? scope).join("; ");
  const acts = [{ label: "Revoke", work: () => revoke(token) }];
  if (isScreen && isMine) acts.unshift({ label: "New link", work: () => newLink(token) });
  return row({
    name: token.name,
    marks: [isScreen ? "screen" : "program", ...owner],
    lines: [
      isScreen ? WHAT_A_SCREEN_SHOWS : scopes,
      `${cameraWords(token.cameras)}${token.network ? `, only from ${token.network}` : ""}`,
      `Until ${dayOf(token.expires_ms)}, ${used}`,
    ],
    acts,
    fault,
  });
}

async function make() {
  const cameras = await call("GET", "/api/v1/cameras");
  const offered = Object.entries(SCOPES).filter(([scope]) => person.permissions.includes(scope));
  clear(form);
  at("token-scopes-list").replaceChildren(...offered.map(([scope, text]) => choice(scope, USUAL.includes(scope), text)));
  offerCameras(at("token-cameras"), cameras.map(({ id }) => id), null);
  showKind();
  await open(at("token"));
}

function showKind() {
  const isScreen = form.elements.kind.value === "display";
  at("token-scopes").hidden = at("token-network").hidden = isScreen;
  at("token-kind-hint").textContent = isScreen
    ? `${WHAT_A_SCREEN_SHOWS}. You get a link to open on it.`
    : "Another program reads the API. You get a token to give to it.";
}

function draft() {
  const { name, kind, days, network } = form.elements;
  const common = { name: name.value, kind: kind.value, cameras: chosenCameras(at("token-cameras")), expires_in_days: days.valueAsNumber };
  if (kind.value === "display") return common;
  const ticked = at("token-scopes-list").querySelectorAll("input:checked");
  return { ...common, scopes: [...ticked].map((box) => box.value), network: network.value.trim() || null };
}

async function newLink({ id, name }) {
  await showLink(name, await call("POST", `${TOKENS}/${id}/link`));
}

async function revoke({ id, name }) {
  await confirm(`Revoke “${name}”?`, "It stops working at once.", "Revoke");
  await call("DELETE", `${TOKENS}/${id}`);
  await refresh();
}

function showLink(name, { link }) {
  return showOnce(`Link for “${name}”`, "Open it on the screen within 30 minutes. It works once.", link);
}

onClick(at("token-make"), fault, make);
form.addEventListener("change", showKind);
onSubmit(form, async () => {
  const made = await call("POST", TOKENS, draft());
  at("token").close("done");
  if (made.kind === "display") await showLink(made.name, made);
  else await showOnce(`Token “${made.name}”`, "Give it to the program now: it is not shown again.", made.token);
  await refresh();
});
