// SPDX-License-Identifier: Apache-2.0

// A shared computer locks when nobody has touched it for as long as the page
// says. All open pages count as one.
const mark = "mach_active";

// The server locks too, and does not see somebody type: it is told at most once
// a minute. What it answers does not matter; a locked session stays locked.
const minute = 60_000;

export function idle(): void {
	const seconds = Number(document.body.dataset.idle || "0");
	const lock = document.getElementById("lock");
	if (!seconds || !(lock instanceof HTMLFormElement)) return;
	let seen = 0;
	let told = Date.now(); // opening the page told it
	const tell = (now: number) => {
		if (now - told < minute) return;
		told = now;
		fetch("/khoa/dang-dung", { method: "POST", redirect: "manual" }).catch(() => { /* the next will do */ });
	};
	const touch = () => {
		const now = Date.now();
		if (now - seen < 4000) return;
		seen = now;
		try { localStorage.setItem(mark, String(now)); } catch { /* this page alone counts */ }
		tell(now);
	};
	touch();
	for (const kind of ["pointerdown", "keydown", "wheel", "touchstart", "pointermove"]) {
		addEventListener(kind, touch, { passive: true, capture: true });
	}
	setInterval(() => {
		let last = seen;
		try { last = Math.max(last, Number(localStorage.getItem(mark) || "0")); } catch { /* as above */ }
		if (Date.now() - last > seconds * 1000) {
			seen = Date.now(); // once
			lock.submit();
		}
	}, 5000);
}
