/* Optional comforts of the page: tables that sort, filter and copy, tooltips, and a menu that follows. */
(() => {
  "use strict";
  const main = document.querySelector("main");
  const text = main.dataset;
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  /* Tables: a button in each heading sorts; long tables get a filter; any column can be copied as CSV. */
  const plainText = cell => cell.textContent.replace(/\s+/g, " ").trim();
  const asNumber = written => {
    if (/^∞/.test(written)) return Infinity;
    const found = written.replace(/[−‑]/g, "-").replace(/(\d),(?=\d{3})/g, "$1").match(/-?\d+(\.\d+)?/);
    return found ? parseFloat(found[0]) : NaN;
  };
  const isDate = written => /^\d{4}(-|\/|年)/.test(written);
  const compare = (one, other) => {
    const numbers = [asNumber(one), asNumber(other)];
    if (!isDate(one) && numbers.every(number => !Number.isNaN(number)) && numbers[0] !== numbers[1]) return numbers[0] - numbers[1];
    return one.localeCompare(other, document.documentElement.lang, { numeric: true });
  };
  const sortBy = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, written: plainText(row.cells[column]) }));
    const empty = row => row.written === "" || row.written === "–" || row.written === "-";
    rows.sort((one, other) => {
      if (empty(one) !== empty(other)) return empty(one) - empty(other);
      return (descending ? -1 : 1) * compare(one.written, other.written) || one.place - other.place;
    });
    body.append(...rows.map(each => each.row));
    [...table.tHead.rows[0].cells].forEach((cell, place) => {
      if (place === column) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  };
  const csvCell = written => (/[",\n]/.test(written) ? `"${written.replace(/"/g, '""')}"` : written);
  const copy = async written => {
    try {
      await navigator.clipboard.writeText(written);
    } catch {
      const area = make("textarea", { value: written });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const addTools = (block, table, caption) => {
    const headings = [...table.tHead.rows[0].cells].map(plainText);
    const tools = make("div", { className: "tools" });
    const state = make("span", { className: "state" });
    state.setAttribute("role", "status");
    if (table.tBodies[0].rows.length >= 8) {
      const filter = make("input", { type: "search", placeholder: text.filter });
      filter.setAttribute("aria-label", `${text.filter}: ${caption}`);
      filter.addEventListener("input", () => {
        const wanted = filter.value.trim().toLowerCase();
        for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
      tools.append(filter);
    }
    const columns = make("select", {});
    columns.setAttribute("aria-label", `${text.columns}: ${caption}`);
    columns.append(...[text.all, ...headings].map((name, place) => make("option", { value: place - 1, textContent: name })));
    const button = make("button", { type: "button", textContent: text.copy });
    button.addEventListener("click", async () => {
      const chosen = Number(columns.value);
      const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].filter(row => !row.hidden);
      const cells = row => [...row.cells].filter((_, place) => chosen < 0 || place === chosen).map(plainText);
      await copy(rows.map(row => cells(row).map(csvCell).join(",")).join("\n") + "\n");
      state.textContent = text.copied;
      setTimeout(() => { state.textContent = ""; }, 2000);
    });
    tools.append(columns, button, state);
    block.insertBefore(tools, block.querySelector(".scroll"));
  };
  for (const table of document.querySelectorAll("main table")) {
    if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
    const caption = table.getAttribute("aria-label");
    const block = table.closest(".table");
    if (block) addTools(block, table, caption);
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = make("button", { type: "button", className: "sort", textContent: plainText(cell), title: text.sort });
      button.addEventListener("click", () => sortBy(table, column, cell.getAttribute("aria-sort") === "ascending"));
      cell.replaceChildren(button);
    });
  }

  /* Pictures: what is nearest to the pointer, from the marks that each drawing lists. */
  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  for (const svg of document.querySelectorAll("figure svg[data-marks]")) {
    const marks = JSON.parse(svg.dataset.marks);
    svg.addEventListener("pointermove", event => {
      const inside = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = null;
      let least = 20;
      for (const [x, y, label] of marks) {
        const distance = Math.hypot(x - inside.x, y - inside.y);
        if (distance < least) [least, best] = [distance, label];
      }
      tip.hidden = best === null;
      if (best === null) return;
      tip.textContent = best;
      const left = Math.min(event.clientX + 12, document.documentElement.clientWidth - tip.offsetWidth - 8);
      tip.style.left = `${Math.max(left, 8)}px`;
      tip.style.top = `${event.clientY + 16}px`;
    });
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  }

  /* The menu marks the part that is being read; links open what is folded. */
  const links = [...document.querySelectorAll("nav a")];
  const parts = links.map(link => document.querySelector(link.getAttribute("href")));
  const follow = () => {
    const passed = parts.filter(part => part.getBoundingClientRect().top < innerHeight / 3).length;
    links.forEach((link, place) => {
      if (place === Math.max(passed - 1, 0)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  addEventListener("scroll", follow, { passive: true });
  addEventListener("resize", follow);
  follow();
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && (target.closest("details:not([open])") || target.querySelector(":scope > details:only-child:not([open])"));
    if (!folded) return;
    folded.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  /* On paper, details are open if the reader wants them. */
  let opened = [];
  addEventListener("beforeprint", () => {
    if (!document.getElementById("print-details").checked) return;
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
    opened = [];
  });
})();
