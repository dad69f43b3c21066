// SPDX-License-Identifier: Apache-2.0
// The report of targetcli in Cockpit. It only reads, and every text becomes a text node.
"use strict";

const COMMAND = ["targetcli", "--json", "report"];
const NAME = /([^\s/,]+-[^\s/,]+)/;

function element(name, properties, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {}))
        if (value !== "")
            made.setAttribute(key, value);
    made.append(...children);
    return made;
}

function section(id, heading, ...children) {
    return element("section", { "aria-labelledby": id }, element("h2", { id }, heading), ...children);
}

function scroll(id, child) {
    return element("div", { class: "scroll", role: "group", "aria-labelledby": id, tabindex: "0" }, child);
}

function overview(report) {
    const list = element("dl");
    for (const { name, value } of report.about)
        list.append(element("dt", {}, name), element("dd", {}, value));
    return section("overview", "Overview", list);
}

// The drawing comes from targetcli, which escapes all names in it. Parsed as XML, it is
// imported without anything that could run.
function drawing(report) {
    const parsed = new DOMParser().parseFromString(report.drawing, "image/svg+xml");
    const svg = document.importNode(parsed.documentElement, true);
    for (const bad of svg.querySelectorAll("script, foreignObject, parsererror"))
        bad.remove();
    const text = element("details", {},
        element("summary", {}, "The same as text"),
        element("pre", { tabindex: "0" }, report.text.join("\n")));
    return section("map", "Map",
        element("p", {}, "The paths from initiators, on the left, to disks. Equal objects are drawn as one."),
        scroll("map", svg), text);
}

// As targetcli formats sizes.
function size(bytes) {
    if (bytes < 1024)
        return `${bytes} bytes`;
    const power = Math.min(Math.floor(Math.log2(bytes) / 10), 6);
    return `${(bytes / 1024 ** power).toFixed(1)}${"KMGTPE"[power - 1]}iB`;
}

function shown(column, cell) {
    if (cell === null)
        return "";
    return column.kind === "bytes" ? size(cell) : String(cell);
}

function mark(column) {
    return ["number", "bytes"].includes(column.kind) ? "number" : "";
}

// Names such as an IQN are not broken at their hyphens; a path has no other place to break it.
function parts(column, cell) {
    const text = shown(column, cell);
    if (column.kind !== "text" || text.includes("/"))
        return [text];
    return text.split(NAME).map((part, number) =>
        number % 2 ? element("span", { class: "name" }, part) : part).filter(part => part !== "");
}

function row(part, cells, level) {
    return element("tr", {}, ...cells.map((cell, number) => {
        const column = part.columns[number];
        return number === 0
            ? element("th", { scope: "row", class: level || mark(column) }, ...parts(column, cell))
            : element("td", { class: mark(column) }, ...parts(column, cell));
    }));
}

function table(part) {
    const heads = part.columns.map(column =>
        element("th", { scope: "col", class: mark(column) }, column.heading));
    return element("table", {},
        element("caption", {}, part.caption),
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...part.rows.map((cells, number) => row(part, cells, part.levels[number]))));
}

function tables(report) {
    return report.sections.map(part => section(part.id, part.heading,
        ...(part.text ? [element("p", {}, part.text)] : []),
        part.rows.length ? scroll(part.id, table(part)) : element("p", {}, part.empty)));
}

function show(report) {
    document.title = report.title;
    document.getElementById("title").textContent = report.title;
    const links = [["overview", "Overview"], ["map", "Map"], ...report.sections.map(part => [part.id, part.heading])];
    document.getElementById("contents").replaceChildren(
        ...links.map(([id, heading]) => element("li", {}, element("a", { href: `#${id}` }, heading))));
    document.getElementById("main").replaceChildren(overview(report), drawing(report), ...tables(report));
}

function say(text, failed) {
    const state = document.getElementById("state");
    state.textContent = text;
    state.className = failed ? "error" : "";
}

// What targetcli says of its failure is in the document; without one, in the error.
function reason(output, failure) {
    try {
        return JSON.parse(output).errors.map(one => one.hint ? `${one.message} (${one.hint})` : one.message).join("; ");
    } catch {
        return failure ? failure.message || failure.problem : "";
    }
}

function read() {
    say("Reading…", false);
    cockpit.spawn(COMMAND, { superuser: "try", err: "message" })
            .then(output => {
                show(JSON.parse(output).data);
                say("", false);
            })
            .catch((failure, output) => say(`Not read: ${reason(output, failure)}`, true));
}

// Cockpit keeps the choice of its own theme; "auto" is that of the browser.
function theme() {
    let chosen = null;
    try {
        chosen = localStorage.getItem("shell:style");
    } catch {
        // Storage is switched off.
    }
    if (chosen === "dark" || chosen === "light")
        document.documentElement.dataset.theme = chosen;
    else
        delete document.documentElement.dataset.theme;
}

theme();
window.addEventListener("storage", theme);
window.addEventListener("cockpit-style", theme);
document.getElementById("again").addEventListener("click", read);
read();
