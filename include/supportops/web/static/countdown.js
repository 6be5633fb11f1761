"use strict";
// Counts the open time of promises down while their calendar is open, as the server said it.
//
// `data-left`: whole open seconds until the deadline, negative once late. `data-runs`: for how many
// seconds from then the clock runs on; at 0 it stands still and the words stay.

const begun = new WeakMap();

function openTime(seconds) {
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  const two = (number) => String(number).padStart(2, "0");
  if (hours) return `${hours} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(Math.floor(seconds % 60))} s` : `${Math.floor(seconds)} s`;
}

function countDown() {
  for (const each of document.querySelectorAll("[data-left]")) {
    const { left, runs } = each.dataset;
    if (Number(runs) === 0) continue;
    let start = begun.get(each);
    if (!start || start.left !== left || start.runs !== runs) {
      start = { left, runs, wall: Date.now(), tick: performance.now() };
      begun.set(each, start);
    }
    // A sleeping computer stops one of the two clocks; setting the time moves the other.
    const passed = Math.max(Date.now() - start.wall, performance.now() - start.tick) / 1000;
    const seconds = Number(left) - Math.min(passed, Number(runs));
    const late = seconds < 0;
    const text = late ? `late by ${openTime(-seconds)}` : `in ${openTime(seconds)}`;
    if (each.textContent !== text) each.textContent = text;
    each.classList.toggle("late", late);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  countDown();
  setInterval(countDown, 1000);
});
