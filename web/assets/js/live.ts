// SPDX-License-Identifier: Apache-2.0

// One event stream for the page. Each element with data-live names its topics;
// when one is published the element gets the event "live", on which htmx asks
// for its URL again. A page nobody looks at waits until it is looked at.
import { note, unnote, word } from "./words";

let source: EventSource | null = null;
let now = "";
let failures = 0;
const waiting = new Set<string>();

function topics(): string {
	const set = new Set<string>();
	document.querySelectorAll<HTMLElement>("[data-live]").forEach((e) =>
		(e.dataset.live || "").split(/\s+/).forEach((t) => t && set.add(t)));
	return [...set].sort().join(",");
}

function wake(topic: string): void {
	if (document.hidden) {
		waiting.add(topic);
		return;
	}
	document.querySelectorAll<HTMLElement>("[data-live]").forEach((e) => {
		if ((e.dataset.live || "").split(/\s+/).includes(topic)) {
			e.dispatchEvent(new CustomEvent("live"));
		}
	});
}

function connect(): void {
	const want = topics();
	if (want === now && source) return;
	source?.close();
	source = null;
	now = want;
	if (!want) return;
	const s = new EventSource("/live?topics=" + encodeURIComponent(want));
	source = s;
	s.onopen = () => {
		if (failures > 2) {
			unnote();
			want.split(",").forEach(wake); // what happened meanwhile is unknown
		}
		failures = 0;
	};
	s.onmessage = (e) => wake(e.data);
	s.onerror = () => {
		failures++;
		if (failures === 3) note(word("live_lost"), 0);
		if (s.readyState === EventSource.CLOSED && source === s) {
			source = null;
			// Many pages lose a server at once; they must not all return at once.
			setTimeout(connect, 5000 + Math.random() * 10000);
		}
	};
}

export function live(): void {
	if (!document.body.dataset.account) return; // nobody is signed in: nothing to wake for
	connect();
	document.addEventListener("htmx:after:swap", () => connect());
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden) {
			const list = [...waiting];
			waiting.clear();
			list.forEach(wake);
		}
	});
	window.addEventListener("pagehide", () => source?.close());
	window.addEventListener("pageshow", (e) => {
		if (e.persisted) {
			now = "";
			connect();
		}
	});
}
