// Lists of things that one can do something with.

import { onClick } from "/page/forms.js";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const dayOf = (ms) => day.format(ms);
export const momentOf = (ms) => moment.format(ms);

/**
 * Return a row: a name, marks beside it, lines about it, and acts, each `{ label, work }`.
 * Errors of an act are shown in `fault`.
 */
export function row({ name, marks = [], lines = [], acts = [], fault }) {
  const buttons = acts.map(({ label, work }) => {
    const button = element("button", "quiet", label);
    button.type = "button";
    button.ariaLabel = `${label}: ${name}`;
    onClick(button, fault, work);
    return button;
  });
  const head = element("p", "headline");
  head.append(element("strong", "", name), ...marks.map((mark) => element("span", "mark", mark)));
  const what = element("div", "what");
  what.append(head, ...lines.map((line) => element("p", "soft", line)));
  const item = element("li", "row");
  item.append(what);
  if (buttons.length > 0) {
    const side = element("div", "acts");
    side.append(...buttons);
    item.append(side);
  }
  return item;
}

/** Put rows into a list. Whoever stood on a button that is gone comes to the section's heading. */
export function fill(list, rows) {
  const stood = list.contains(document.activeElement);
  list.replaceChildren(...rows);
  if (stood) list.closest("section").querySelector("h2").focus();
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
