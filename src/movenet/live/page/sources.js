/** Sources of pictures: a camera, a video file, a photo. Each is an object {element, next, stop, …}. */

/** An error that the user can correct; `key` is its text in words.js. */
export class SourceError extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

const REASONS = {
  NotAllowedError: "cameraRefused", SecurityError: "cameraRefused", NotFoundError: "cameraMissing",
  OverconstrainedError: "cameraMissing", NotReadableError: "cameraTaken", AbortError: "cameraTaken",
};
const PHOTO_MS = 200;

/** Open a camera: the one with that id, or the one that faces the user; `lines` is the height of its pictures. */
export async function openCamera(video, deviceId, lines = 720) {
  if (!navigator.mediaDevices?.getUserMedia) throw new SourceError("cameraInsecure");
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  const width = lines === 480 ? 640 : (lines * 16) / 9;
  const size = { width: { ideal: width }, height: { ideal: lines }, frameRate: { ideal: 30 } };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size }, audio: false });
  } catch (error) {
    throw new SourceError(REASONS[error.name] ?? "cameraTaken");
  }
  video.srcObject = stream;
  await video.play();
  const [track] = stream.getVideoTracks();
  const stop = () => stream.getTracks().forEach((each) => each.stop());
  const facing = track.getSettings().facingMode;
  return { ...videoSource(video, stop), kind: "camera", name: track.label || "camera", track, mirror: facing !== "environment" };
}

/** List the cameras; their names are known once one has been opened. */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}

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

/** A source of a video element; `next` calls back once, with the capture time of the next frame. */
function videoSource(video, done) {
  let stopped = false;
  const next = (take) => {
    if (stopped) return;
    if (video.requestVideoFrameCallback) {
      video.requestVideoFrameCallback((now, frame) => {
        // captureTime is the camera's own; files have none, so the presentation time is taken.
        if (!stopped) take({ takenAt: frame.captureTime ?? frame.presentationTime ?? now });
      });
    } else requestAnimationFrame((now) => !stopped && take({ takenAt: now }));
  };
  const stop = () => {
    stopped = true;
    video.pause();
    video.srcObject = null;
    video.removeAttribute("src");
    video.loop = false;
    done();
  };
  return {
    element: video, next, stop, pause: () => video.pause(), resume: () => video.play(),
    get width() { return video.videoWidth; }, get height() { return video.videoHeight; },
  };
}
