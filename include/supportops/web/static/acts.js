"use strict";
// Buttons and forms that act: `data-act` names the act, the body goes to it as JSON.
//
// A button sends its `data-body`. A form sends its fields by name; a field with `data-list` is a
// list, a check box with `data-flag` true or false, and an empty field with `data-optional` is left
// out. One with `data-by` has what it says in `data-<the value of the field so named>`. With
// `data-sure` the first press asks that question, the second acts.

const TOO_QUICK = 400;
let busy = new WeakSet();

async function send(name, body) {
  let answer, found = {};
  try {
    answer = await fetch(`act/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Supportops": "act" },
      body: JSON.stringify(body),
    });
    found = await answer.json();
  } catch { /* no answer, or one that is not JSON: told below */ }
  if (!answer) return { failed: "Not done: the server does not answer." };
  if (answer.status === 401) return { failed: "Not done: you are signed out. Sign in again." };
  if (answer.ok) return { done: found };
  const words = typeof found.detail === "string" ? found.detail : `the server says ${answer.status}`;
  return { failed: `Not done. ${words}`, fields: found.fields || {} };
}

function say(words, bad) {
  const said = document.getElementById("said");
  said.hidden = words === "";
  said.textContent = words;
  said.classList.toggle("bad", Boolean(bad));
}

function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    if ("flag" in field.dataset) {
      body[field.name] = field.checked;
      continue;
    }
    if ("list" in field.dataset) {
      body[field.name] ??= [];
      if (field.type === "select-multiple") {
        body[field.name].push(...[...field.selectedOptions].map((each) => each.value));
      } else if (!["checkbox", "radio"].includes(field.type) || field.checked) {
        body[field.name].push(field.value);
      }
      continue;
    }
    if ("by" in field.dataset) {
      body[field.name] = field.dataset[form.elements.namedItem(field.dataset.by).value] ?? field.value;
      continue;
    }
    if (["checkbox", "radio"].includes(field.type) && !field.checked) continue;
    if ("optional" in field.dataset && field.value.trim() === "") continue;
    body[field.name] = field.value;
  }
  return body;
}

// Each fault stands below its field and is read with it. Returns those that have no field to stand at.
function showFaults(form, fields) {
  const left = { ...fields };
  for (const old of form.querySelectorAll(".fault-of")) old.remove();
  for (const field of form.elements) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    const fault = left[field.name];
    if (!field.name || !fault || field.type === "hidden") continue;
    delete left[field.name];
    const words = document.createElement("p");
    words.className = "fault-of";
    words.id = `fault-${form.dataset.act}-${field.name}`;
    words.textContent = fault;
    words.dataset.stays = "true";
    field.dataset.dirty = "true";
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", words.id);
    (field.closest("label") || field).insertAdjacentElement("afterend", words);
  }
  form.querySelector("[aria-invalid]")?.focus();
  return left;
}

// A double click is no answer to the question that its first click asks.
function isSure(button) {
  if (!button || !button.dataset.sure) return true;
  if (button.dataset.asked) return performance.now() - Number(button.dataset.askedAt) > TOO_QUICK;
  const label = button.getAttribute("aria-label");
  button.dataset.asked = button.textContent;
  button.dataset.askedAt = performance.now();
  button.textContent = button.dataset.sure;
  if (label) button.setAttribute("aria-label", `${button.dataset.sure} ${label}`);
  setTimeout(() => {
    if (!button.dataset.asked) return;
    button.textContent = button.dataset.asked;
    if (label) button.setAttribute("aria-label", label);
    delete button.dataset.asked;
  }, 5000);
  return false;
}

// `form` or `button` is what was sent: until its answer is shown, it is not sent again.
async function act(name, body, button, form) {
  const sent = form || button;
  if (busy.has(sent)) return;
  busy.add(sent);
  button?.setAttribute("aria-disabled", "true");
  say("");
  const { done, failed, fields } = await send(name, body);
  if (done?.to) {
    sessionStorage.setItem("said", done.said);
    return window.location.assign(done.to);
  }
  if (failed) {
    const left = form ? showFaults(form, fields || {}) : fields || {};
    say([failed, ...Object.values(left)].join(" "), true);
  } else {
    if (form) {
      showFaults(form, {});
      form.reset();
      for (const field of form.elements) delete field.dataset.dirty;
    }
    await refresh(true);
    say(done.said);
  }
  busy.delete(sent);
  button?.removeAttribute("aria-disabled");
}

document.addEventListener("DOMContentLoaded", () => {
  const said = sessionStorage.getItem("said");
  if (said) say(said);
  sessionStorage.removeItem("said");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (button && isSure(button)) act(button.dataset.act, JSON.parse(button.dataset.body), button);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (button && "get" in button.dataset) return;
    const name = button?.dataset.formAct || form.dataset.act;
    if (!name) return;
    event.preventDefault();
    if (isSure(button)) act(name, bodyOf(form), button, form);
  });
  document.addEventListener("input", (event) => {
    if (event.target.form) event.target.dataset.dirty = "true";
  });
});

// A browser that goes back may show the page as it was left, in the middle of an act.
window.addEventListener("pageshow", () => { busy = new WeakSet(); });

document.addEventListener("click", (event) => {
  if (event.target.id !== "select-all") return;
  const boxes = [...document.querySelectorAll("input[type=checkbox][form=several]")];
  const all = boxes.every((each) => each.checked);
  for (const each of boxes) {
    each.checked = !all;
    each.dataset.dirty = "true";
  }
});

// A file that a person chooses goes into the field that `data-into` names.
document.addEventListener("change", async (event) => {
  const chosen = event.target, file = chosen.files?.[0];
  if (!file || !chosen.dataset.into) return;
  chosen.form.elements.namedItem(chosen.dataset.into).value = await file.text();
  chosen.form.dataset.dirty = "true";
});

// What is still going on is looked at more often than the rest of a page.
setInterval(() => {
  if (document.querySelector("[data-refresh]")) refresh(true);
}, 2000);
