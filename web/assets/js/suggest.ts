// SPDX-License-Identifier: Apache-2.0

// Suggestions under a field (component field, Live): a press takes one, the
// arrows walk, Escape closes. Typing the code alone works as well.
function inputOf(box: Element): HTMLInputElement | null {
	const input = document.getElementById(box.id.replace(/-found$/, ""));
	return input instanceof HTMLInputElement ? input : null;
}

function take(button: HTMLElement, box: Element): void {
	const input = inputOf(box);
	if (!input) return;
	input.value = button.dataset.take || "";
	box.replaceChildren();
	input.focus();
	// The draft hears of it from the form; the field itself must not ask again.
	input.form?.dispatchEvent(new Event("input"));
}

function walk(e: KeyboardEvent): void {
	if (!(e.target instanceof HTMLElement)) return;
	const box = e.target.closest(".field")?.querySelector(".field-found");
	if (!box || !box.childElementCount) return;
	const list: HTMLElement[] = [...box.querySelectorAll<HTMLElement>("[data-take]")];
	const at = list.indexOf(e.target);
	if (e.key === "Escape") {
		box.replaceChildren();
		inputOf(box)?.focus();
	} else if (e.key === "ArrowDown") {
		e.preventDefault();
		list[Math.min(at + 1, list.length - 1)]?.focus();
	} else if (e.key === "ArrowUp" && at >= 0) {
		e.preventDefault();
		(at ? list[at - 1] : inputOf(box))?.focus();
	}
}

export function suggestions(): void {
	document.addEventListener("click", (e) => {
		const button = e.target instanceof Element ? e.target.closest<HTMLElement>("[data-take]") : null;
		const box = button?.closest(".field-found");
		if (button && box) take(button, box);
	});
	document.addEventListener("keydown", walk);
	document.addEventListener("focusout", (e) => {
		const field = e.target instanceof Element ? e.target.closest(".field") : null;
		const to = e.relatedTarget;
		if (field && !(to instanceof Node && field.contains(to))) field.querySelector(".field-found")?.replaceChildren();
	});
}
