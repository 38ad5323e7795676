// The list of events on the page, newest first.

const MOST = 100;
const template = document.getElementById("card");
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const BADGES = { allow: "Allowed", block: "Blocked" };

const isOfCamera = ({ type }) => type.startsWith("camera_");

/** What was seen, or how a camera is, as a person says it. */
function title(event) {
  const { type, payload } = event;
  if (isOfCamera(event)) {
    const state = `Camera ${event.frame_source_id}: ${payload.state}`;
    return payload.detail ? `${state} - ${payload.detail}` : state;
  }
  return type === "plate_read" ? payload.plate_text : payload.person_name ?? "Unknown person";
}

/** The same with the camera, for whoever hears the page. */
export const told = (event) => isOfCamera(event) ? title(event) : `${title(event)}, ${event.frame_source_id}`;

export class Cards {
  #list;
  #cards = new Map();

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
    const card = known ?? { element: template.content.firstElementChild.cloneNode(true) };
    card.event = event;
    this.#cards.set(event.id, card);
    fill(card.element, event);
    if (!known) this.#insert(card);
    while (this.#cards.size > MOST) this.#drop(Number(this.#list.lastElementChild.dataset.id));
    return true;
  }

  #insert(card) {
    const next = [...this.#list.children].find((other) => {
      const { event } = this.#cards.get(Number(other.dataset.id));
      return event.ts_ms < card.event.ts_ms || (event.ts_ms === card.event.ts_ms && event.id < card.event.id);
    });
    this.#list.insertBefore(card.element, next ?? null);
  }

  #drop(id) {
    this.#cards.get(id).element.remove();
    this.#cards.delete(id);
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
  part(".badge").hidden = !payload.list_match;
  part(".badge").textContent = BADGES[payload.list_match] ?? "";
  part(".badge").dataset.list = payload.list_match ?? "";
  part(".crop").hidden = isOfCamera(event);
  if (!isOfCamera(event)) picture(part("img"), event);
}

function picture(image, event) {
  image.hidden = false;
  image.alt = event.type === "plate_read" ? `Plate ${event.payload.plate_text}` : `Face of ${title(event)}`;
  // There may be none, or none for us: the card says enough without it.
  image.onerror = () => { image.hidden = true; };
  image.onload = () => { image.dataset.shown = ""; };
  // The version makes the browser look again when an event was revised.
  image.src = `/api/v1/events/${event.id}/crop?version=${event.version}`;
}

function score(event) {
  const { type, payload } = event;
  if (isOfCamera(event)) return "";
  if (type === "plate_read") {
    const region = payload.region ? `${payload.region} plate, ` : "";
    return `${region}${percent.format(payload.confidence)} confident`;
  }
  if (payload.similarity === null) return "No photos to compare with";
  const similar = percent.format(Math.max(0, payload.similarity));
  return payload.person_name === null ? `Nearest known face: ${similar}` : `${similar} similar`;
}
