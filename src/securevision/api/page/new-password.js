// Choosing a password. The server judges it; this says early what can be said early.

import { Refused } from "/page/api.js";

const SHORTEST = 15;

/** Make the fields `password` and `repeated` of a form tell how they are doing. */
export function watchNewPassword(form) {
  const { password, repeated } = form.elements;
  const [long, same] = [password, repeated].map((field) => document.getElementById(field.getAttribute("aria-describedby")));
  const look = () => {
    const missing = SHORTEST - [...password.value.normalize("NFC")].length;
    say(long, missing <= 0, missing <= 0 ? "Long enough." : short(password.value, missing));
    const agree = repeated.value === password.value;
    say(same, agree && repeated.value !== "", repeated.value === "" ? "" : agree ? "The same." : "Not the same yet.");
  };
  const show = form.elements.show;
  const reveal = () => {
    for (const field of [password, repeated]) field.type = show.checked ? "text" : "password";
  };
  form.addEventListener("input", look);
  show.addEventListener("change", reveal);
  form.addEventListener("reset", () => setTimeout(() => [look(), reveal()]));
  look();
}

/** Return the new password. Throws Refused when it was typed in two ways. */
export function newPassword(form) {
  const { password, repeated } = form.elements;
  if (password.value === repeated.value) return password.value;
  repeated.focus();
  throw new Refused("The two passwords are not the same.");
}

function short(value, missing) {
  return value === "" ? `${SHORTEST} characters or more.` : `${missing} more ${missing === 1 ? "character" : "characters"}.`;
}

function say(hint, good, text) {
  hint.textContent = text;
  hint.dataset.tone = good ? "good" : "";
}
