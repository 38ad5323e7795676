// Live video of one camera: fragments of MP4 over a WebSocket into the browser's own decoder.

import { who } from "/page/session.js";

const SESSION_ENDED = 4401;
const NO_LONGER_ALLOWED = 4403;
const LONGEST_PAUSE_MS = 15_000;
const HEADER_BYTES = 9;
const KEPT_S = 10;
const BEHIND_S = 0.6;
const AHEAD_S = 0.05;
const CLOSE_S = 0.2;
const CATCHING_UP = 1.1; // Times as fast, which nobody sees.

/** Plays one camera between start() and stop(). */
export class Player {
  #video;
  #handlers;
  #socket = null;
  #retry = null;
  #failures = 0;
  #run = 0;
  #buffer = null;
  #waiting = [];
  #times = [];
  #pending = null;

  /**
   * `handlers`: playing() once pictures come, boxes(boxes) with what is followed in a picture, unplayable() when
   * this browser cannot decode it, waiting() while there is no connection, ended() and refused().
   */
  constructor(video, handlers) {
    this.#video = video;
    this.#handlers = handlers;
  }

  start(camera) {
    this.stop();
    this.#failures = 0;
    this.#connect(this.#run, camera);
  }

  stop() {
    this.#run += 1; // Whatever is under way belongs to an earlier run, and is dropped.
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
    this.#forget();
  }

  /** Return the capture time of the picture that is shown, in milliseconds; null when that is not known. */
  shownAt() {
    const now = this.#video.currentTime;
    const shown = this.#times.findLast(({ at }) => at <= now + 0.001);
    return shown ? shown.tsMs : null;
  }

  #connect(run, camera) {
    const origin = location.origin.replace(/^http/, "ws");
    const path = `/api/v1/cameras/${encodeURIComponent(camera)}/live`;
    const socket = new WebSocket(origin + path, "securevision.v1");
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (run !== this.#run) return;
      this.#failures = 0;
      if (typeof data === "string") this.#told(JSON.parse(data));
      else this.#received(data);
    };
    socket.onclose = ({ code }) => {
      if (run === this.#run) this.#closed(run, camera, code);
    };
  }

  async #closed(run, camera, code) {
    this.#forget();
    if (code === SESSION_ENDED) return this.#handlers.ended();
    if (code === NO_LONGER_ALLOWED) return this.#handlers.refused();
    this.#handlers.waiting();
    // A handshake that is refused looks like a cable that is out: only the server can tell.
    const over = await who().then((person) => person?.next !== "done", () => false);
    if (run !== this.#run) return undefined;
    if (over) return this.#handlers.ended();
    const pause = Math.min(1000 * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(run, camera), pause * (0.75 + Math.random() / 2));
    return undefined;
  }

  #told(message) {
    if (message.type === "boxes") this.#handlers.boxes(message);
    if (message.type === "start") this.#begin(message.mime);
  }

  #begin(mime) {
    this.#forget();
    if (!globalThis.MediaSource?.isTypeSupported(mime)) {
      this.#handlers.unplayable(mime);
      return;
    }
    const source = new MediaSource();
    this.#pending = { source, init: null };
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(this.#video.src);
      if (this.#pending?.source !== source) return;
      this.#buffer = source.addSourceBuffer(mime);
      this.#buffer.addEventListener("updateend", () => this.#appended());
      this.#next();
    }, { once: true });
    this.#video.src = URL.createObjectURL(source);
  }

  #received(data) {
    if (this.#pending === null) return; // Of a kind that is not played here.
    if (this.#pending.init === null) {
      this.#pending.init = data;
      this.#waiting.push({ data, tsMs: null });
    } else {
      const tsMs = Number(new DataView(data).getBigUint64(0));
      this.#waiting.push({ data: new Uint8Array(data, HEADER_BYTES), tsMs });
    }
    this.#next();
  }

  #next() {
    const buffer = this.#buffer;
    if (buffer === null || buffer.updating) return;
    const { buffered, currentTime } = this.#video;
    if (buffered.length > 0 && currentTime - buffered.start(0) > 2 * KEPT_S) {
      buffer.remove(0, currentTime - KEPT_S);
      return;
    }
    const part = this.#waiting.shift();
    if (part === undefined) return;
    this.#buffer.tsMs = part.tsMs;
    try {
      buffer.appendBuffer(part.data);
    } catch {
      // The decoder gave up, or there is no room: begin anew from the next keyframe.
      this.#socket?.close();
    }
  }

  #appended() {
    const { buffered } = this.#video;
    const { tsMs } = this.#buffer;
    this.#buffer.tsMs = null;
    if (tsMs !== null && tsMs !== undefined && buffered.length > 0) {
      const end = buffered.end(buffered.length - 1);
      this.#times.push({ at: this.#times.at(-1)?.end ?? buffered.start(buffered.length - 1), end, tsMs });
      if (this.#times.length > 300) this.#times.splice(0, 150);
      this.#follow(end);
    }
    this.#next();
  }

  /** Stay close behind the newest picture. */
  #follow(end) {
    const video = this.#video;
    const behind = end - video.currentTime;
    if (behind > BEHIND_S || behind < 0) video.currentTime = Math.max(0, end - AHEAD_S);
    video.playbackRate = behind > CLOSE_S && behind <= BEHIND_S ? CATCHING_UP : 1;
    if (video.paused) video.play().then(() => this.#handlers.playing(), () => {});
  }

  #forget() {
    this.#buffer = null;
    this.#pending = null;
    this.#waiting = [];
    this.#times = [];
  }
}
