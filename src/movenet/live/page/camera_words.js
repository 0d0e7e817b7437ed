/** Texts that the page and the notebook widget share, in English and Korean, and how their {placeholders} are filled. */

export const CAMERA_WORDS = Object.freeze({
  en: {
    snapshot: "Snapshot", record: "Record", model: "Model", lightning: "Lightning", thunder: "Thunder", many: "Many people",
    smoothing: "Smoothing", mirror: "Mirror", threshold: "Threshold", loading: "Loading the model …",
    kept: "Saved", videoAndPoses: "{time} long: {video} and {poses}", video: "video", poses: "poses",
    snapshotTaken: "Snapshot: {picture}", aPicture: "picture", recordingImpossible: "This browser cannot record video.",
    picture_of: "Live picture, {count} people", picture_of_one: "Live picture, 1 person", nobody: "Live picture, no people",
    idle: "No picture yet",
  },
  ko: {
    snapshot: "사진", record: "녹화", model: "모델", lightning: "라이트닝", thunder: "썬더", many: "여러 명",
    smoothing: "떨림 줄이기", mirror: "거울 보기", threshold: "기준 점수", loading: "모델을 불러오는 중 …",
    kept: "저장한 것", videoAndPoses: "{time} 길이: {video}, {poses}", video: "영상", poses: "자세",
    snapshotTaken: "사진: {picture}", aPicture: "그림", recordingImpossible: "이 브라우저는 녹화를 지원하지 않습니다.",
    picture_of: "실시간 화면, {count}명", picture_of_one: "실시간 화면, 1명", nobody: "실시간 화면, 사람 없음",
    idle: "아직 화면이 없습니다",
  },
});

/** Return the parts of a text, with texts or elements in place of its {placeholders}. */
export function filled(text, gaps) {
  return text.split(/\{(\w+)\}/).map((part, at) => (at % 2 ? gaps[part] ?? "" : part));
}

/** Return the key of the text that says how many people are in the live picture. */
export function pictureKey(people) {
  return people === 1 ? "picture_of_one" : people ? "picture_of" : "nobody";
}
