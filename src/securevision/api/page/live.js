// Events as they happen, over a WebSocket that is opened again whenever it closes.

import { SignedOut, call, expire } from "/page/session.js";

const SESSION_ENDED = 4401;
const LONGEST_PAUSE_MS = 30_000;

/** Keeps one WebSocket open between start() and stop(). */
export class Live {
  #handlers;
  #socket = null;
  #retry = null;
  #failures = 0;
  #run = 0;

  /** `handlers`: open(), event(event) and waiting(), the last one while there is no connection. */
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

  async #connect(run) {
    try {
      const { ticket } = await (await call("/api/v1/stream-ticket", { method: "POST" })).json();
      if (run === this.#run) this.#open(run, ticket);
    } catch (error) {
      if (!(error instanceof SignedOut)) this.#again(run);
    }
  }

  #open(run, ticket) {
    const origin = location.origin.replace(/^http/, "ws");
    const socket = new WebSocket(`${origin}/api/v1/stream`, ["securevision.v1", `ticket.${ticket}`]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#handlers.open();
    };
    socket.onmessage = (message) => {
      if (run === this.#run) this.#handlers.event(JSON.parse(message.data));
    };
    socket.onclose = ({ code }) => {
      if (run !== this.#run) return;
      if (code === SESSION_ENDED) {
        expire();
      } else {
        this.#again(run);
      }
    };
  }

  #again(run) {
    if (run !== this.#run) return;
    this.#handlers.waiting();
    const pause = Math.min(1000 * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(run), pause * (0.75 + Math.random() / 2));
  }
}
