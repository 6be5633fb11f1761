"use strict";
// Theme, the age of the last check, refreshing, and a report's height.

const REFRESH_EVERY = 30000;

function followTheme() {
  let name = "";
  try {
    const classes = window.parent === window ? null : window.parent.document.documentElement.classList;
    name = classes && ["dark", "light"].find((each) => classes.contains(each)) || "";
  } catch { /* framed by somebody else: the browser's preference counts */ }
  document.documentElement.className = name;
}

followTheme();
try {
  if (window.parent !== window) {
    new MutationObserver(followTheme).observe(window.parent.document.documentElement,
      { attributes: true, attributeFilter: ["class"] });
  }
} catch { /* as above */ }

// The browser goes on counting the age, so that it turns red even when no server answers.
let read = null;

function readAge() {
  const age = document.getElementById("age");
  read = age.dataset.age === undefined ? null
    : { age: Number(age.dataset.age), wall: Date.now(), tick: performance.now() };
}

function words(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

function showAge() {
  if (read === null) return;
  const age = document.getElementById("age");
  // A sleeping computer stops one of the two clocks; setting the time moves the other.
  const passed = Math.max(Date.now() - read.wall, performance.now() - read.tick) / 1000;
  const seconds = read.age + passed, text = `Last check ${words(seconds)} ago`;
  const stale = seconds > Number(age.dataset.stale);
  if (age.textContent !== text) age.textContent = text;
  age.classList.toggle("stale", stale);
  document.body.classList.toggle("stale", stale);
  document.getElementById("outdated").hidden = !stale;
}

// Airflow frames the board: the tab's title and icon are those of the frame's page.
function showOutside() {
  try {
    if (window.parent === window) return;
    const outside = window.parent.document;
    outside.title = document.title;
    for (const each of outside.querySelectorAll("link[rel~=icon]")) {
      each.type = "image/svg+xml";
      each.href = document.getElementById("icon").href;
    }
  } catch { /* framed by somebody else */ }
}

function showProblem(problem, signIn) {
  const silence = document.getElementById("silence");
  silence.hidden = problem === "";
  if (problem) silence.textContent = problem;
  if (!signIn) return;
  // Whoever opens a page without a login is sent there and back.
  const again = document.createElement("a");
  again.href = window.location.href;
  again.textContent = "Sign in";
  silence.append(" ", again);
}

// What a person opened, typed or sized stays as it is when the page is brought up to date.
const KEEPING = {
  // Of a button the words are brought up to date: they say what the next press does.
  get ignoreActiveValue() { return document.activeElement.matches("input, select, textarea"); },
  callbacks: {
    beforeNodeMorphed: (old) => !(old.dataset && old.dataset.dirty),
    beforeNodeRemoved: (old) => !(old.dataset && old.dataset.stays),
    beforeAttributeUpdated: (name, node) =>
      !(name === "open" && node.tagName === "DETAILS") && !(name === "style" && node.tagName === "IFRAME"),
  },
};

// The server writes times on the office's clock. Where a viewer's clock shows another time, that comes
// first, with the office's beside it.
const OFFICE = /^(\w{3}) (\d+ \w{3} \d{4}) (\d\d:\d\d) (\S+)$/;
const CLOCK = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});

function localise(root) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const at = new Date(each.dateTime), office = OFFICE.exec(each.textContent.trim());
    if (!office || Number.isNaN(at.getTime())) continue;
    const part = Object.fromEntries(CLOCK.formatToParts(at).map((piece) => [piece.type, piece.value]));
    const month = part.month.slice(0, 3), day = `${part.day} ${month} ${part.year}`;
    const clock = `${part.hour}:${part.minute}`;
    if (day === office[2] && clock === office[3]) continue;
    const beside = document.createElement("span");
    beside.className = "office";
    beside.textContent = `${day === office[2] ? "" : `${office[1]} `}${office[3]} ${office[4]}`;
    each.classList.add("twice");
    each.replaceChildren(`${part.weekday} ${day} ${clock} ${part.timeZoneName} `, beside);
  }
}

// Rows are told apart by what they lead to or do: one that moves takes its focus along.
function identify(root) {
  const seen = new Map();
  for (const each of root.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (each.id && !each.id.startsWith("auto:")) continue;
    const { act, body } = each.dataset;
    const what = [each.localName, each.getAttribute("href"), act, body, each.name,
      each.type === "checkbox" ? each.getAttribute("value") : ""].join(" ");
    const count = seen.get(what) || 0;
    seen.set(what, count + 1);
    each.id = `auto:${encodeURIComponent(what)}:${count}`;
  }
}

async function refresh(acted) {
  if (!acted && String(document.getSelection())) return;
  let answer, text;
  try {
    answer = await fetch(window.location.href, { cache: "no-store" });
    text = await answer.text();
  } catch {
    return showProblem("This page is not being refreshed: the server does not answer.");
  }
  if (answer.status === 401) return showProblem("You are signed out: sign in again to see what is new.", true);
  if (!answer.ok) return showProblem(`This page is not being refreshed: the server says ${answer.status}.`);
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of ["main", "#age"]) {
    localise(fresh.querySelector(part));
    identify(document.querySelector(part));
    identify(fresh.querySelector(part));
    Idiomorph.morph(document.querySelector(part), fresh.querySelector(part), KEEPING);
  }
  document.title = fresh.title;
  document.getElementById("icon").href = fresh.getElementById("icon").href;
  showOutside();
  showProblem("");
  readAge();
  showAge();
}

// A report's frame is as tall as its content, so that the page has one scroll bar.
function fit(frame) {
  const inside = frame.contentDocument?.documentElement;
  if (inside) frame.style.height = `${Math.ceil(inside.getBoundingClientRect().height)}px`;
}

document.addEventListener("DOMContentLoaded", () => {
  localise(document);
  const frame = document.getElementById("report");
  if (frame) {
    fit(frame);
    frame.addEventListener("load", () => fit(frame));
    window.addEventListener("resize", () => fit(frame));
  }
  showOutside();
  readAge();
  showAge();
  setInterval(showAge, 1000);
  setInterval(refresh, REFRESH_EVERY);
});
