/*
 * The service worker of a site: it keeps its files, so that the page works without a network after the first visit.
 *
 * `FILES` and `VERSION` are written above by `movenet.live.site`. It also makes the page cross-origin isolated, which
 * most static servers do not: then the models run in threads. Of the runtimes it keeps the one that runs here, with
 * threads; another one, which a model or a page may need, is kept when it is first used.
 */

const CACHE = `movenet-${VERSION}`;
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};
const ONE_THREAD = /\/litert\/litert_wasm_internal\./;
/** Files that are not needed with the runtime that the page has chosen, the folder `litert` or `ort`. */
const OTHER_RUNTIMES = { litert: /\/ort\/(ort\.wasm\.|ort-wasm-simd-threaded\.(mjs|wasm))/, ort: /\/litert\// };
const OTHER_RUNTIME = OTHER_RUNTIMES[new URLSearchParams(self.location.search).get("runtime")];

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === self.location.origin) event.respondWith(answer(event.request));
});

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.filter((file) => !ONE_THREAD.test(file) && !OTHER_RUNTIME.test(file)));
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("movenet-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  const response = kept ?? (await fetchAndKeep(request, cache));
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("Range") ?? "");
  return kept && range ? part(response, Number(range[1]), range[2]) : isolated(response, response.body, response.status);
}

async function fetchAndKeep(request, cache) {
  const response = await fetch(request);
  const isListed = FILES.some((file) => new URL(file, self.location.href).href === request.url);
  if (isListed && response.status === 200) await cache.put(request, response.clone());
  return response;
}

/** Answer with a part of a file, which videos ask for. */
async function part(response, start, end) {
  const file = await response.blob();
  const last = end ? Math.min(Number(end), file.size - 1) : file.size - 1;
  const answered = isolated(response, file.slice(start, last + 1, file.type), 206);
  answered.headers.set("Content-Range", `bytes ${start}-${last}/${file.size}`);
  answered.headers.set("Content-Length", `${last + 1 - start}`);
  return answered;
}

function isolated(response, body, status) {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(body, { status, statusText: response.statusText, headers });
}
