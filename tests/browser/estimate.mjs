// Estimates the poses in an empty picture from raw heads that Python wrote, and prints them as JSON.
//
//   node estimate.mjs REQUEST.json
//
// The request: {page, width, height, choice, models}; `page` is the folder of the page's files, `choice` an entry of models.json,
// `models` are {single, detector}: for each size of the input ("192x192") the heads, name → {file, dims}; a file holds float32.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { page, width, height, choice, models } = JSON.parse(await readFile(process.argv[2], "utf8"));
const load = (name) => import(new URL(`movenet/${name}.js`, pathToFileURL(`${page}/`)));
const [{ PictureEstimator }, { pictureOf }] = await Promise.all(["estimator", "picture"].map(load));

const engineOf = (headsOfSizes) => ({
  async run(_, [, inputHeight, inputWidth]) {
    const listed = Object.entries(headsOfSizes[`${inputWidth}x${inputHeight}`]);
    return Object.fromEntries(await Promise.all(listed.map(async ([name, { file, dims }]) => {
      const { buffer } = new Uint8Array(await readFile(file)); // a copy, which begins at a multiple of 4 bytes
      return [name, { data: new Float32Array(buffer), dims }];
    })));
  },
});
const picture = pictureOf({ data: new Uint8ClampedArray(4 * width * height), width, height });
const model = { engine: engineOf(models.single), side: choice.side };
console.log(JSON.stringify(await new PictureEstimator(model, engineOf(models.detector), choice).estimate(picture)));
