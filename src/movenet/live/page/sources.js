/** Sources of pictures from files: a video, a photo. Each is an object {element, next, stop, …}, as the camera's. */

import { SourceError, videoSource } from "./camera.js";

const PHOTO_MS = 200;

/** Open a file of the user's: a video, which plays in a loop, or a photo. */
export async function openFile(video, file) {
  if (file.type.startsWith("image/")) return openPhoto(file);
  const address = URL.createObjectURL(file);
  return openAddress(video, address, file.name, () => URL.revokeObjectURL(address));
}

/** Open a video by its address. */
export async function openAddress(video, address, name, done = () => {}) {
  video.srcObject = null;
  video.src = address;
  video.loop = true;
  try {
    await video.play();
  } catch {
    done();
    throw new SourceError("fileUnreadable");
  }
  return { ...videoSource(video, done), kind: "file", name, mirror: false };
}

async function openPhoto(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new SourceError("fileUnreadable");
  }
  let timer = 0;
  return {
    kind: "file", name: file.name, mirror: false, element: picture, width: picture.width, height: picture.height,
    next: (take) => (timer = setTimeout(() => take({ takenAt: performance.now() }), PHOTO_MS)),
    stop: () => { clearTimeout(timer); picture.close(); },
    pause: () => {}, resume: () => {},
  };
}
