"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { nodes, edges } = data;
  const order = data.states.map((state) => state[0]);
  const states = Object.fromEntries(data.states.map(([state, ...rest]) => [state, rest]));
  const PAGE = 100, MOST = 20;
  const $ = (id) => document.getElementById(id);
  const filter = { text: "", account: "", kind: "", state: "", small: null };
  let found = [], page = 0, open = null;

  // Texts come from services: they become text nodes, never markup.
  const make = (tag, name, ...inside) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...inside);
    return element;
  };
  const badge = (node) => {
    const [name, sign, word] = states[node.state];
    return make("span", `badge ${name}`, sign ? `${sign} ${word}` : word);
  };
  const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  nodes.forEach((node, place) => {
    node.place = place;
    node.to = [];
    node.from = [];
    const pairs = [...node.identity, ...node.outputs].map((pair) => pair[1]);
    node.hay = [node.key, node.detail, node.party || "", node.service, ...pairs].join("\n").toLowerCase();
  });
  for (const [source, target, label, state] of edges) {
    nodes[source].to.push({ node: nodes[target], label, state });
    nodes[target].from.push({ node: nodes[source], label, state });
  }
  const sorted = [...nodes].sort((a, b) =>
    order.indexOf(a.state) - order.indexOf(b.state) || a.place - b.place);

  const matches = (node, words) =>
    (!filter.account || node.account === filter.account) &&
    (!filter.kind || node.kind === filter.kind) &&
    (!filter.state || node.state === filter.state) &&
    (filter.small === null || node.small === filter.small) &&
    words.every((word) => node.hay.includes(word));

  function refresh() {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    found = sorted.filter((node) => matches(node, words));
    page = 0;
    const all = found.length === nodes.length;
    $("count").textContent = `${plural(found.length, "object")}${all ? "" : ` of ${nodes.length.toLocaleString("en")}`}`;
    const shown = new Set(found.map((node) => node.small));
    for (const group of groups) group.classList.toggle("dim", !all && !shown.has(Number(group.dataset.node)));
    for (const tile of tiles) tile.setAttribute("aria-pressed", String(tile.dataset.state === filter.state));
    for (const name of ["account", "kind", "state"]) $(name).value = filter[name];
    $("search").value = filter.text;
    $("group").hidden = filter.small === null;
    list();
  }

  function list() {
    const rows = found.slice(page * PAGE, (page + 1) * PAGE).map((node) => {
      const row = make("button", "", badge(node), make("span", "",
        make("span", "name", node.name),
        make("span", "quiet", [node.kind, node.account, node.detail].filter(Boolean).join(" · "))));
      row.type = "button";
      row.addEventListener("click", () => show(node));
      row.dataset.place = node.place;
      if (node === open) row.setAttribute("aria-current", "true");
      return make("li", "", row);
    });
    $("list").replaceChildren(...rows);
    const pages = Math.ceil(found.length / PAGE);
    $("pager").hidden = pages < 2;
    $("pages").textContent = `Page ${page + 1} of ${pages}`;
    $("previous").disabled = page === 0;
    $("next").disabled = page + 1 >= pages;
  }

  function turn(by) {
    page += by;
    list();
    $("list").scrollIntoView({ block: "nearest" });
  }

  function link(step) {
    const button = make("button", "link", step.node.key);
    button.type = "button";
    button.addEventListener("click", () => show(step.node));
    const words = [step.label, { comes: "will lead there", goes: "will lead there no more" }[step.state]];
    const said = words.filter(Boolean).join(", ");
    return make("li", "", badge(step.node), " ", button, said ? ` (${said})` : "");
  }

  function links(title, steps) {
    if (!steps.length) return [];
    const items = steps.slice(0, MOST).map(link);
    if (steps.length > MOST) items.push(make("li", "quiet", `and ${(steps.length - MOST).toLocaleString("en")} more`));
    return [make("h4", "", `${title} (${steps.length.toLocaleString("en")})`), make("ul", "", ...items)];
  }

  function beyond(node) {
    const steps = [], seen = new Set([node]);
    for (let at = [node]; at.length && steps.length < MOST;) {
      const next = at.flatMap((one) => one.to).filter((step) => !seen.has(step.node));
      next.forEach((step) => seen.add(step.node));
      steps.push(...next);
      at = next.map((step) => step.node);
    }
    return steps;
  }

  function table(title, heads, rows) {
    if (!rows.length) return [];
    const head = make("tr", "", ...heads.map((text) => Object.assign(make("th", "", text), { scope: "col" })));
    const body = rows.map((cells) => make("tr", "", ...cells.map(([text, name]) => make("td", name, text))));
    return [make("h4", "", title), make("table", "", make("thead", "", head), make("tbody", "", ...body))];
  }

  const changes = (node) => (node.changes || []).map((change) =>
    change.length === 3
      ? [[change[0], "value"], [change[1], "value before"], [change[2], "value after"]]
      : [[change[0], "value"], [change.slice(1).filter((line) => line[0] !== "+").join("\n"), "value before"],
        [change.slice(1).filter((line) => line[0] === "+").join("\n"), "value after"]]);

  function show(node, focus = true) {
    open = node;
    const pair = ([name, value]) => [[name, "value"], [value, "value"]];
    const title = make("h3", "", node.key);
    title.tabIndex = -1;
    const about = [node.kind, node.account && `account ${node.account}`, node.service,
      node.party && `for ${node.party}`].filter(Boolean).join(" · ");
    const heads = data.drifted ? ["field", "live", "declared"] : ["field", "now", "after apply"];
    $("detail").replaceChildren(
      title, make("p", "", badge(node), " ", make("span", "quiet", about)),
      ...(node.notes || []).map((note) => make("p", "warn", note)),
      ...table("Changes", heads, changes(node)),
      ...(node.health ? [make("h4", "", "Health"), ...node.health.map((line, at) => make("p", at ? "bad" : "", line))] : []),
      ...links("Comes from", node.from), ...links("Leads to", beyond(node)),
      ...table("Identity", ["name", "value"], node.identity.map(pair)),
      ...table("At the service", ["name", "value"], node.outputs.map(pair)));
    for (const row of $("list").querySelectorAll("button"))
      row.toggleAttribute("aria-current", Number(row.dataset.place) === node.place);
    for (const row of $("list").querySelectorAll("[aria-current]")) row.setAttribute("aria-current", "true");
    for (const group of groups) group.classList.toggle("picked", Number(group.dataset.node) === node.small);
    history.replaceState(null, "", `#object=${encodeURIComponent(node.key)}`);
    if (focus) title.focus({ preventScroll: false });
  }

  function pick(group) {
    const small = Number(group.dataset.node);
    const inside = nodes.filter((node) => node.small === small);
    if (inside.length === 1) return show(inside[0]);
    Object.assign(filter, { text: "", account: "", kind: "", state: "", small });
    refresh();
    $("count").scrollIntoView({ block: "center" });
  }

  function options(select, name) {
    const values = [...new Set(nodes.map((node) => node[name]).filter(Boolean))];
    if (name === "state") values.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    else values.sort();
    for (const value of values) {
      const option = make("option", "", name === "state" ? states[value][2] : value);
      option.value = value;
      select.append(option);
    }
    select.addEventListener("change", () => { filter[name] = select.value; refresh(); });
  }

  const groups = [...document.querySelectorAll("#map [data-node]")];
  const tiles = [...document.querySelectorAll("#tiles [data-state]")].map((tile) => {
    const button = make("button", tile.className, ...tile.childNodes);
    button.type = "button";
    button.dataset.state = tile.dataset.state;
    tile.replaceWith(button);
    button.addEventListener("click", () => {
      filter.state = filter.state === button.dataset.state ? "" : button.dataset.state;
      refresh();
    });
    return button;
  });
  const svg = document.querySelector("#map svg");
  if (svg) svg.setAttribute("role", "group");
  for (const group of groups) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.addEventListener("click", () => pick(group));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(group); }
    });
  }
  for (const name of ["account", "kind", "state"]) options($(name), name);
  $("search").addEventListener("input", () => { filter.text = $("search").value; refresh(); });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", (event) => {
    event.preventDefault();
    Object.assign(filter, { text: "", account: "", kind: "", state: "", small: null });
    refresh();
  });
  $("group").addEventListener("click", () => { filter.small = null; refresh(); $("search").focus(); });
  $("previous").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("list").addEventListener("keydown", (event) => {
    const rows = [...$("list").querySelectorAll("button")], at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined && rows[to]) { event.preventDefault(); rows[to].focus(); }
  });
  $("detail").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const row = $("list").querySelector("[aria-current]");
    (row || $("search")).focus();
  });
  const folds = [...document.querySelectorAll("details")];
  window.addEventListener("beforeprint", () => folds.forEach((fold) => { fold.open = true; }));

  $("explorer").hidden = false;
  refresh();
  const named = new URLSearchParams(location.hash.slice(1)).get("object");
  const asked = nodes.find((node) => node.key === named);
  if (asked) show(asked, false);
})();
