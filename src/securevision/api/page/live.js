// Events as they happen, over a WebSocket that is opened again whenever it closes.

import { who } from "/page/session.js";

const SESSION_ENDED = 4401;
const NO_LONGER_ALLOWED = 4403;
const LONGEST_PAUSE_MS = 30_000;

/** Keeps one WebSocket open between start() and stop(). */
export class Live {
  #handlers;
  #socket = null;
  #retry = null;
  #failures = 0;
  #run = 0;

  /**
   * `handlers`: open(), event(event), waiting() while there is no connection, ended() when the session is
   * over and refused() when it may see events no longer.
   */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  start() {
    this.stop();
    this.#failures = 0;
    this.#connect(this.#run);
  }

  stop() {
    this.#run += 1; // Whatever is under way belongs to an earlier run, and is dropped.
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect(run) {
    const origin = location.origin.replace(/^http/, "ws");
    const socket = new WebSocket(`${origin}/api/v1/stream`, "securevision.v1");
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#handlers.open();
    };
    socket.onmessage = (message) => {
      if (run === this.#run) this.#handlers.event(JSON.parse(message.data));
    };
    socket.onclose = ({ code }) => {
      if (run === this.#run) this.#closed(run, code);
    };
  }

  async #closed(run, code) {
    if (code === SESSION_ENDED) return this.#handlers.ended();
    if (code === NO_LONGER_ALLOWED) return this.#handlers.refused();
    this.#handlers.waiting();
    // A handshake that is refused looks like a cable that is out: only the server can tell.
    const over = await who().then((person) => person?.next !== "done", () => false);
    if (run !== this.#run) return undefined;
    return over ? this.#handlers.ended() : this.#again(run);
  }

  #again(run) {
    const pause = Math.min(1000 * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(run), pause * (0.75 + Math.random() / 2));
  }
}
