// Forms that a script sends: the page's content policy lets no form send itself.

/** A person changed their mind; there is nothing to tell. */
export class Cancelled extends Error {}

/** Run `work` when the form is sent, once at a time; its error is shown in the form's `.fault`. */
export function onSubmit(form, work) {
  form.addEventListener("submit", (submission) => {
    submission.preventDefault();
    attempt(form, form.querySelector(".fault"), work);
  });
}

/** The same for a button; `fault` is where its error is shown. */
export function onClick(button, fault, work) {
  button.addEventListener("click", () => attempt(button, fault, work));
}

/** Run `work` unless it runs already; show why it failed in `fault`, without anything else going wrong. */
export async function attempt(busy, fault, work) {
  if (busy.ariaBusy === "true") return;
  busy.ariaBusy = "true";
  fault.textContent = "";
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Cancelled)) fault.textContent = error.message;
  } finally {
    busy.ariaBusy = "false";
  }
}

/** Empty a form, and forget what was wrong. */
export function clear(form) {
  form.reset();
  form.querySelector(".fault").textContent = "";
}

/** Empty a field that was wrong, and go back to it. */
export function again(field) {
  field.value = "";
  field.focus();
}
