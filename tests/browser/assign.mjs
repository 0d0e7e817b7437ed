// Solves linear assignments, and prints the pairs [row, column] of each as JSON.
//
//   node assign.mjs REQUEST.json
//
// The request: {page, limit, cases: [costs]}; `page` is the folder of the page's files.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, limit, cases } = JSON.parse(await readFile(process.argv[2], "utf8"));
const { linearAssignment } = await import(new URL("movenet/assignment.js", pathToFileURL(`${page}/`)));
console.log(JSON.stringify(cases.map((costs) => linearAssignment(costs, limit))));
