// The password of somebody who was invited, or who has forgotten theirs.

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
form.elements.password.focus();
watchNewPassword(form);
onSubmit(form, async () => {
  await send("POST", "/api/v1/invitation", { code, password: newPassword(form) });
  await goTo("/sign-in#password-set");
});
