// SPDX-License-Identifier: Apache-2.0

// How a story finds what people see: by the words on it. Each call is one
// expression, so nothing is left in the page.
(function (what, arg, scope) {
  const norm = (s) => (s || "").normalize("NFC").replace(/\s+/g, " ").trim();
  const root = scope ? document.querySelector(scope) : document;
  if (!root) return { missing: "scope " + scope };
  const all = (css) => [...root.querySelectorAll(css)];
  const shown = (e) => e.getClientRects().length > 0 && e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const label = (e) => norm(e.getAttribute("aria-label") || e.innerText || e.textContent || e.value);
  const best = (list, name) => {
    const exact = list.filter((e) => label(e) === name);
    if (exact.length) return exact[0];
    const part = list.filter((e) => label(e).includes(name));
    return part.sort((a, b) => label(a).length - label(b).length)[0];
  };
  const spot = (e) => {
    e.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const r = e.getClientRects()[0];
    const x = r.left + Math.min(r.width / 2, 200), y = r.top + r.height / 2;
    const top = document.elementFromPoint(x, y);
    const free = top && (e.contains(top) || top.contains(e) || (top.closest("label") || {}).control === e);
    return { x, y, free, over: free || !top ? "" : top.outerHTML.slice(0, 120) };
  };
  const field = (name) => {
    for (const l of all("label, legend")) {
      const bare = l.cloneNode(true);
      for (const extra of bare.querySelectorAll(".field-need, .hidden, svg, select, input")) extra.remove();
      const words = norm(bare.textContent);
      if (words !== name && norm(l.textContent) !== name) continue;
      const control = l.htmlFor ? document.getElementById(l.htmlFor) : l.control || l.querySelector("input,select,textarea");
      if (control && control.type !== "hidden") return control;
    }
    return all("input,textarea,select").find((e) => norm(e.getAttribute("aria-label")) === name);
  };
  switch (what) {
    case "press": {
      const e = best(all("a[href], button, summary, [role=button], [role=tab]").filter(shown), arg);
      return e ? spot(e) : { missing: arg, have: all("a[href], button, summary").filter(shown).map(label).slice(0, 60) };
    }
    case "near": { // the words, in the smallest row, card or panel that has the others
      const box = all("li, tr, section, form, article, fieldset, .card")
        .filter((e) => shown(e) && norm(e.innerText).includes(arg[0]))
        .sort((a, b) => a.innerText.length - b.innerText.length)
        .map((e) => best([...e.querySelectorAll("a[href], button, summary")].filter(shown), arg[1])).find((e) => e);
      return box ? spot(box) : { missing: arg.join(" … "), have: all("li, tr").filter(shown).map((e) => norm(e.innerText)).slice(0, 40) };
    }
    case "css": {
      const e = all(arg).find(shown);
      return e ? spot(e) : { missing: arg };
    }
    case "field": {
      const e = field(arg);
      return e && shown(e) ? { ...spot(e), tag: e.tagName, type: e.type, value: e.value } :
        { missing: arg, have: all("label").map((l) => norm(l.textContent)).slice(0, 60) };
    }
    case "clear": {
      const e = field(arg);
      e.focus();
      if (e.select) e.select();
      return {};
    }
    case "choose": { // a radio or a check box by its label
      const e = field(arg) || best(all("label").filter(shown), arg);
      return e ? spot(e.closest("label") || (e.labels && e.labels[0]) || e) :
        { missing: arg, have: all("label").map((l) => norm(l.textContent)).slice(0, 60) };
    }
    case "select": {
      const e = field(arg[0]);
      if (!e) return { missing: arg[0] };
      const o = [...e.options].find((o) => norm(o.textContent).includes(arg[1]));
      if (!o) return { missing: arg[1], have: [...e.options].map((o) => norm(o.textContent)) };
      e.value = o.value;
      e.dispatchEvent(new Event("input", { bubbles: true }));
      e.dispatchEvent(new Event("change", { bubbles: true }));
      return {};
    }
    case "text":
      return { text: norm(root === document ? document.body.innerText : root.innerText) };
    case "texts":
      return { list: all(arg).filter(shown).map((e) => norm(e.innerText)) };
    case "links":
      return {
        list: [...new Set([...all("a[href]").map((a) => a.getAttribute("href")), ...all("[hx-get]").map((e) => e.getAttribute("hx-get"))])],
      };
    case "settled": // nothing is still being fetched into the page
      return {
        ok: document.readyState === "complete" && !window.__left && (arg || !document.querySelector(".htmx-request, [hx-trigger=load]")),
      };
  }
  return { missing: what };
})
