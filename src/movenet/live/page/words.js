/**
 * All texts of the page, in English and Korean. A key that ends in "@browser" is the text for models in the browser.
 */

import { CAMERA_WORDS, filled } from "./camera_words.js";

export const WORDS = Object.freeze({
  en: {
    ...CAMERA_WORDS.en, "connecting@browser": CAMERA_WORDS.en.loading,
    live: "live", stage: "Live picture", fps: "fps", latency: "latency", people: "people", person: "person", actions: "Actions",
    settings: "Settings",
    welcome: "Your camera, with a skeleton on it. Pictures go to the server that sent this page and are not kept.",
    welcomeHere: "Your camera, with a skeleton on it. Pictures stay on this computer and are not kept.",
    dropHint: "Or drop a video or a photo here.", resolution: "Camera resolution",
    startCamera: "Start the camera", openFile: "Open a file", sample: "Sample clip",
    pause: "Pause", resume: "Resume", stop: "Stop", fullscreen: "Full screen",
    source: "Source", camera: "Camera", file: "File …", whichCamera: "Which camera",
    place: "Where the model runs", server: "Server", browser: "This browser",
    backend: "What computes", wasm: "Processor", webgpu: "Graphics card",
    placeHint: "Pictures go to the server.", "placeHint@browser": "No picture leaves this browser.",
    lightningHint: "Fast: tracks one person.", thunderHint: "More accurate, slower: tracks one person.",
    manyHint: "Tracks everybody in the picture.", ownHint: "Your own model.",
    picture: "Picture", angles: "Joint angles",
    thresholdHint: "Keypoints with a lower score are not drawn.",
    left: "left", right: "right", elbow: "Elbow", shoulder: "Shoulder", hip: "Hip", knee: "Knee",
    link: "Connection", sent: "Sent", onServer: "On the server", onLink: "Network",
    dropped: "Dropped frames", keys: "Keyboard", space: "Space",
    connecting: "Connecting …", open: "Connected", reconnecting: "Connection lost, trying again …",
    busy: "The server is full, trying again …", refused: "Access denied",
    tokenNeeded: "A token is needed: open the address that the server printed when it started.",
    cameraRefused: "The browser was not allowed to use the camera. Allow it in the site settings (the icon beside the address) and start again.",
    cameraMissing: "No camera was found. Connect one and start again, or open a file.",
    cameraTaken: "The camera cannot be opened: another program may be using it. Close that and start again.",
    cameraInsecure: "Browsers give cameras only to pages from https or from this computer. Start the server with --tls, or open the page as http://localhost.",
    cameraEnded: "The camera was disconnected.",
    fileUnreadable: "This browser cannot show that file. MP4 (H.264), WebM, JPEG and PNG work in most browsers.",
    serverSays: "The server says: {message}",
    milliseconds: "{value} ms", size: "{width} × {height}, {kilobytes} KB, quality {quality} %",
    exercise: "Exercise", noExercise: "None", repetitions: "repetitions", followAnyone: "Follow anyone again",
    followHint: "Only the person at your click is followed. Without them there is no skeleton.",
    exerciseHint: "Counts repetitions. With Lightning or Thunder, click a person to follow only them.",
    squat: "Squat", lunge: "Lunge", "push-up": "Push-up", "pull-up": "Pull-up", "sit-up": "Sit-up",
    "biceps-curl": "Biceps curl", "shoulder-press": "Shoulder press", "jumping-jack": "Jumping jack",
    "welcome@browser": "Your camera, with a skeleton on it. Everything is computed in this browser; no picture leaves it.",
    "welcomeHere@browser": "Your camera, with a skeleton on it. Everything is computed in this browser; no picture leaves it.",
    "open@browser": "Ready", "failed": "The model does not run here",
    "serverSays@browser": "The model does not run here: {message}", "link@browser": "Details",
    "onServer@browser": "Model", "onLink@browser": "Waiting", "sent@browser": "Picture", "size@browser": "{width} × {height}",
    "cameraInsecure@browser": "Browsers give cameras only to pages from https or from this computer: put the page on an https server, or open it as http://localhost.",
  },
  ko: {
    ...CAMERA_WORDS.ko, "connecting@browser": CAMERA_WORDS.ko.loading,
    live: "라이브", stage: "실시간 화면", fps: "fps", latency: "지연", people: "사람", person: "사람", actions: "동작", settings: "설정",
    welcome: "카메라 영상 위에 골격을 그려 줍니다. 영상은 이 페이지를 보낸 서버로만 전송되며 저장되지 않습니다.",
    welcomeHere: "카메라 영상 위에 골격을 그려 줍니다. 영상은 이 컴퓨터를 벗어나지 않으며 저장되지 않습니다.",
    dropHint: "영상이나 사진을 여기에 끌어다 놓아도 됩니다.", resolution: "카메라 해상도",
    startCamera: "카메라 시작", openFile: "파일 열기", sample: "예제 영상",
    pause: "일시정지", resume: "계속", stop: "중지", fullscreen: "전체 화면",
    source: "입력", camera: "카메라", file: "파일 …", whichCamera: "카메라 선택",
    place: "모델을 실행할 곳", server: "서버", browser: "이 브라우저",
    backend: "계산 장치", wasm: "프로세서", webgpu: "그래픽 카드",
    placeHint: "영상을 서버로 보냅니다.", "placeHint@browser": "영상이 이 브라우저를 떠나지 않습니다.",
    lightningHint: "빠름: 한 사람을 추적합니다.", thunderHint: "더 정확하지만 느림: 한 사람을 추적합니다.",
    manyHint: "화면 속 모든 사람을 추적합니다.", ownHint: "사용자 모델.",
    picture: "화면", angles: "관절 각도",
    thresholdHint: "점수가 이보다 낮은 관절은 그리지 않습니다.",
    left: "왼쪽", right: "오른쪽", elbow: "팔꿈치", shoulder: "어깨", hip: "엉덩이", knee: "무릎",
    link: "연결", sent: "전송", onServer: "서버 처리", onLink: "네트워크",
    dropped: "건너뛴 프레임", keys: "단축키", space: "스페이스",
    connecting: "연결 중 …", open: "연결됨", reconnecting: "연결이 끊겨 다시 연결하는 중 …",
    busy: "서버가 가득 차서 다시 시도하는 중 …", refused: "접근할 수 없음",
    tokenNeeded: "토큰이 필요합니다. 서버를 시작할 때 표시된 주소를 여세요.",
    cameraRefused: "카메라 사용이 허용되지 않았습니다. 주소 옆 아이콘의 사이트 설정에서 허용한 뒤 다시 시작하세요.",
    cameraMissing: "카메라를 찾을 수 없습니다. 카메라를 연결하고 다시 시작하거나 파일을 여세요.",
    cameraTaken: "카메라를 열 수 없습니다. 다른 프로그램이 사용 중이면 닫고 다시 시작하세요.",
    cameraInsecure: "브라우저는 https 또는 이 컴퓨터의 페이지에만 카메라를 허용합니다. 서버를 --tls 옵션으로 시작하거나 http://localhost 주소로 여세요.",
    cameraEnded: "카메라 연결이 끊어졌습니다.",
    fileUnreadable: "이 브라우저에서 열 수 없는 파일입니다. MP4(H.264), WebM, JPEG, PNG는 대부분의 브라우저에서 열립니다.",
    serverSays: "서버 메시지: {message}",
    milliseconds: "{value} ms", size: "{width} × {height}, {kilobytes} KB, 품질 {quality} %",
    exercise: "운동", noExercise: "없음", repetitions: "횟수", followAnyone: "다시 아무나 추적",
    followHint: "클릭한 자리의 사람만 추적합니다. 그 사람을 찾지 못하면 골격을 그리지 않습니다.",
    exerciseHint: "반복 횟수를 셉니다. 라이트닝이나 썬더에서는 사람을 클릭하면 그 사람만 추적합니다.",
    squat: "스쿼트", lunge: "런지", "push-up": "팔굽혀펴기", "pull-up": "턱걸이", "sit-up": "윗몸일으키기",
    "biceps-curl": "이두 컬", "shoulder-press": "숄더 프레스", "jumping-jack": "팔벌려뛰기",
    "welcome@browser": "카메라 영상 위에 골격을 그려 줍니다. 모든 계산은 이 브라우저에서 하며 영상은 밖으로 나가지 않습니다.",
    "welcomeHere@browser": "카메라 영상 위에 골격을 그려 줍니다. 모든 계산은 이 브라우저에서 하며 영상은 밖으로 나가지 않습니다.",
    "open@browser": "준비됨", "failed": "모델을 실행할 수 없음",
    "serverSays@browser": "모델을 실행할 수 없습니다: {message}", "link@browser": "자세히",
    "onServer@browser": "모델", "onLink@browser": "대기", "sent@browser": "화면 크기", "size@browser": "{width} × {height}",
    "cameraInsecure@browser": "브라우저는 https 또는 이 컴퓨터의 페이지에만 카메라를 허용합니다. 페이지를 https 서버에 올리거나 http://localhost 주소로 여세요.",
  },
});

let language = "en";
let place = "server";

/** The language in use. */
export function currentLanguage() {
  return language;
}

/** Choose the texts for the place where the models run: "server" or "browser". */
export function speakOf(chosen) {
  place = chosen;
}

/** Return the text of a key with its {placeholders} filled. */
export function say(key, gaps = {}) {
  return sayWith(key, gaps).join("");
}

/** Return the parts of the text of a key, with texts or elements in place of its {placeholders}. */
export function sayWith(key, gaps) {
  return filled(WORDS[language][`${key}@${place}`] ?? WORDS[language][key] ?? key, gaps);
}

/** Show the whole page in a language. */
export function speak(chosen) {
  language = chosen in WORDS ? chosen : "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", say(element.dataset.wordLabel));
  }
}
