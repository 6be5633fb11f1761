"use strict";
// Shows, while a call is written down, what is known about its site and customer and what it becomes.

const LOOK_AFTER = 350;
let waiting = null, asked = 0;

async function look(form) {
  const number = ++asked, { done } = await send(form.dataset.look, bodyOf(form));
  if (!done || number !== asked) return;
  Idiomorph.morph(document.getElementById("look"), done.html, { morphStyle: "innerHTML" });
  // The page is brought up to date without this part, which the server does not know.
  document.getElementById("look").dataset.dirty = "true";
  showFault(form.elements.number, done.faults.number || "");
}

// The sentence stands below the field once it is left, so that nobody is corrected while typing. Its
// id is that of the fault that a refused form shows there.
function showFault(field, words) {
  const old = document.getElementById("fault-call_take-number");
  const show = words && (old || document.activeElement !== field);
  if (!show) {
    old?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    return;
  }
  const said = old || document.createElement("p");
  said.id = "fault-call_take-number";
  said.className = "fault-of";
  said.dataset.stays = "true";
  said.textContent = words;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", said.id);
  if (!old) field.closest("label").insertAdjacentElement("afterend", said);
}

// A site that is chosen from the list brings its customer along.
function fillCustomer(form) {
  const chosen = [...document.querySelectorAll("#sites option")]
    .find((each) => each.value === form.elements.site.value);
  if (!chosen || form.elements.customer.value !== "") return;
  form.elements.customer.value = chosen.label;
  form.elements.customer.dataset.dirty = "true";
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-look]");
  if (!form) return;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look(form), LOOK_AFTER);
  };
  form.addEventListener("input", soon);
  form.addEventListener("focusout", soon);
  form.elements.site.addEventListener("change", () => fillCustomer(form));
  if (form.elements.site.value || form.elements.customer.value) look(form);
});
