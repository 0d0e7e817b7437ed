// Prints what a module exports as JSON: names, and of each class its public members.
//
//   node exports.mjs REQUEST.json
//
// The request: {module}, the path of the file.
import "./file_fetch.mjs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { module } = JSON.parse(await readFile(process.argv[2], "utf8"));
const members = (value) => {
  if (typeof value !== "function" || !value.prototype || value.prototype instanceof Error) return [];
  const own = Object.getOwnPropertyNames(value.prototype).filter((name) => name !== "constructor");
  const fixed = Object.getOwnPropertyNames(value).filter((name) => !["length", "name", "prototype"].includes(name));
  return [...own, ...fixed];
};
const exported = Object.entries(await import(pathToFileURL(module)));
console.log(JSON.stringify(Object.fromEntries(exported.map(([name, value]) => [name, members(value)]))));
