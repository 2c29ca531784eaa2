// SPDX-License-Identifier: Apache-2.0

// The service worker keeps the bundle and the offline page. It never keeps a
// page, a fragment or a record. KEEP is written before it by the server.
/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope & { KEEP: string[] };

const offline = "/offline";
const name = "mach-" + self.KEEP.join("|").split("").reduce((h, c) => (h * 31 + c.charCodeAt(0)) >>> 0, 7).toString(36);

self.addEventListener("install", (e) => {
	e.waitUntil(caches.open(name)
		// Without credentials: the offline page must not know anybody.
		.then((c) => c.addAll(self.KEEP.map((u) => new Request(u, { credentials: "omit", cache: "no-cache" }))))
		.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
	e.waitUntil(caches.keys()
		.then((all) => Promise.all(all.filter((k) => k !== name).map((k) => caches.delete(k))))
		.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (e) => {
	const url = new URL(e.request.url);
	if (url.origin !== location.origin) return;
	if (e.request.method === "GET" && url.pathname.startsWith("/static/")) {
		e.respondWith(caches.match(e.request).then((hit) => hit || fetch(e.request)));
	} else if (e.request.mode === "navigate") {
		e.respondWith(fetch(e.request).catch(() =>
			caches.match(offline).then((page) => page || Response.error())));
	}
});

export {};
