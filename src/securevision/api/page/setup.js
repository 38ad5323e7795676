// The first administrator.

import { send } from "/page/api.js";
import { onSubmit } from "/page/forms.js";
import { takeCode } from "/page/links.js";
import { newPassword, watchNewPassword } from "/page/new-password.js";
import { goTo } from "/page/session.js";

const form = document.getElementById("form");
const code = takeCode();

document.getElementById("form-panel").hidden = code === null;
document.getElementById("no-code").hidden = code !== null;
addEventListener("hashchange", () => location.reload());
form.elements.name.focus();
watchNewPassword(form);
onSubmit(form, async () => {
  const body = { code, name: form.elements.name.value, password: newPassword(form) };
  const { next } = await send("POST", "/api/v1/setup", body);
  await goTo(next === "done" ? "/" : "/account");
});
