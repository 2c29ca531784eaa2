// SPDX-License-Identifier: Apache-2.0

// Drafts of forms, on this device, per account: after an error, a lock or a
// power cut nothing is typed twice. The server's cookie mach_sent names the
// form it has answered; that draft goes. Drafts older than a day go too.
import { clock, word } from "./words";

interface Draft { at: number; once: string; values: Record<string, string[]> }

const day = 24 * 60 * 60 * 1000;
const account = document.body?.dataset.account || "";
const prefix = "draft:" + account + ":";

function read(key: string): Draft | null {
	try {
		const d = JSON.parse(localStorage.getItem(key) || "null");
		return d && typeof d.at === "number" ? d : null;
	} catch {
		return null;
	}
}

function keys(start: string): string[] {
	const out: string[] = [];
	for (let i = 0; i < localStorage.length; i++) {
		const k = localStorage.key(i);
		if (k && k.startsWith(start)) out.push(k);
	}
	return out;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function controls(form: HTMLFormElement): Control[] {
	return [...form.elements].filter((e): e is Control =>
		(e instanceof HTMLInputElement || e instanceof HTMLSelectElement || e instanceof HTMLTextAreaElement) &&
		!!e.name && !["hidden", "password", "file", "submit", "button"].includes(e.type));
}

function values(form: HTMLFormElement): Record<string, string[]> {
	const out: Record<string, string[]> = {};
	for (const c of controls(form)) {
		out[c.name] ||= [];
		if (c instanceof HTMLInputElement && (c.type === "checkbox" || c.type === "radio")) {
			if (c.checked) out[c.name].push(c.value);
		} else {
			out[c.name].push(c.value);
		}
	}
	return out;
}

function restore(form: HTMLFormElement, d: Draft): void {
	const used: Record<string, number> = {};
	for (const c of controls(form)) {
		const list = d.values[c.name];
		if (!list) continue;
		if (c instanceof HTMLInputElement && (c.type === "checkbox" || c.type === "radio")) {
			c.checked = list.includes(c.value);
		} else {
			const n = used[c.name] || 0;
			used[c.name] = n + 1;
			if (list[n] !== undefined) c.value = list[n];
		}
		c.dispatchEvent(new Event("change", { bubbles: true }));
	}
	const once = form.elements.namedItem("_once");
	if (once instanceof HTMLInputElement && d.once) once.value = d.once;
}

function once(form: HTMLFormElement): string {
	const e = form.elements.namedItem("_once");
	return e instanceof HTMLInputElement ? e.value : "";
}

function keep(form: HTMLFormElement): void {
	const key = prefix + form.dataset.draft;
	const start = values(form);
	const first = JSON.stringify(start);
	const mark = form.querySelector<HTMLElement>("[data-draft-mark]");
	let timer = 0;
	let dropped = false;

	const save = () => {
		clearTimeout(timer);
		timer = 0;
		const v = values(form);
		if (dropped || JSON.stringify(v) === first && !read(key)) return;
		const at = Date.now();
		try {
			localStorage.setItem(key, JSON.stringify({ at, once: once(form), values: v } satisfies Draft));
			if (mark) mark.textContent = word("draft_saved", clock(at));
		} catch { /* a full or forbidden storage: the form still works */ }
	};

	const old = read(key);
	if (form.hasAttribute("data-sent")) {
		dropped = false;
		localStorage.setItem(key, JSON.stringify({ at: Date.now(), once: once(form), values: start } satisfies Draft));
		if (mark) mark.textContent = word("draft_saved", clock(Date.now()));
	} else if (old && JSON.stringify(old.values) !== first) {
		restore(form, old);
		form.closest("details")?.setAttribute("open", "");
		if (mark) {
			mark.textContent = word("draft_restored", clock(old.at)) + " · ";
			const drop = document.createElement("button");
			drop.type = "button";
			drop.textContent = word("draft_drop");
			drop.onclick = () => {
				dropped = true;
				localStorage.removeItem(key);
				location.reload();
			};
			mark.append(drop);
		}
	}
	form.addEventListener("input", () => {
		clearTimeout(timer);
		timer = window.setTimeout(save, 400);
	});
	const flush = () => { if (timer) save(); };
	window.addEventListener("pagehide", flush);
	document.addEventListener("visibilitychange", flush);
}

function tidy(): void {
	const sent = document.cookie.match(/(?:^|; )mach_sent=([^;]+)/)?.[1];
	for (const k of keys("draft:")) {
		const d = read(k);
		if (!d || Date.now() - d.at > day || (sent && d.once === sent)) localStorage.removeItem(k);
	}
	if (sent) document.cookie = "mach_sent=; path=/; max-age=0; samesite=lax";
}

export function drafts(): void {
	try {
		tidy();
	} catch {
		return; // storage is forbidden: nothing to keep
	}
	if (!account) return;
	document.querySelectorAll<HTMLFormElement>("form[data-draft]").forEach(keep);
	document.querySelectorAll<HTMLFormElement>("form[data-forget-drafts]").forEach((f) =>
		f.addEventListener("submit", () => keys(prefix).forEach((k) => localStorage.removeItem(k))));
}
