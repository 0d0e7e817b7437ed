/** The camera as a source of pictures, an object {element, next, stop, …}, for the page and for the notebook widget. */

/** An error that the user can correct; `key` names its text. */
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

/** Open a camera: the one with that id, or the one that faces the user; `lines` is the height of its pictures. */
export async function openCamera(video, deviceId, lines = 720) {
  if (!navigator.mediaDevices?.getUserMedia) throw new SourceError("cameraInsecure");
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  const width = lines === 480 ? 640 : (lines * 16) / 9;
  const size = { width: { ideal: width }, height: { ideal: lines }, frameRate: { ideal: 30 } };
  let stream;
  const stop = () => stream?.getTracks().forEach((each) => each.stop());
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size }, audio: false });
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    stop();
    throw new SourceError(REASONS[error.name] ?? "cameraTaken");
  }
  const [track] = stream.getVideoTracks();
  const facing = track.getSettings().facingMode;
  return { ...videoSource(video, stop), kind: "camera", name: track.label || "camera", track, mirror: facing !== "environment" };
}

/** List the cameras; their names are known once one has been opened. */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}

/** A source of a video element; `next` calls back once, with the capture time of the next frame. */
export function videoSource(video, done) {
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
