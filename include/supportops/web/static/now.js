"use strict";
// A sound, on request, when the front page gets worse: more incidents, more late tickets, a worse state.

const ORDER = ["up", "maintenance", "unknown", "fault", "degraded", "down"];
let sounds = null, before = null;

function standing() {
  const { status, late, incidents } = document.querySelector("[data-status]").dataset;
  return { state: ORDER.indexOf(status), late: Number(late), incidents: Number(incidents) };
}

function beep() {
  if (!sounds) return;
  for (const [start, pitch] of [[0, 880], [0.25, 660]]) {
    const tone = sounds.createOscillator(), volume = sounds.createGain();
    tone.frequency.value = pitch;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(sounds.destination);
    tone.start(sounds.currentTime + start);
    tone.stop(sounds.currentTime + start + 0.2);
  }
}

function showSound() {
  const button = document.getElementById("sound");
  if (!button) return;
  button.setAttribute("aria-pressed", String(sounds !== null));
  const words = sounds ? "Sound on" : "Sound off";
  if (button.textContent !== words) button.textContent = words;
}

function look() {
  const now = standing();
  if (before && (now.state > before.state || now.late > before.late || now.incidents > before.incidents)) beep();
  before = now;
  showSound();
}

document.addEventListener("DOMContentLoaded", () => {
  look();
  new MutationObserver(look).observe(document.querySelector("main"),
    { subtree: true, attributes: true, attributeFilter: ["data-status", "data-late", "data-incidents"] });
  // A browser lets a page sound only after a press, so it is asked for anew on each visit.
  document.addEventListener("click", (event) => {
    if (event.target.id !== "sound") return;
    if (sounds) sounds.close();
    sounds = sounds ? null : new AudioContext();
    showSound();
    beep();
  });
});
