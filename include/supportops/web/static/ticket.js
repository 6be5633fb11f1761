"use strict";
// Copies the support bundle of a ticket, and opens links that lead out of the board.

async function bundleText(form) {
  const answer = await fetch(`bundle?${new URLSearchParams(new FormData(form))}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`the server says ${answer.status}`);
  return answer.text();
}

// A frame may be without a clipboard of its own; then a selected text is copied.
async function copied(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch { /* as above */ }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not allow it");
}

document.addEventListener("click", async (event) => {
  if (event.target.id !== "copy-bundle") return;
  const said = document.getElementById("copied");
  try {
    await copied(await bundleText(event.target.form));
    said.textContent = "Copied.";
  } catch (error) {
    said.textContent = `Not copied: ${error.message}.`;
  }
});

// Airflow's frame may open no window; a link in the page around it may.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-outside]");
  if (!link || window.parent === window) return;
  try {
    const outer = window.parent.document, copy = outer.createElement("a");
    Object.assign(copy, { href: link.href, target: "_blank", rel: link.rel });
    outer.body.append(copy);
    copy.click();
    copy.remove();
    event.preventDefault();
  } catch { /* framed by somebody else: the browser decides */ }
});
