// Signing in: name and password or a passkey, and then the second factor.

import { send } from "/page/api.js";
import { again, attempt, clear, onClick, onSubmit } from "/page/forms.js";
import { passkeysWork, showPasskey } from "/page/passkeys.js";
import { goTo, who } from "/page/session.js";

const NOTES = {
  "#ended": "Your session has ended. Sign in again.",
  "#password-set": "Your password is set. Sign in with it.",
};

const at = (id) => document.getElementById(id);

function proceed({ next, methods }) {
  if (next === "done") return goTo("/");
  if (next === "enrol_factor") return goTo("/account");
  return showSecondStep(methods);
}

function showFirstStep(sentence = "") {
  at("second-step").hidden = true;
  at("first-step").hidden = false;
  clear(at("password-form"));
  at("password-form").querySelector(".fault").textContent = sentence;
  at("name").focus();
}

function showSecondStep(methods) {
  at("note").hidden = true;
  at("first-step").hidden = true;
  at("second-step").hidden = false;
  at("passkey-second").hidden = !methods.includes("passkey") || !passkeysWork();
  at("no-way").hidden = methods.includes("totp") || !at("passkey-second").hidden;
  showCodeForm(methods, methods.includes("totp") ? "totp" : at("no-way").hidden ? null : "recovery_code");
  at("use-recovery").onclick = () => showCodeForm(methods, "recovery_code");
  at("use-totp").onclick = () => showCodeForm(methods, "totp");
}

function showCodeForm(methods, method) {
  const forms = { totp: at("totp-form"), recovery_code: at("recovery-form") };
  for (const [name, form] of Object.entries(forms)) {
    clear(form);
    form.hidden = name !== method || !methods.includes(name);
  }
  at("use-recovery").hidden = method === "recovery_code" || !methods.includes("recovery_code");
  at("use-totp").hidden = method === "totp" || !methods.includes("totp");
  const target = method === null ? at("passkey-second").querySelector("button") : forms[method].elements.code;
  target.focus();
}

/** Send the second factor. When the first one has grown too old meanwhile, it is asked for again. */
async function sendSecond(path, body) {
  try {
    await proceed(await send("POST", path, body));
  } catch (error) {
    if (error.status !== 401 || (await who()) !== null) throw error;
    showFirstStep(error.message);
  }
}

function onCode(form, path) {
  onSubmit(form, async () => {
    const { code } = form.elements;
    try {
      await sendSecond(path, { code: code.value.trim() });
    } catch (error) {
      again(code);
      throw error;
    }
  });
}

function onPasskey(place, deliver) {
  onClick(place.querySelector("button"), place.querySelector(".fault"), async () => {
    const credential = await showPasskey(await send("POST", "/api/v1/login/passkey-options"));
    await deliver("/api/v1/login/passkey", { credential });
  });
}

onSubmit(at("password-form"), async () => {
  const { name, password } = at("password-form").elements;
  let answer;
  try {
    answer = await send("POST", "/api/v1/login", { name: name.value, password: password.value });
  } catch (error) {
    again(password);
    throw error;
  }
  await proceed(answer);
});
onCode(at("totp-form"), "/api/v1/login/totp");
onCode(at("recovery-form"), "/api/v1/login/recovery-code");
onPasskey(at("passkey-alone"), async (path, body) => proceed(await send("POST", path, body)));
onPasskey(at("passkey-second"), sendSecond);
at("passkey-alone").hidden = !passkeysWork();
at("start-over").addEventListener("click", async () => {
  await send("DELETE", "/api/v1/session").catch(() => {});
  showFirstStep();
});

at("note").textContent = NOTES[location.hash] ?? "";
at("note").hidden = !at("note").textContent;
history.replaceState(null, "", location.pathname);
attempt(at("first-step"), at("password-form").querySelector(".fault"), async () => {
  const person = await who();
  if (person !== null) await proceed(person);
});
