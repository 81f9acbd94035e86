// Keeps an open page true: hears what changed, fetches the rows that differ, and says when the connection is lost.
"use strict";
(() => {
  const line = document.getElementById("connection");
  if (!line) return; // nobody is logged in
  const BEAT = 15_000; // milliseconds between the server's signs of life
  const POLL = 10_000; // where there is no stream
  const places = () => [...document.querySelectorAll("[data-rows]")];
  let source = null;
  let streaming = false;
  let heardAt = Date.now();
  let lostAt = 0;
  let unsent = false;
  let serverAhead = Date.parse(document.querySelector(".now").dateTime) - Date.now();

  const heard = () => {
    heardAt = Date.now();
    if (!lostAt) return;
    lostAt = 0;
    unsent = false;
    line.hidden = true;
    places().forEach(refresh);
  };
  const lose = () => {
    lostAt ||= Date.now();
  };
  const tell = (words, count = "") => {
    const [said, counted] = line.children;
    if (said.textContent !== words) said.textContent = words;
    counted.textContent = count;
    line.hidden = false;
  };

  const connect = () => {
    source?.close();
    if (document.hidden) return;
    source = new EventSource("/events");
    source.addEventListener("beat", (event) => {
      const [moment, clock] = event.data.split(" ");
      serverAhead = Date.parse(moment) - Date.now();
      for (const time of document.querySelectorAll(".now")) time.textContent = clock;
      if (!streaming) places().forEach(refresh); // what happened before the stream began
      streaming = true;
      heard();
      grow();
    });
    source.addEventListener("changed", (event) => {
      heard();
      const topics = event.data.split(" ");
      for (const place of places()) if (topics.some((topic) => place.dataset.on.split(" ").includes(topic))) soon(place);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CONNECTING) lose();
      streaming = false; // without a stream the page asks by itself
    });
  };

  // Not everybody in the same instant, and a page that is costly to make not at every report.
  const soon = (place) => {
    if (place.waits) return;
    const pace = Number(place.dataset.pace ?? 0) * 1000;
    const rest = Math.max(0, (place.askedAt ?? 0) + pace - Date.now());
    place.waits = setTimeout(() => { place.waits = null; refresh(place); }, rest + Math.random() * 300);
  };

  const refresh = async (place) => {
    if (place.asks) { place.again = true; return; }
    place.asks = true;
    place.askedAt = Date.now();
    const have = rowsOf(place).map((row) => `${row.id}:${row.dataset.row}`).join(" ");
    const answer = await fetch(place.dataset.rows, { headers: { "X-Have": have, "HX-Request": "true" } }).catch(() => null);
    place.asks = false;
    if (!answer || answer.status >= 500) return lose();
    if (answer.headers.has("HX-Redirect")) return loggedOut(answer.headers.get("HX-Redirect"));
    if (answer.status === 200) arrange(place, await answer.json());
    heard();
    if (place.again) { place.again = false; soon(place); }
  };

  // The page stays as it is, with what was typed in it: leaving it is for its reader to decide.
  const loggedOut = (login) => {
    source?.close();
    clearInterval(watch);
    const link = Object.assign(document.createElement("a"), { href: login, textContent: line.dataset.login });
    tell(line.dataset.out + " ");
    line.append(link);
  };

  const rowsOf = (place) => [...place.querySelectorAll("[data-row]")];
  const edited = (row) =>
    (row.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) ||
    [...row.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue);

  const arrange = (place, { order, rows }) => {
    const still = [...place.querySelectorAll("[data-row]")].find((row) => row.matches(":hover, :focus-within"));
    const top = still?.getBoundingClientRect().top;
    const focused = document.activeElement?.id;
    const parent = rowsOf(place)[0]?.parentElement ?? place.querySelector("[data-rows-in]") ?? place;
    for (const row of rowsOf(place)) if (!order.includes(row.id) && !edited(row)) row.remove();
    let next = parent.querySelector(":scope > [data-row]");
    for (const id of order) {
      let row = document.getElementById(id);
      const inPlace = row && row === next;
      if (rows[id] && !(row && edited(row))) row = replaced(row, rows[id]);
      if (inPlace) next = following(row);
      else parent.insertBefore(row, next);
    }
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    // What arrived never moves the line under the cursor.
    const now = still && document.getElementById(still.id);
    if (now) scroller(now).scrollTop += now.getBoundingClientRect().top - top;
  };
  const replaced = (row, html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    for (const details of row?.querySelectorAll("details[open][id]") ?? []) {
      fresh.querySelector(`#${details.id}`)?.setAttribute("open", "");
    }
    if (row) row.replaceWith(fresh);
    else if (!fresh.hasAttribute("data-quiet")) fresh.classList.add("arrived");
    htmx.process(fresh);
    if (row && fresh.dataset.say !== undefined) document.getElementById("announced").textContent = fresh.textContent;
    return fresh;
  };
  const following = (row) => {
    do row = row.nextElementSibling; while (row && !row.hasAttribute("data-row"));
    return row;
  };
  const scroller = (element) => {
    while (element && !(element.scrollHeight > element.clientHeight && /auto|scroll/.test(getComputedStyle(element).overflowY))) {
      element = element.parentElement;
    }
    return element ?? document.scrollingElement;
  };

  // How long ago things were grows by itself.
  const grow = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const minutes = Math.max(0, Math.floor((Date.now() + serverAhead - Date.parse(time.dateTime)) / 60_000));
      const words = minutes < 60 ? line.dataset.minutes : line.dataset.hours;
      const grown = words.replace("{h}", Math.floor(minutes / 60)).replace("{m}", minutes < 60 ? minutes : minutes % 60);
      if (time.textContent !== grown) time.textContent = grown;
    }
  };

  let ticks = 0;
  const watch = setInterval(() => {
    ticks += 1;
    const now = Date.now();
    if (streaming && now - heardAt > 2.5 * BEAT) { lose(); streaming = false; connect(); }
    if (!document.hidden && !streaming && ticks % (POLL / 1000) === 0) places().forEach(refresh);
    if (!streaming && ticks % 30 === 0) connect();
    if (ticks % 60 === 0) places().forEach(refresh); // what only time changes: a claim that ended, a wait that is over
    if (lostAt && now - lostAt > 2000) tell(unsent ? line.dataset.unsent : line.dataset.lost, ` ${Math.round((now - lostAt) / 1000)} s`);
  }, 1000);

  addEventListener("offline", lose);
  addEventListener("online", () => { connect(); places().forEach(refresh); });
  document.addEventListener("visibilitychange", () => {
    streaming = false;
    if (document.hidden) source?.close(); // six tabs that listen would leave the seventh no connection
    else connect();
  });
  // What is sent into a lost connection would be lost with its page.
  document.addEventListener("submit", (event) => {
    if (!lostAt || event.target.method !== "post") return;
    event.preventDefault();
    unsent = true;
  }, true);
  // The second click of a double one asks for nothing: the browser would drop the answer to the first.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
  connect();
})();
