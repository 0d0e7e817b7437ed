// Node's fetch takes no addresses of files: with this it does, so that models load as in a browser.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const { fetch: fetchFromNetwork } = globalThis;

globalThis.fetch = async (address, options) => {
  if (!`${address}`.startsWith("file:")) return fetchFromNetwork(address, options);
  try {
    return new Response(await readFile(fileURLToPath(address)));
  } catch (error) {
    if (error.code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
};
