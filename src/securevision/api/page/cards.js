// The list of events on the page, newest first.

import { call } from "/page/session.js";

const MOST = 100;
const template = document.getElementById("card");
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const BADGES = { allow: "Allowed", block: "Blocked" };

/** What was seen, as a person says it. */
export function title({ type, payload }) {
  return type === "plate_read" ? payload.plate_text : payload.person_name ?? "Unknown person";
}

export class Cards {
  #list;
  #cards = new Map();
  // Pictures are fetched when their card comes near the screen.
  #nearby = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) this.#show(target);
  }, { rootMargin: "300px" });

  constructor(list) {
    this.#list = list;
  }

  get size() {
    return this.#cards.size;
  }

  /** Add an event, or update its card when this version is newer. Returns whether anything changed. */
  put(event) {
    const known = this.#cards.get(event.id);
    if (known && known.event.version >= event.version) return false;
    const card = known ?? { element: template.content.firstElementChild.cloneNode(true), url: null };
    card.event = event;
    this.#cards.set(event.id, card);
    fill(card.element, event);
    if (!known) this.#insert(card);
    this.#nearby.unobserve(card.element); // Observing it anew fetches the new picture.
    this.#nearby.observe(card.element);
    while (this.#cards.size > MOST) this.#drop(Number(this.#list.lastElementChild.dataset.id));
    return true;
  }

  clear() {
    for (const id of [...this.#cards.keys()]) this.#drop(id);
  }

  #insert(card) {
    const next = [...this.#list.children].find((other) => {
      const { event } = this.#cards.get(Number(other.dataset.id));
      return event.ts_ms < card.event.ts_ms || (event.ts_ms === card.event.ts_ms && event.id < card.event.id);
    });
    this.#list.insertBefore(card.element, next ?? null);
  }

  #drop(id) {
    const { element, url } = this.#cards.get(id);
    this.#cards.delete(id);
    this.#nearby.unobserve(element);
    element.remove();
    if (url) URL.revokeObjectURL(url);
  }

  async #show(element) {
    this.#nearby.unobserve(element);
    const card = this.#cards.get(Number(element.dataset.id));
    const { id, version } = card.event;
    let blob;
    try {
      blob = await (await call(`/api/v1/events/${id}/crop`)).blob();
    } catch {
      return; // There is no picture: the card says enough without it.
    }
    if (this.#cards.get(id) !== card || card.event.version !== version) return;
    if (card.url) URL.revokeObjectURL(card.url);
    card.url = URL.createObjectURL(blob);
    const image = element.querySelector("img");
    image.src = card.url;
    image.hidden = false;
  }
}

function fill(element, event) {
  const { payload, type } = event;
  const part = (selector) => element.querySelector(selector);
  element.dataset.id = event.id;
  element.dataset.version = event.version;
  part(".card").dataset.type = type;
  part(".card").dataset.known = type === "face_match" && payload.person_name !== null;
  part(".title").textContent = title(event);
  part(".score").textContent = score(event);
  part("time").dateTime = new Date(event.ts_ms).toISOString();
  part("time").textContent = moment.format(event.ts_ms);
  part(".camera").textContent = event.frame_source_id;
  part("img").alt = type === "plate_read" ? `Plate ${payload.plate_text}` : `Face of ${title(event)}`;
  part(".badge").hidden = !payload.list_match;
  part(".badge").textContent = BADGES[payload.list_match] ?? "";
  part(".badge").dataset.list = payload.list_match ?? "";
}

function score({ type, payload }) {
  if (type === "plate_read") {
    const region = payload.region ? `${payload.region} plate, ` : "";
    return `${region}${percent.format(payload.confidence)} confident`;
  }
  if (payload.similarity === null) return "No photos to compare with";
  const similar = percent.format(Math.max(0, payload.similarity));
  return payload.person_name === null ? `Nearest known face: ${similar}` : `${similar} similar`;
}
