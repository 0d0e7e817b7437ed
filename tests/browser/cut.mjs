// Cuts crops from a picture that Python wrote, and writes their pixels one after the other.
//
//   node cut.mjs REQUEST.json
//
// The request: {page, file, width, height, crops, result}; `page` is the folder of the page's files, `file` holds RGBA, a crop is
// [left, top, width, height, outWidth, outHeight], and `result` is the file of the pixels, RGB. It prints null.
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, file, width, height, crops, result } = JSON.parse(await readFile(process.argv[2], "utf8"));
const load = (name) => import(new URL(`movenet/${name}.js`, pathToFileURL(`${page}/`)));
const [{ Crop }, { pictureOf }] = await Promise.all(["crop", "picture"].map(load));
const picture = pictureOf({ data: new Uint8ClampedArray(await readFile(file)), width, height });
await writeFile(result, Buffer.concat(crops.map((crop) => new Crop(...crop).cut(picture))));
console.log(null);
