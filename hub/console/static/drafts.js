// What is typed outlives a reload, a connection that was lost and a log-in that ended, until the server has taken it.
// It is kept in this tab alone, for this account alone, and goes when its owner logs out.
"use strict";
(() => {
  const who = document.body.dataset.who; // nobody where the log-in is not whole
  const mine = `draft ${who} `;
  const keptIn = (form) => {
    const path = new URL(form.action).pathname;
    const same = [...document.forms].filter((other) => other.method === "post" && new URL(other.action).pathname === path);
    return `${mine}${path} ${same.indexOf(form)}`;
  };
  const secret = "[type=hidden], [type=password], [type=file], [autocomplete=one-time-code], [readonly]";
  const fields = (form) => [...form.elements].filter((field) => field.name && field.matches("input, textarea, select") && !field.matches(secret));
  const choice = (field) => field.matches("[type=radio], [type=checkbox]");
  const fieldKey = (field) => (choice(field) ? `${field.name}=${field.value}` : field.name);
  const state = (field) => (choice(field) ? field.checked : field.value);
  const edited = (field) => {
    if (choice(field)) return field.checked !== field.defaultChecked;
    if (!field.options) return field.value !== field.defaultValue;
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  };

  // The page after a form was sent: it was refused at the form's own address or where the address says what is wrong,
  // and at the log-in it never arrived.
  const [sent, path] = (sessionStorage.getItem("sent") ?? "").split("\n");
  sessionStorage.removeItem("sent");
  const refused = location.pathname === path || new URLSearchParams(location.search).has("wrong");
  if (sent && who && !refused) sessionStorage.removeItem(sent);
  if (!who) return;

  for (const form of document.querySelectorAll("main form[method=post]")) {
    const kept = JSON.parse(sessionStorage.getItem(keptIn(form)) ?? "{}");
    for (const field of fields(form)) {
      const was = kept[fieldKey(field)];
      if (was === undefined || was === state(field) || edited(field)) continue;
      if (choice(field)) field.checked = was;
      else field.value = was;
      form.closest("details")?.setAttribute("open", "");
    }
  }
  // What was put back, and what was typed while the scripts were on their way, is said to all who listen for it.
  addEventListener("load", () => {
    for (const field of [...document.querySelectorAll("main form[method=post]")].flatMap(fields).filter(edited)) {
      for (const said of ["input", "change"]) field.dispatchEvent(new Event(said, { bubbles: true }));
    }
  });

  const keep = (event) => {
    const form = event.target.form;
    if (!form?.matches("main form[method=post]") || !fields(form).includes(event.target)) return;
    sessionStorage.setItem(keptIn(form), JSON.stringify(Object.fromEntries(fields(form).map((field) => [fieldKey(field), state(field)]))));
  };
  document.addEventListener("input", keep);
  document.addEventListener("change", keep);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    const action = new URL(form.action).pathname;
    if (action === "/logout") {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(mine)) sessionStorage.removeItem(key);
    } else {
      sessionStorage.setItem("sent", `${keptIn(form)}\n${action}`);
    }
  });
})();
