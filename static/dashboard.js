// The few things that HTML cannot do by itself. Every page works without this file.
"use strict";

// A checkbox with data-selects="issue" ticks all checkboxes named "issue".
document.addEventListener("change", (event) => {
  const name = event.target.dataset.selects;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)) {
    box.checked = event.target.checked;
  }
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
    // Without permission (or without TLS) it is selected instead, for Ctrl-C.
    getSelection().selectAllChildren(source);
  }
});

// A picture that does not load leaves the blank that it covered.
document.addEventListener("error", (event) => event.target.matches?.(".thumb img") && event.target.remove(), true);

// One open menu at a time; Escape and a click elsewhere close it.
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

// Where the navigation is a strip, the page that one is on is in sight.
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// The log follows its end while its reader is there.
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
