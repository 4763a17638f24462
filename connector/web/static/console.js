"use strict";
// The page's own news, every few seconds: its parts marked data-live are put in anew where they differ.
// Nothing is asked while the tab is hidden, or after a person has paused it; a server that does not answer is asked ever more rarely.
(() => {
  const EVERY = 5000;
  const LONGEST = 60000;
  const status = document.getElementById("live");
  const pause = document.getElementById("still");
  if (!status || !pause) return;

  let wait = EVERY;
  let timer = 0;
  let lostAt = "";
  let still = false;

  const clock = () => new Date().toLocaleTimeString(document.documentElement.lang);
  const reachable = (part) => [...part.querySelectorAll("a, button, input, select, summary, [tabindex]")];

  // A person who is in a part, has opened something in it or has marked text of it loses nothing.
  function replaced(old, fresh) {
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    const focused = reachable(old).indexOf(document.activeElement);
    const put = document.importNode(fresh, true);
    [...put.querySelectorAll("details")].forEach((one, at) => { one.open = Boolean(open[at]); });
    old.replaceWith(put);
    if (focused >= 0) reachable(put)[focused]?.focus({ preventScroll: true });
  }

  function isMarked(part) {
    const chosen = document.getSelection();
    return Boolean(chosen && !chosen.isCollapsed && chosen.containsNode(part, true));
  }

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  async function look() {
    const controller = new AbortController();
    const late = setTimeout(() => controller.abort(), 15000);
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store", signal: controller.signal });
      if (answer.status === 401 || answer.redirected) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh && fresh.outerHTML !== old.outerHTML && !isMarked(old)) replaced(old, fresh);
      }
      wait = EVERY;
      lostAt = "";
      status.removeAttribute("class");
      status.setAttribute("aria-live", "off"); // an hour's worth of clock times is no news
      say(status.dataset.fresh.replace("{time}", clock()));
    } catch {
      lostAt = lostAt || clock();
      wait = Math.min(wait * 2, LONGEST);
      status.className = "lost";
      status.setAttribute("aria-live", "polite");
      say(status.dataset.lost.replace("{time}", lostAt));
    } finally {
      clearTimeout(late);
      plan();
    }
  }

  function plan() {
    clearTimeout(timer);
    if (!still && !document.hidden) timer = setTimeout(look, wait);
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    still = !still;
    pause.setAttribute("aria-pressed", String(still));
    if (still) say(status.dataset.still);
    else { wait = EVERY; look(); }
    plan();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || still) plan();
    else look();
  });
  // A form that is sent twice by an impatient hand is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.getAttribute("action") === "download") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
  plan();
})();
