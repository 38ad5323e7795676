// The account page: each part shows what its person may do.

import { showFactors } from "/page/factors.js";
import { clear, onClick, onSubmit } from "/page/forms.js";
import { newPassword, watchNewPassword } from "/page/new-password.js";
import { enter, goTo, signOut } from "/page/session.js";
import { showSessions } from "/page/sessions.js";
import { call } from "/page/step-up.js";
import { showTokens } from "/page/tokens.js";
import { showUsers } from "/page/users.js";

const at = (id) => document.getElementById(id);
const form = at("password-form");

async function show(person) {
  if (person.user_id === null) return goTo("/"); // A screen has no account.
  const may = (permission) => person.permissions.includes(permission);
  const enrolling = person.next === "enrol_factor";
  at("who").textContent = enrolling ? person.name : `${person.name}, ${person.role}`;
  at("states").hidden = false;
  at("to-events").hidden = enrolling;
  at("factors-lead").textContent = enrolling
    ? "Your account needs a second factor. Set one up to go on."
    : person.factors.required ? "Your account needs one." : "They keep your account safe when somebody learns your password.";
  form.elements.username.value = person.name;
  // A part is shown once it is complete, so that nothing is pressed too early.
  await showFactors(person);
  at("factors").hidden = false;
  if (may("account:manage")) {
    await showSessions();
    at("password").hidden = at("sessions").hidden = false;
  }
  const names = may("users:manage") ? await showUsers(person) : new Map();
  if (may("tokens:manage")) await showTokens(person, names);
  at("tokens").hidden = !may("tokens:manage");
  at("users").hidden = !may("users:manage");
  return undefined;
}

async function start() {
  at("fault").textContent = "";
  try {
    await show(await enter());
  } catch (error) {
    at("fault").textContent = error.message;
  }
}

watchNewPassword(form);
onSubmit(form, async () => {
  const body = { current: form.elements.current.value, new: newPassword(form) };
  await call("PUT", "/api/v1/account/password", body);
  clear(form);
  at("news").textContent = "Your password is changed; your other browsers are signed out.";
  await showSessions();
});
onClick(at("sign-out"), at("fault"), signOut);
start();
