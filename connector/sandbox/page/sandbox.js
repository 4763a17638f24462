// Reloads the page when something happened, unless somebody is reading a call or filling in a form.
"use strict";
const seen = document.body.dataset.stamp;
const isBusy = () =>
  document.querySelector("details[open]") !== null ||
  document.activeElement?.matches("input, textarea") ||
  [...document.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
setInterval(async () => {
  if (document.hidden || isBusy()) return;
  try {
    const answer = await fetch("state");
    if (answer.ok && (await answer.json()).stamp !== seen) location.reload();
  } catch {
    // The sandbox has ended; the page stays as it was.
  }
}, 2000);
