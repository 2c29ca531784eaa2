// SPDX-License-Identifier: Apache-2.0

// The few sentences scripts show come with the page, in its language.
const all: Record<string, string> = JSON.parse(document.body?.dataset.words || "{}");

export function word(key: string, arg = ""): string {
	return (all[key] || "").replace("{0}", arg);
}

export function clock(at: number): string {
	return new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", hour12: false });
}

let shown: HTMLElement | null = null;
let timer = 0;

// note says one sentence at the bottom edge, for people and for readers.
export function note(text: string, seconds = 8): void {
	if (!text) return;
	if (!shown) {
		shown = document.createElement("div");
		shown.className = "note no-print";
		shown.setAttribute("role", "status");
		document.body.append(shown);
	}
	shown.hidden = false;
	shown.textContent = text;
	clearTimeout(timer);
	if (seconds > 0) timer = window.setTimeout(() => { if (shown) shown.hidden = true; }, seconds * 1000);
}

export function unnote(): void {
	if (shown) shown.hidden = true;
}
