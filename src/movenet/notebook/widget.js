/**
 * The browser's part of the notebook widget: it has the camera; the model runs in the kernel (messages: messages.py).
 *
 * A `Feed`, one per widget, owns the camera: it sends a picture and, when its poses are back, the newest picture. If
 * transfer takes longer than estimation, two pictures are in flight at once. Its `Captures` save snapshots and recordings.
 * A `View`, one for each place where the widget is shown, draws. Without a view or a kernel the camera is off.
 */
import { Feed } from "./feed.js";
import { View } from "./view.js";

export default () => {
  let feed;
  return {
    initialize({ model }) {
      feed = new Feed(model);
      return () => feed.close();
    },
    render({ model, el }) {
      const view = new View(model, el, feed);
      return () => view.close();
    },
  };
};
