// Progressive enhancement: every page works without this file.
"use strict";

// A checkbox with data-selects="issue" checks all checkboxes named "issue".
document.addEventListener("change", (event) => {
  const name = event.target.dataset.selects;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)) {
    box.checked = event.target.checked;
  }
});

// An input with data-filters="name" hides the elements marked data-filtered="name" that do not contain its text.
document.addEventListener("input", (event) => {
  const name = event.target.dataset.filters;
  if (!name) return;
  const text = event.target.value.trim().toLowerCase();
  for (const each of document.querySelectorAll(`[data-filtered="${CSS.escape(name)}"]`)) {
    each.hidden = !each.textContent.toLowerCase().includes(text);
  }
});

// The key in data-shortcut moves the focus to that field, unless the person is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (!field) return;
  event.preventDefault();
  field.focus();
});

// A button with data-copies="id" copies the text of that element, then shows its data-copied text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    // Without permission (or without TLS) the text is selected instead, for Ctrl-C.
    getSelection().selectAllChildren(source);
  }
});

// A thumbnail that does not load is removed, which shows the placeholder under it.
document.addEventListener("error", (event) => event.target.matches?.(".thumb img") && event.target.remove(), true);

// Only one menu is open at a time; Escape or a click outside closes it.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// What people have opened or checked stays so when a part of the page is replaced.
let checked = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  // Before the swap, because htmx gives the focus back to elements that are visible then.
  for (const { id } of event.detail.target.querySelectorAll("details[id][open]")) {
    event.detail.serverResponse = event.detail.serverResponse.replaceAll(`id="${id}"`, `id="${id}" open`);
  }
  checked = [...event.detail.target.querySelectorAll("input:checked")].map((each) => each.value);
});
document.addEventListener("htmx:afterSettle", (event) => {
  for (const box of event.detail.elt.querySelectorAll("input[type=checkbox]")) box.checked ||= checked.includes(box.value);
});

// The log keeps scrolling with new lines while it is scrolled to its end.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const log = event.detail.target.closest(".log");
  if (log) log.dataset.follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const log = event.detail.target.closest(".log");
  if (log?.dataset.follows === "true") log.scrollTop = log.scrollHeight;
});
const log = document.querySelector(".log");
if (log) log.scrollTop = log.scrollHeight;

// A passkey that could not be used: allauth's script reports it, the page says so.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-failed").hidden = false;
});
