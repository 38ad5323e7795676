// The part of the account page about people, for administrators.

import { cameraWords, chosenCameras, offerCameras } from "/page/camera-choice.js";
import { confirm, open, showOnce } from "/page/dialogs.js";
import { clear, onClick, onSubmit } from "/page/forms.js";
import { fill, row } from "/page/rows.js";
import { call } from "/page/step-up.js";

const USERS = "/api/v1/users";
const ROLES = {
  viewer: "Sees events.",
  operator: "Sees events, and may delete old ones.",
  admin: "May do everything, on all cameras.",
  auditor: "Reads the audit log; sees no camera.",
};

const at = (id) => document.getElementById(id);
const form = at("user-form");
const fault = at("users-fault");
let self = null;
let cameras = [];
let changing = null;

/** Show everybody; returns their names by id. */
export async function showUsers(person) {
  self = person.user_id;
  cameras = (await call("GET", "/api/v1/cameras")).map(({ id }) => id);
  return refresh();
}

async function refresh() {
  const { users } = await call("GET", USERS);
  fill(at("users-list"), users.map(userRow));
  return new Map(users.map(({ id, name }) => [id, name]));
}

function userRow(user) {
  const marks = [user.role, ...(user.id === self ? ["you"] : []), ...(user.status === "disabled" ? ["disabled"] : [])];
  const acts = [{ label: "Change", work: () => change(user) }];
  if (user.id !== self) {
    acts.push({ label: "New link", work: () => newLink(user) }, { label: "Remove", work: () => remove(user) });
  }
  const seen = { admin: "All cameras", auditor: "No cameras" }[user.role] ?? cameraWords(user.cameras);
  return row({ name: user.name, marks, lines: [seen, proofs(user)], acts, fault });
}

function proofs({ has_password, totp, passkeys }) {
  if (!has_password) return "Has not set a password yet";
  const factors = [totp ? "authenticator app" : "", passkeys ? `${passkeys} ${passkeys === 1 ? "passkey" : "passkeys"}` : ""];
  return `Password, ${factors.filter(Boolean).join(", ") || "no second factor"}`;
}

async function invite() {
  changing = null;
  show("Invite somebody", "Make the invitation", { name: "", role: "viewer", status: "active", cameras: null });
  await open(at("user"));
}

async function change(user) {
  changing = user;
  show(`Change ${user.name}`, "Save", user);
  await open(at("user"));
}

function show(title, act, { name, role, status, cameras: chosen }) {
  clear(form);
  at("user-title").textContent = title;
  at("user-act").textContent = act;
  at("user-name-part").hidden = form.elements.name.disabled = changing !== null;
  at("user-status-part").hidden = changing === null;
  form.elements.name.value = name;
  form.elements.role.value = role;
  form.elements.status.value = status;
  offerCameras(at("user-cameras"), cameras, chosen);
  showRole();
}

function showRole() {
  const role = form.elements.role.value;
  at("user-role-hint").textContent = ROLES[role];
  at("user-cameras").hidden = role === "admin" || role === "auditor";
}

function changes({ role, status, cameras: before }) {
  const { elements } = form;
  const after = chosenCameras(at("user-cameras"));
  const body = {};
  if (elements.role.value !== role) body.role = elements.role.value;
  if (elements.status.value !== status) body.status = elements.status.value;
  if (!at("user-cameras").hidden && JSON.stringify(after) !== JSON.stringify(before)) {
    Object.assign(body, after === null ? { all_cameras: true } : { cameras: after });
  }
  return body;
}

async function newLink({ id, name }) {
  const details = "They set a new password with it; their second factors stay.";
  await confirm(`Make a new link for ${name}?`, details, "Make a link");
  await showLink(name, await call("POST", `${USERS}/${id}/invitation`));
}

async function remove({ id, name }) {
  await confirm(`Remove ${name}?`, "Their sessions and tokens end at once.", "Remove");
  await call("DELETE", `${USERS}/${id}`);
  await refresh();
}

function showLink(name, { link }) {
  return showOnce(`Link for ${name}`, "Give it to them: it sets their password, once, within 30 minutes.", link);
}

onClick(at("user-invite"), fault, invite);
form.addEventListener("change", showRole);
onSubmit(form, async () => {
  const { name, role } = form.elements;
  if (changing !== null) {
    const body = changes(changing);
    if (Object.keys(body).length > 0) await call("PATCH", `${USERS}/${changing.id}`, body);
    at("user").close("done");
  } else {
    const seen = at("user-cameras").hidden ? null : chosenCameras(at("user-cameras"));
    const invited = await call("POST", USERS, { name: name.value, role: role.value, cameras: seen });
    at("user").close("done");
    await showLink(invited.user.name, invited);
  }
  await refresh();
});
