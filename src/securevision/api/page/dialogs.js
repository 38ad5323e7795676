// The dialogues of the account page that ask or show something and are gone.

import { Cancelled } from "/page/forms.js";

const at = (id) => document.getElementById(id);

/** Open a dialogue; resolves once it is closed, with what `close` was given, or "" when it was cancelled. */
export function open(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Ask before something cannot be undone. Throws Cancelled unless the answer is yes. */
export async function confirm(question, details, yes) {
  at("confirm-title").textContent = question;
  at("confirm-details").textContent = details;
  at("confirm-yes").textContent = yes;
  if ((await open(at("confirm"))) !== "yes") throw new Cancelled();
}

/** Show a secret or a link, this once. */
export async function showOnce(title, details, secret) {
  at("once-title").textContent = title;
  at("once-details").textContent = details;
  at("once-secret").textContent = secret;
  at("once-copied").textContent = "";
  await open(at("once"));
  at("once-secret").textContent = "";
}

/** Show new recovery codes, this once. Nothing to show is fine. */
export async function showRecoveryCodes(codes) {
  if (codes.length === 0) return;
  const text = `SecureVision, recovery codes for ${location.host}\n\n${codes.join("\n")}\n`;
  const file = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  at("codes-list").replaceChildren(...codes.map((code) => {
    const item = document.createElement("li");
    item.textContent = code;
    return item;
  }));
  at("codes-file").href = file;
  at("codes-copied").textContent = "";
  await open(at("codes"));
  at("codes-list").replaceChildren();
  at("codes-file").removeAttribute("href");
  URL.revokeObjectURL(file);
}

/** Copy what a button names in `data-copies`, and tell so in the place it names in `data-tells`. */
async function copy({ dataset }) {
  const source = at(dataset.copies);
  const text = [...source.children].map((child) => child.textContent).join("\n") || source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    at(dataset.tells).textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(source);
    at(dataset.tells).textContent = "It is selected; copy it with the keyboard.";
  }
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", () => copy(button));
}
for (const button of document.querySelectorAll("dialog [data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close(button.dataset.closes));
}
for (const dialog of document.querySelectorAll("dialog[data-once]")) {
  // What is shown once must not vanish by a slip on the Escape key; for browsers without `closedby`.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
}
