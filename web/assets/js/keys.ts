// SPDX-License-Identifier: Apache-2.0

// "/" searches, Ctrl+Enter is the primary action, Escape closes menus.
export function shortcuts(): void {
	document.addEventListener("keydown", (e) => {
		const at = e.target instanceof HTMLElement ? e.target : document.body;
		const typing = at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
		if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
			const search = document.getElementById("search");
			if (search instanceof HTMLInputElement) {
				e.preventDefault();
				search.focus();
				search.select();
			}
		}
		if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
			const scope = at.closest("form") || document.getElementById("main");
			const primary = scope?.querySelector<HTMLElement>("[data-primary]");
			if (primary) {
				e.preventDefault();
				primary.click();
			}
		}
		if (e.key === "Escape") {
			document.querySelectorAll<HTMLDetailsElement>("details.menu[open]").forEach((d) => {
				d.open = false;
				d.querySelector("summary")?.focus();
			});
		}
	});
	document.addEventListener("click", (e) => {
		document.querySelectorAll<HTMLDetailsElement>("details.menu[open]").forEach((d) => {
			if (e.target instanceof Node && !d.contains(e.target)) d.open = false;
		});
	});
}
