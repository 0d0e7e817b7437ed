/** The WebSocket to the server (protocol: `movenet/live/wire.py`); it reconnects after every loss. */

import { Quality } from "./quality.js";

const HEADER_BYTES = 12;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS, BUSY_WAIT_MS] = [300, 4000, 3000];
const ANSWER_TIMEOUT_MS = 4000;
const FRAME_MS = 33;
const MAX_UNDERWAY = 5;
const [BUSY, TOKEN_NEEDED] = [1013, 4401];

export class Link {
  #quality = new Quality();
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;
  #choice = null;
  #underway = new Map();
  #roundTripMs = 0;
  #frame = 0;
  #congestion = 0;
  #dropped = 0;

  /** @param {object} on {state(name), hello(message), poses(message, sent), error(message)} */
  constructor(on) {
    this.on = on;
    this.state = "closed";
    this.#connect();
  }

  /**
   * Whether a picture sent now would not wait in a queue.
   *
   * The server has one picture in work and one waiting; beyond these, as many may be underway as fit into the network's
   * round trip, but none while the server drops pictures or the socket still buffers the last one.
   */
  get isFree() {
    this.#releaseLost();
    const fitting = this.#congestion > 0 ? 0 : Math.ceil(this.#roundTripMs / FRAME_MS);
    const room = Math.min(MAX_UNDERWAY, 2 + Math.max(0, fitting - 1));
    return this.state === "open" && this.#underway.size < room && this.#socket.bufferedAmount === 0;
  }

  /** Send model and smoothing; they are sent again after each loss. */
  choose(choice) {
    this.#choice = choice;
    if (this.state === "open") this.#socket.send(JSON.stringify({ type: "choice", ...choice }));
  }

  /** Return a picture as it is sent; see `Quality.encode`. */
  encode(picture) {
    return this.#quality.encode(picture);
  }

  /**
   * Send a picture.
   *
   * @param {ArrayBuffer} picture a JPEG file
   * @param {number} timeS capture time in seconds
   * @param {object} context passed to `on.poses` with the answer; its `close()` is called when it is no longer needed
   */
  send(picture, timeS, context) {
    const message = new Uint8Array(HEADER_BYTES + picture.byteLength);
    const header = new DataView(message.buffer);
    const frame = this.#frame++ >>> 0;
    header.setUint32(0, frame, true);
    header.setFloat64(4, timeS, true);
    message.set(new Uint8Array(picture), HEADER_BYTES);
    this.#underway.set(frame, { context, sentAt: performance.now() });
    this.#socket.send(message);
  }

  /** End the connection for good. */
  close() {
    clearTimeout(this.#timer);
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.state = "closed";
    this.#release(Infinity);
  }

  #connect() {
    const address = new URL("ws", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (event) => this.#onMessage(JSON.parse(event.data));
    socket.onclose = (event) => this.#onClose(event.code);
  }

  #onMessage(message) {
    if (message.type === "hello") this.#onHello(message);
    else if (message.type === "poses") this.#onPoses(message);
    else if (message.type === "error") {
      if (message.frame !== null) this.#release(message.frame);
      this.on.error(message);
    }
  }

  #onHello(message) {
    this.#wait = FIRST_WAIT_MS;
    this.#dropped = 0;
    this.#set("open");
    this.on.hello(message);
    if (this.#choice) this.choose(this.#choice);
  }

  #onPoses(message) {
    const sent = this.#underway.get(message.frame);
    if (!sent) return;
    this.#underway.delete(message.frame);
    this.#release(message.frame);
    const { waited, decoded, estimated } = message.server_s;
    const serverMs = 1000 * (waited + decoded + estimated);
    const roundTripMs = Math.max(0, performance.now() - sent.sentAt - serverMs);
    this.#roundTripMs += 0.2 * (roundTripMs - this.#roundTripMs);
    this.#congestion = message.dropped > this.#dropped ? 30 : Math.max(0, this.#congestion - 1);
    this.#dropped = message.dropped;
    this.#quality.observe(roundTripMs, performance.now());
    this.on.poses(message, { ...sent, serverMs, roundTripMs });
    sent.context.close();
  }

  /** Release a picture and all that were sent before it: they get no further answer. */
  #release(upTo) {
    for (const [frame, { context }] of this.#underway) {
      if (frame > upTo) continue;
      this.#underway.delete(frame);
      context.close();
    }
  }

  #releaseLost() {
    const now = performance.now();
    for (const [frame, { sentAt }] of this.#underway) if (now - sentAt > ANSWER_TIMEOUT_MS) this.#release(frame);
  }

  #onClose(code) {
    this.#release(Infinity);
    if (code === TOKEN_NEEDED) {
      this.#set("refused");
      return;
    }
    this.#set(code === BUSY ? "busy" : this.state === "closed" ? "connecting" : "reconnecting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), code === BUSY ? BUSY_WAIT_MS : this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }

  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }
}
