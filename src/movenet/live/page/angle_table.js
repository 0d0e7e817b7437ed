/** The table of joint angles: a row for each joint, a column for each side. */

import { ANGLES, jointAngles } from "./skeleton.js";
import { say } from "./words.js";

/** Write the rows in the language of the page. */
export function fillAngles(table) {
  const joints = [...new Set(ANGLES.map(([name]) => name.replace(/^(left|right)_/, "")))];
  table.querySelector("tbody").replaceChildren(...joints.map(row));
}

function row(joint) {
  const line = document.createElement("tr");
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: say(joint) });
  const cells = ["left", "right"].map((side) => {
    const cell = document.createElement("td");
    cell.dataset.angle = `${side}_${joint}`;
    return cell;
  });
  line.append(head, ...cells);
  return line;
}

/** Write the angles of a pose, or dashes where there is none. */
export function showAngles(table, pose, minScore) {
  const angles = new Map((pose ? jointAngles(pose, minScore) : []).map(({ name, degrees }) => [name, degrees]));
  for (const cell of table.querySelectorAll("[data-angle]")) {
    const degrees = angles.get(cell.dataset.angle);
    cell.textContent = degrees === undefined ? "–" : `${Math.round(degrees)}°`;
  }
}
