/** Snapshots and recordings of a feed, which the browser downloads. */
import { Recording, canRecord, clock, countDown, save, snapshot } from "../live/page/saving.js";
import { say } from "./texts.js";

/** Links to older files are removed, and with them the files that the page holds. */
const KEPT = 4;

export class Captures {
  /** What was saved, newest first: key of a text, and its placeholders, of which some are links. */
  saved = [];
  recording = null;
  /** The number that is counted down before a snapshot; null if none is. */
  countdown = null;
  canRecord = canRecord();
  canvas = document.createElement("canvas");

  constructor(feed) {
    this.feed = feed;
  }

  /** Count down, then save what is seen at that moment; nothing if the camera was turned off meanwhile. */
  async takeSnapshot() {
    if (this.countdown !== null || this.feed.state !== "on") return;
    await countDown((number) => {
      this.countdown = number;
      this.feed.show();
    });
    if (this.feed.state !== "on") return;
    const canvas = document.createElement("canvas");
    this.paint(canvas);
    this.keep("snapshotTaken", { picture: save(await snapshot(canvas), say("aPicture")) });
  }

  toggleRecording() {
    if (this.recording) this.endRecording();
    else if (this.feed.state === "on" && this.canRecord) {
      this.paint(this.canvas);
      this.recording = new Recording(this.canvas, "camera");
      this.feed.show();
    }
  }

  /** End the recording, if there is one, and save it; one without a picture is dropped. */
  async endRecording() {
    const { recording } = this;
    if (!recording) return;
    this.recording = null;
    this.feed.show();
    const time = clock(recording.lengthS);
    const { video, poses } = await recording.stop();
    if (video.size) this.keep("videoAndPoses", { time, video: save(video, say("video")), poses: save(poses, say("poses")) });
  }

  /** Add a text with links to what was saved. */
  keep(key, gaps) {
    const dropped = [[key, gaps], ...this.saved].slice(KEPT);
    this.saved = [[key, gaps], ...this.saved].slice(0, KEPT);
    for (const [, { time, ...links }] of dropped) for (const link of Object.values(links)) URL.revokeObjectURL(link.href);
    this.feed.show();
  }

  /** The feed shows a new picture, with a record if its poses are known. */
  onPicture(record) {
    if (!this.recording) return;
    this.paint(this.canvas);
    if (record) this.recording.add(record);
  }

  /** Draw what is seen at the camera's own resolution. */
  paint(canvas) {
    const [width, height] = this.feed.size;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.feed.paint(canvas.getContext("2d", { alpha: false }));
  }
}
