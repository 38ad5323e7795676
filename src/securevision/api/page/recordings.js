// What was recorded of one camera: played, and kept.

import { ask } from "/page/session.js";
import { fill, momentOf, row } from "/page/rows.js";

const EVERY_MS = 15_000;
const at = (id) => document.getElementById(id);

/** The list of recordings of a camera. */
export class Recordings {
  #camera;
  #list;
  #fault;
  #mayManage = false;

  constructor({ camera, list, fault }) {
    this.#camera = camera;
    this.#list = list;
    this.#fault = fault;
  }

  begin(mayManage) {
    this.#mayManage = mayManage;
    at("player").addEventListener("close", () => {
      at("recording").removeAttribute("src");
      at("recording").load();
    });
    this.#load();
    setInterval(() => this.#load(), EVERY_MS);
  }

  async #load() {
    const query = `camera=${encodeURIComponent(this.#camera)}&limit=20`;
    const page = await ask("GET", `/api/v1/recordings?${query}`).catch(() => null);
    if (page === null) return;
    at("no-recordings").hidden = page.recordings.length > 0;
    fill(this.#list, page.recordings.map((recording) => this.#row(recording)));
  }

  #row(recording) {
    const acts = [{ label: "Play", work: () => play(recording) }];
    if (this.#mayManage && recording.end_ms !== null) {
      acts.push({ label: recording.kept ? "Let go" : "Keep", work: () => this.#keep(recording) });
    }
    const marks = [];
    if (recording.end_ms === null) marks.push("being recorded");
    if (recording.kept) marks.push("kept");
    return row({
      name: momentOf(recording.begin_ms),
      marks,
      lines: [`${lengthOf(recording)}, ${sizeOf(recording.size)}`],
      acts,
      fault: this.#fault,
    });
  }

  async #keep({ id, kept }) {
    await ask("PUT", `/api/v1/recordings/${id}/kept`, { kept: !kept });
    await this.#load();
  }
}

function play({ id, begin_ms: begin }) {
  at("player-title").textContent = momentOf(begin);
  at("recording").src = `/api/v1/recordings/${id}/video?inline=1`;
  at("player").showModal();
  at("recording").play().catch(() => {});
}

function lengthOf({ begin_ms: begin, end_ms: end }) {
  if (end === null) return "not finished";
  const seconds = Math.round((end - begin) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function sizeOf(bytes) {
  return bytes < 1 << 20 ? `${Math.max(1, Math.round(bytes / 1024))} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
