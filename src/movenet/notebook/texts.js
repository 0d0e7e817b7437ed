/** The texts of the widget in English and Korean; reasons sent to Python are in English. */

export const ENGLISH = {
  widget: "Camera with skeletons", start: "Start camera", stop: "Stop camera", mirror: "Mirror", smooth: "Smooth",
  threshold: "Threshold", off: "The camera is off.", asking: "Please allow the camera in your browser.",
  connecting: "Waiting for the kernel.", insecure: "The browser gives the camera only to pages at https or localhost.",
  refused: "The camera was refused. Allow it for this page, in the address bar or the browser's settings, and start again.",
  closed: "This program lets no notebook use the camera (VS Code on the desktop does not). Open the notebook in a browser, "
    + "or run “movenet live”.",
  none: "No camera was found. Connect one and start again.", taken_by_app: "The camera is in use by another program.",
  unplugged: "The camera was disconnected.", failed: "The camera could not be started:",
  elsewhere: "Another window shows the camera now.", gone: "The kernel has stopped or was restarted: run the cell again.",
  busy: "The kernel is busy or does not answer. The newest picture is sent when it does.",
  callback: "A callback failed and was removed.", error: "The kernel could not use a picture:",
  people: (count) => (count === 1 ? "1 person" : `${count} people`), rate: (fps) => `${fps} fps`,
  repetitions: (count) => (count === 1 ? "1 repetition" : `${count} repetitions`),
};

const KOREAN = {
  widget: "골격을 그리는 카메라", start: "카메라 켜기", stop: "카메라 끄기", mirror: "거울", smooth: "부드럽게",
  threshold: "문턱값", off: "카메라가 꺼져 있습니다.", asking: "브라우저에서 카메라 사용을 허용해 주세요.",
  connecting: "커널을 기다리는 중입니다.", insecure: "브라우저는 https 또는 localhost 페이지에서만 카메라를 허용합니다.",
  refused: "카메라 사용이 거부되었습니다. 주소창이나 브라우저 설정에서 이 페이지에 허용한 뒤 다시 켜 주세요.",
  closed: "이 프로그램은 노트북의 카메라 사용을 막습니다(데스크톱 VS Code). 노트북을 브라우저에서 열거나 “movenet live”를 실행하세요.",
  none: "카메라를 찾지 못했습니다. 연결한 뒤 다시 켜 주세요.", taken_by_app: "다른 프로그램이 카메라를 쓰고 있습니다.",
  unplugged: "카메라 연결이 끊어졌습니다.", failed: "카메라를 켤 수 없습니다:",
  elsewhere: "지금은 다른 창이 카메라를 보여 줍니다.", gone: "커널이 멈췄거나 다시 시작되었습니다. 셀을 다시 실행하세요.",
  busy: "커널이 바쁘거나 응답하지 않습니다. 응답하면 가장 새 화면을 보냅니다.",
  callback: "콜백이 실패하여 더는 호출하지 않습니다.", error: "커널이 화면을 처리하지 못했습니다:",
  people: (count) => `${count}명`, rate: (fps) => `초당 ${fps}장`,
  repetitions: (count) => `${count}회`,
};

/** The texts in the browser's language. */
export const TEXTS = navigator.language?.startsWith("ko") ? KOREAN : ENGLISH;
