// Keys, suggestions and the light switch. Every page works without this file, only slower.
"use strict";
(() => {
  const root = document.documentElement;
  const typing = (element) => element && (element.matches("input, textarea, select") || element.isContentEditable);

  // Light or dark: what is not chosen follows the system.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-keys]")) document.getElementById("keys")?.showModal();
  });

  const text = document.getElementById("text");

  // A suggestion writes itself into the text, where the problem is.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.suggestion");
    if (!button || !text || text.readOnly) return;
    text.setRangeText(button.dataset.text, offset(button.dataset.start), offset(button.dataset.end), "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
  // A field writes itself into the text; the server does it, and what it wrote comes back with the reading.
  const write = (event) => {
    const field = event.target.closest?.("#reading [data-code]");
    if (!field || !text || text.readOnly || field.value === field.dataset.was) return;
    field.dataset.was = field.value;
    const values = { text: text.value, code: field.dataset.code, value: field.value };
    htmx.ajax("POST", text.getAttribute("hx-post"), { source: text, target: "#reading", values });
  };
  document.addEventListener("change", write);
  document.addEventListener("focusout", write);
  // Who types in the next field already must not lose a letter when the answer for the last one comes.
  let half = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const field = event.detail.target.id === "reading" && document.activeElement?.closest("[data-code]");
    half = field ? [field.id, field.value, field.dataset.was] : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "reading") return;
    const written = event.detail.target.querySelector("[data-written]");
    if (written && text) {
      text.value = written.dataset.written;
      text.dispatchEvent(new Event("change", { bubbles: true })); // a draft, from now on
    }
    const field = half && half[1] !== half[2] && document.getElementById(half[0]);
    if (field) field.value = half[1];
  });
  // The server counts code points, the browser UTF-16 units.
  const offset = (points) => [...text.value].slice(0, Number(points)).join("").length;

  // Whoever leaves an item gives it back at once; what is sent from its page decides for itself.
  let sending = false;
  document.addEventListener("submit", () => { sending = true; });
  addEventListener("pagehide", () => {
    const mine = document.querySelector("[data-mine]")?.closest("[data-item]");
    if (!mine || sending) return;
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    fetch(`/desk/${mine.dataset.item}/left`, { method: "POST", keepalive: true, headers });
  });
  document.addEventListener("change", (event) => {
    const fills = event.target.dataset?.fills;
    if (fills) document.getElementById(fills).value = event.target.value;
  });

  // The minute in which what was done can be undone runs out before one's eyes.
  const undo = document.querySelector("form[data-seconds]");
  let seconds = Number(undo?.dataset.seconds);
  const running = undo && setInterval(() => {
    seconds -= 1;
    undo.querySelector("[data-left]").textContent = seconds;
    if (seconds > 0) return;
    clearInterval(running);
    undo.remove();
  }, 1000);

  document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = document.activeElement?.form ?? document.querySelector("#edit, .record form");
      const button = form?.querySelector("button:not(.secondary):not([type=button])");
      if (button) {
        event.preventDefault();
        form.requestSubmit(button);
      }
      return;
    }
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing(document.activeElement)) {
      if (undo?.isConnected) { event.preventDefault(); undo.requestSubmit(); }
      return;
    }
    if (event.key === "Escape" && typing(document.activeElement)) return document.activeElement.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement)) return;
    const keys = document.getElementById("keys");
    if (!keys || keys.open) return;
    if (event.key === "j" || event.key === "ArrowDown") move(event, 1);
    else if (event.key === "k" || event.key === "ArrowUp") move(event, -1);
    else if (event.key === "e" && text) { event.preventDefault(); text.focus(); }
    else if (event.key === "/") { event.preventDefault(); document.querySelector(".find input")?.focus(); }
    else if (event.key === "?") { event.preventDefault(); keys.showModal(); }
    else if (event.key === "Enter" && document.activeElement === document.body) document.getElementById("next")?.click();
  });

  const move = (event, by) => {
    const entries = [...document.querySelectorAll("[data-entry]")];
    if (!entries.length) return;
    event.preventDefault();
    let at = entries.indexOf(document.activeElement);
    if (at < 0) at = entries.findIndex((entry) => entry.getAttribute("aria-current") === "true");
    const to = at < 0 ? (by > 0 ? 0 : entries.length - 1) : Math.min(entries.length - 1, Math.max(0, at + by));
    entries[to].focus();
  };
})();
