// The field page's service worker: the page opens without a network. It keeps the page's own shell (the empty page, its script, style and icon) and nothing
// else: no answer of the API, no case, no photo. The server puts the version, a digest of the shell, before this script, so that each version has a cache of
// its own and an old one goes. The network comes first; the kept shell is for when there is none, or none that answers in time.
export {};

interface Shell { version: string; files: string[] }
interface Worker {
  shell: Shell;
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", on: (e: { waitUntil(done: Promise<unknown>): void }) => void): void;
  addEventListener(type: "fetch", on: (e: { request: Request; respondWith(answer: Promise<Response>): void }) => void): void;
}

const worker = self as unknown as Worker;
const prefix = "tw-field-";
const current = prefix + worker.shell.version;
const patience = 4000; // ms

worker.addEventListener("install", (e) => e.waitUntil(fill().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (e) => e.waitUntil(clean().then(() => worker.clients.claim())));
worker.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  const ours = e.request.method === "GET" && url.origin === worker.location.origin && worker.shell.files.includes(url.pathname);
  if (ours) e.respondWith(answer(e.request, url.pathname));
});

/** usable says whether an answer may be kept: not a page to sign in on, to which the server would have led. */
const usable = (r: Response) => r.ok && !r.redirected && r.type === "basic";

async function fill(): Promise<void> {
  const answers = await Promise.all(worker.shell.files.map((path) => fetch(path, { cache: "reload" })));
  if (!answers.every(usable)) throw new Error("the shell is not whole");
  const cache = await caches.open(current);
  await Promise.all(answers.map((r, i) => cache.put(worker.shell.files[i], r)));
}

async function clean(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== current);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** answer asks the network, and takes what is kept when it is silent. The page is kept anew each time, since it carries the chosen language. */
async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(current);
  const kept = await cache.match(path);
  const asked = fetch(request).then(async (r) => {
    if (usable(r)) await cache.put(path, r.clone()).catch(() => {}); // no room: the older one stays
    return r;
  });
  if (!kept) return asked;
  const late = new Promise<Response>((done) => setTimeout(() => done(kept.clone()), patience));
  return Promise.race([asked.catch(() => kept.clone()), late]);
}
