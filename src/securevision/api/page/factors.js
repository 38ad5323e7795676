// The part of the account page about second factors; also all there is for somebody who must set one up first.

import { browserName } from "/page/agents.js";
import { confirm, open, showRecoveryCodes } from "/page/dialogs.js";
import { again, clear, onSubmit } from "/page/forms.js";
import { makePasskey, passkeysWork } from "/page/passkeys.js";
import { dayOf, fill, row } from "/page/rows.js";
import { goTo, who } from "/page/session.js";
import { call } from "/page/step-up.js";

const TOTP = "/api/v1/account/totp";
const PASSKEYS = "/api/v1/account/passkeys";

const at = (id) => document.getElementById(id);
const fault = at("factors-fault");
let enrolling = false;

/** Show somebody's second factors. */
export async function showFactors(person) {
  enrolling = person.next === "enrol_factor";
  const { factors } = person;
  const passkeys = factors.passkeys > 0 ? (await call("GET", PASSKEYS)).passkeys : [];
  fill(at("factors-list"), [
    appRow(factors),
    ...passkeys.map(passkeyRow),
    ...newPasskeyRow(factors),
    ...(factors.totp || factors.passkeys > 0 ? [recoveryRow(factors)] : []),
  ]);
}

async function refresh() {
  if (enrolling) return goTo("/");
  return showFactors(await who());
}

function appRow(factors) {
  const remove = { label: "Remove", work: () => dropped("the authenticator app", TOTP) };
  const lines = [factors.totp ? "Asks for six digits when you sign in." : "An app on your phone shows six digits, new ones every 30 seconds."];
  const acts = [factors.totp ? remove : { label: "Set up", work: setUpApp }];
  return row({ name: "Authenticator app", marks: factors.totp ? ["on"] : [], lines, acts, fault });
}

function passkeyRow({ id, name, created_ms, last_used_ms }) {
  const used = last_used_ms === null ? "not used yet" : `last used ${dayOf(last_used_ms)}`;
  const acts = [{ label: "Remove", work: () => dropped(`the passkey “${name}”`, `${PASSKEYS}/${id}`) }];
  return row({ name, marks: ["passkey"], lines: [`Added ${dayOf(created_ms)}, ${used}`], acts, fault });
}

function newPasskeyRow({ passkeys_offered }) {
  const works = passkeys_offered && passkeysWork();
  const lines = [works
    ? "Your fingerprint, face or security key, instead of a password and a code."
    : "Browsers allow passkeys only over HTTPS at an address with a name, or at localhost."];
  return [row({ name: "Passkey", lines, acts: works ? [{ label: "Add", work: addPasskey }] : [], fault })];
}

function recoveryRow({ recovery_codes }) {
  const lines = [`${recovery_codes} left, each for one sign-in without your other factors.`];
  return row({ name: "Recovery codes", lines, acts: [{ label: "Make new ones", work: newCodes }], fault });
}

async function setUpApp() {
  const { seed, uri, qr_svg } = await call("POST", TOTP);
  // An image cannot run anything, and an SVG as an image cannot fetch anything.
  const picture = URL.createObjectURL(new Blob([qr_svg], { type: "image/svg+xml" }));
  clear(at("totp-form"));
  at("totp-qr").src = picture;
  at("totp-seed").textContent = seed.replace(/(.{4})(?=.)/g, "$1 ");
  at("totp-link").href = uri;
  at("totp-copied").textContent = "";
  const done = await open(at("totp"));
  at("totp-qr").removeAttribute("src");
  at("totp-seed").textContent = "";
  at("totp-link").removeAttribute("href");
  URL.revokeObjectURL(picture);
  if (done) await refresh();
}

async function addPasskey() {
  clear(at("passkey-form"));
  at("passkey-name").value = browserName(navigator.userAgent);
  at("passkey-name").select();
  if (await open(at("passkey"))) await refresh();
}

async function newCodes() {
  await confirm("Make new recovery codes?", "The old ones stop working.", "Make new ones");
  await showRecoveryCodes((await call("POST", "/api/v1/account/recovery-codes")).recovery_codes);
  await refresh();
}

async function dropped(what, path) {
  await confirm(`Remove ${what}?`, "You cannot sign in with it any more.", "Remove");
  await call("DELETE", path);
  await refresh();
}

onSubmit(at("totp-form"), async () => {
  const { code } = at("totp-form").elements;
  let answer;
  try {
    answer = await call("PUT", TOTP, { code: code.value.replaceAll(" ", "") });
  } catch (error) {
    again(code);
    throw error;
  }
  await showRecoveryCodes(answer.recovery_codes);
  at("totp").close("done");
});
onSubmit(at("passkey-form"), async () => {
  const credential = await makePasskey(await call("POST", `${PASSKEYS}/options`));
  const answer = await call("POST", PASSKEYS, { name: at("passkey-name").value, credential });
  await showRecoveryCodes(answer.recovery_codes);
  at("passkey").close("done");
});
