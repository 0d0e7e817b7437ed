/** The texts of the widget in English and Korean; reasons sent to Python are in English. */
import { CAMERA_WORDS, filled } from "../live/page/camera_words.js";

/** All texts by language and key. */
export const TEXTS = {
  en: {
    ...CAMERA_WORDS.en,
    widget: "Camera with skeletons", start: "Start camera", stop: "Stop camera", stopRecording: "Stop recording",
    people: "People", one: "One person", auto: "Those in front",
    off: "The camera is off.", asking: "Please allow the camera in your browser.", connecting: "Waiting for the kernel.",
    cameraInsecure: "The browser gives the camera only to pages at https or localhost.",
    cameraRefused: "The camera was refused. Allow it for this page, in the address bar or the browser's settings, and start again.",
    cameraClosed: "This program lets no notebook use the camera (VS Code on the desktop does not). Open the notebook in a browser, "
      + "or run “movenet live”.",
    cameraMissing: "No camera was found. Connect one and start again.",
    cameraTaken: "The camera cannot be opened: another program may be using it.",
    cameraEnded: "The camera was disconnected.",
    elsewhere: "Another window shows the camera now.", gone: "The kernel has stopped or was restarted: run the cell again.",
    busy: "The kernel is busy or does not answer. The newest picture is sent when it does.",
    callback: "A callback failed and was removed. {message}", kernelSays: "The kernel says: {message}",
    rate: "{count} fps", people_are: "{count} people", people_is: "1 person",
    repetitions_are: "{count} repetitions", repetitions_is: "1 repetition",
  },
  ko: {
    ...CAMERA_WORDS.ko,
    widget: "골격을 그리는 카메라", start: "카메라 켜기", stop: "카메라 끄기", stopRecording: "녹화 중지",
    people: "사람", one: "한 명", auto: "앞에 있는 사람",
    off: "카메라가 꺼져 있습니다.", asking: "브라우저에서 카메라 사용을 허용해 주세요.", connecting: "커널을 기다리는 중입니다.",
    cameraInsecure: "브라우저는 https 또는 localhost 페이지에서만 카메라를 허용합니다.",
    cameraRefused: "카메라 사용이 거부되었습니다. 주소창이나 브라우저 설정에서 이 페이지에 허용한 뒤 다시 켜 주세요.",
    cameraClosed: "이 프로그램은 노트북의 카메라 사용을 막습니다(데스크톱 VS Code). 노트북을 브라우저에서 열거나 “movenet live”를 실행하세요.",
    cameraMissing: "카메라를 찾지 못했습니다. 연결한 뒤 다시 켜 주세요.",
    cameraTaken: "카메라를 열 수 없습니다. 다른 프로그램이 쓰고 있을 수 있습니다.",
    cameraEnded: "카메라 연결이 끊어졌습니다.",
    elsewhere: "지금은 다른 창이 카메라를 보여 줍니다.", gone: "커널이 멈췄거나 다시 시작되었습니다. 셀을 다시 실행하세요.",
    busy: "커널이 바쁘거나 응답하지 않습니다. 응답하면 가장 새 화면을 보냅니다.",
    callback: "콜백이 실패하여 더는 호출하지 않습니다. {message}", kernelSays: "커널 메시지: {message}",
    rate: "초당 {count}장", people_are: "{count}명", people_is: "1명",
    repetitions_are: "{count}회", repetitions_is: "1회",
  },
};
const LANGUAGE = navigator.language?.startsWith("ko") ? "ko" : "en";

/** Return the text of a key in the browser's language, with its {placeholders} filled. */
export function say(key, gaps = {}) {
  return sayWith(key, gaps).join("");
}

/** Return the parts of the text of a key, with texts or elements in place of its {placeholders}. */
export function sayWith(key, gaps) {
  return filled(TEXTS[LANGUAGE][key] ?? key, gaps);
}

/** Return how many there are of "people" or "repetitions". */
export function sayCount(key, count) {
  return say(`${key}_${count === 1 ? "is" : "are"}`, { count });
}

/** Return the text of a key without placeholders in English; "" is that of no key. */
export function sayInEnglish(key) {
  return TEXTS.en[key] ?? "";
}
