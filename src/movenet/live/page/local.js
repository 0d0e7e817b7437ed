/** The models in this browser: the same methods and messages as `Link` of link.js, answered by a Web Worker. */

const MAX_SIDE = 640;

export class LocalLink {
  #worker = new Worker(new URL("./local_worker.js", import.meta.url), { type: "module" });
  #underway = null;
  #frame = 0;

  /** @param {object} on {state(name), hello(message), poses(message, sent), error(message)} */
  constructor(on) {
    this.on = on;
    this.state = "closed";
    this.#worker.onmessage = ({ data }) => this.#onMessage(data);
    this.#worker.onerror = (event) => this.#fail(event.message);
    this.#set("connecting");
  }

  /** Whether the worker is ready for a picture: one at a time, and the newest. */
  get isFree() {
    return this.state === "open" && this.#underway === null;
  }

  /** Choose model, smoothing, exercise and the person to follow. */
  choose(choice) {
    this.#set("connecting");
    this.#worker.postMessage({ type: "choice", ...choice });
  }

  /** Return a picture as it is sent: {data, width, height}; its longer side is at most 640 px, as for a server. */
  async encode(picture) {
    const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
    const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
    return { data: await createImageBitmap(picture, { resizeWidth: width, resizeHeight: height }), width, height };
  }

  /**
   * Send a picture.
   *
   * @param {ImageBitmap} picture
   * @param {number} timeS capture time in seconds
   * @param {object} context passed to `on.poses` with the answer; its `close()` is called when it is no longer needed
   */
  send(picture, timeS, context) {
    this.#underway = { context, sentAt: performance.now() };
    this.#worker.postMessage({ type: "picture", picture, timeS, frame: this.#frame++ }, [picture]);
  }

  /** End the worker for good. */
  close() {
    this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker.terminate();
    this.state = "closed";
    this.#release();
  }

  #onMessage(message) {
    if (message.type === "hello") this.on.hello(message);
    else if (message.type === "ready") this.#set("open");
    else if (message.type === "failed") this.#fail(message.message);
    else this.#onPoses(message);
  }

  #onPoses(message) {
    const sent = this.#underway;
    this.#underway = null;
    const serverMs = message.estimatedMs;
    this.on.poses(message, { ...sent, serverMs, roundTripMs: Math.max(0, performance.now() - sent.sentAt - serverMs) });
    sent.context.close();
  }

  #fail(message) {
    this.#release();
    this.#set("failed");
    this.on.error({ message });
  }

  #release() {
    this.#underway?.context.close();
    this.#underway = null;
  }

  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }
}
