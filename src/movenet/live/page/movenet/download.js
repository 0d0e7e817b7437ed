/** Fetches files of the site, with an error that names the file. */

/** A model or a runtime cannot be loaded; `file` is its address. */
export class LoadError extends Error {
  constructor(file, reason) {
    super(`cannot load ${file}: ${reason}`);
    this.file = `${file}`;
  }
}

/** Fetch a file. */
export async function download(address) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new LoadError(address, error.message);
  }
  if (!response.ok) throw new LoadError(address, `status ${response.status}`);
  return response;
}

/** Fetch a file that is stored compressed (gzip), because most static servers send files as they are. */
export async function downloadCompressed(address) {
  const { body } = await download(address);
  try {
    return await new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch (error) {
    throw new LoadError(address, error.message);
  }
}
