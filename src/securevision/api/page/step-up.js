// Proving again who one is, before the most sensitive things.

import { open } from "/page/dialogs.js";
import { Cancelled, clear, onClick, onSubmit } from "/page/forms.js";
import { passkeysWork, showPasskey } from "/page/passkeys.js";
import { ask, ended, who } from "/page/session.js";

const STEP_UP = "/api/v1/session/step-up";

const at = (id) => document.getElementById(id);
const dialog = at("step-up");
const form = at("step-up-form");
let asking = null;

/** As `ask`; when the server wants to know again who it is, the dialogue opens and the request is repeated. */
export async function call(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    if (error.code !== "step_up_required") throw error;
  }
  asking ??= proveAgain().finally(() => { asking = null; });
  await asking;
  return ask(method, path, body);
}

async function proveAgain() {
  const person = await who();
  if (person === null) return ended();
  const hasFactor = person.methods.length > 0;
  clear(form);
  at("step-up-passkey").querySelector(".fault").textContent = "";
  at("step-up-passkey").hidden = !person.methods.includes("passkey") || !passkeysWork();
  at("step-up-code").hidden = !hasFactor;
  form.elements.code.required = hasFactor;
  form.elements.username.value = person.name;
  wantApp(person.methods.includes("totp"));
  at("step-up-swap").hidden = !["totp", "recovery_code"].every((method) => person.methods.includes(method));
  if ((await open(dialog)) !== "proved") throw new Cancelled();
  return undefined;
}

/** Ask for the code of the app, or for a recovery code. */
function wantApp(app) {
  const { code } = form.elements;
  code.value = "";
  code.inputMode = app ? "numeric" : "text";
  code.autocomplete = app ? "one-time-code" : "off";
  at("step-up-code-label").textContent = app ? "Code from your authenticator app" : "Recovery code";
  at("step-up-swap").textContent = app ? "Use a recovery code" : "Use the authenticator app";
  at("step-up-swap").onclick = () => {
    wantApp(!app);
    code.focus();
  };
}

onSubmit(form, async () => {
  const { password, code } = form.elements;
  const proof = { password: password.value };
  if (!at("step-up-code").hidden) proof.code = code.value.trim();
  try {
    await ask("POST", STEP_UP, proof);
  } catch (error) {
    code.value = "";
    password.select();
    throw error;
  }
  form.reset();
  dialog.close("proved");
});
onClick(at("step-up-passkey").querySelector("button"), at("step-up-passkey").querySelector(".fault"), async () => {
  const credential = await showPasskey(await ask("POST", `${STEP_UP}/passkey-options`));
  await ask("POST", STEP_UP, { credential });
  dialog.close("proved");
});
