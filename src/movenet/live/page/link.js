/** The WebSocket to the server: what is said over it is in `movenet/live/wire.py`. Comes back after every loss. */

const HEADER_BYTES = 12;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS, BUSY_WAIT_MS] = [300, 4000, 3000];
const LOST_MS = 4000;
const FRAME_MS = 33;
const MOST_UNDERWAY = 5;
const [BUSY, TOKEN_NEEDED] = [1013, 4401];

export class Link {
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;
  #choice = null;
  #underway = new Map();
  #way = 0;
  #frame = 0;
  #clogged = 0;
  #dropped = 0;

  /** @param {object} on {state(name), hello(message), poses(message, sent), error(message)} */
  constructor(on) {
    this.on = on;
    this.state = "closed";
    this.#connect();
  }

  /**
   * Whether a picture sent now would not stand in a queue.
   *
   * One is worked on and one waits; beyond that only as many as fill the way there and back, and none while the
   * server leaves pictures out or the network has not taken the last one.
   */
  get isFree() {
    this.#forgetLost();
    const filling = this.#clogged > 0 ? 0 : Math.ceil(this.#way / FRAME_MS);
    const room = Math.min(MOST_UNDERWAY, 2 + Math.max(0, filling - 1));
    return this.state === "open" && this.#underway.size < room && this.#socket.bufferedAmount === 0;
  }

  /** Say which model and smoothing; said again after each loss. */
  choose(choice) {
    this.#choice = choice;
    if (this.state === "open") this.#socket.send(JSON.stringify({ type: "choice", ...choice }));
  }

  /**
   * Send a picture.
   *
   * @param {ArrayBuffer} picture a JPEG file
   * @param {number} timeS when it was taken
   * @param {object} keep comes back with the answer; its `close()` is called when it is no longer needed
   */
  send(picture, timeS, keep) {
    const message = new Uint8Array(HEADER_BYTES + picture.byteLength);
    const header = new DataView(message.buffer);
    const frame = this.#frame++ >>> 0;
    header.setUint32(0, frame, true);
    header.setFloat64(4, timeS, true);
    message.set(new Uint8Array(picture), HEADER_BYTES);
    this.#underway.set(frame, { keep, sentAt: performance.now() });
    this.#socket.send(message);
  }

  #connect() {
    const address = new URL("ws", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => this.#lose(event.code);
  }

  #take(message) {
    if (message.type === "hello") this.#welcome(message);
    else if (message.type === "poses") this.#settle(message);
    else if (message.type === "error") {
      if (message.frame !== null) this.#release(message.frame);
      this.on.error(message);
    }
  }

  #welcome(message) {
    this.#wait = FIRST_WAIT_MS;
    this.#dropped = 0;
    this.#set("open");
    this.on.hello(message);
    if (this.#choice) this.choose(this.#choice);
  }

  #settle(message) {
    const sent = this.#underway.get(message.frame);
    if (!sent) return;
    this.#underway.delete(message.frame);
    this.#release(message.frame);
    const { waited, decoded, estimated } = message.server_s;
    const serverMs = 1000 * (waited + decoded + estimated);
    const wayMs = Math.max(0, performance.now() - sent.sentAt - serverMs);
    this.#way += 0.2 * (wayMs - this.#way);
    this.#clogged = message.dropped > this.#dropped ? 30 : Math.max(0, this.#clogged - 1);
    this.#dropped = message.dropped;
    this.on.poses(message, { ...sent, serverMs, wayMs });
    sent.keep.close();
  }

  /** An answer to one picture settles all that were sent before it. */
  #release(upTo) {
    for (const [frame, { keep }] of this.#underway) {
      if (frame > upTo) continue;
      this.#underway.delete(frame);
      keep.close();
    }
  }

  #forgetLost() {
    const now = performance.now();
    for (const [frame, { sentAt }] of this.#underway) if (now - sentAt > LOST_MS) this.#release(frame);
  }

  #lose(code) {
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
