// SPDX-License-Identifier: Apache-2.0

// The page's script. Every page works without it.
import "htmx.org";
import { drafts } from "./draft";
import { idle } from "./idle";
import { shortcuts } from "./keys";
import { live } from "./live";
import { suggestions } from "./suggest";
import { note, unnote, word } from "./words";

// A form goes out once; the server would answer the second only once anyway.
function sending(): void {
	document.addEventListener("submit", (e) => {
		const form = e.target;
		if (!(form instanceof HTMLFormElement) || form.method !== "post" || e.defaultPrevented) return;
		if (form.dataset.sending) {
			e.preventDefault();
			return;
		}
		form.dataset.sending = "1";
		const mark = form.querySelector("[data-draft-mark]");
		if (mark) mark.textContent = word("sending");
		setTimeout(() => delete form.dataset.sending, 10000);
	});
	window.addEventListener("pageshow", () =>
		document.querySelectorAll<HTMLElement>("form[data-sending]").forEach((f) => delete f.dataset.sending));
}

function errors(): void {
	const summary = document.querySelector<HTMLElement>("[data-errors]");
	if (!summary) return;
	summary.focus();
	summary.addEventListener("click", (e) => {
		const link = e.target instanceof Element ? e.target.closest("a") : null;
		const field = link && document.getElementById(link.hash.slice(1));
		if (field) {
			e.preventDefault();
			field.scrollIntoView({ block: "center" });
			field.focus({ preventScroll: true });
		}
	});
}

function small(): void {
	document.addEventListener("click", (e) => {
		if (!(e.target instanceof Element)) return;
		if (e.target.closest("[data-print]")) print();
		if (e.target.closest("[data-reload]")) location.reload();
	});
	// The place under the pointer, in words, beside the map.
	document.addEventListener("pointerover", (e) => {
		if (!(e.target instanceof SVGCircleElement)) return;
		const read = e.target.closest(".map")?.querySelector("[data-map-read]");
		const title = e.target.querySelector("title");
		if (read && title) read.textContent = title.textContent;
	});
	document.addEventListener("htmx:response:error", () => note(word("part_failed")));
	document.addEventListener("htmx:error", () => note(word("part_failed")));
	addEventListener("offline", () => note(word("offline"), 0));
	addEventListener("online", unnote);
}

drafts();
shortcuts();
idle();
live();
suggestions();
sending();
errors();
small();
if ("serviceWorker" in navigator && isSecureContext) {
	navigator.serviceWorker.register("/sw.js").catch(() => { /* the page needs no worker */ });
}
