// Says that the page is out of date once its checks are too old, and fetches it again each minute.
"use strict";
(() => {
  const checked = document.getElementById("checked");
  const stale = document.getElementById("stale");
  const at = Date.parse(checked.dateTime);
  const after = Number(checked.dataset.staleAfter) * 1000;
  const look = () => {
    // A page that was out of date when it was made stays so.
    if (Date.now() - at > after) stale.hidden = false;
  };
  look();
  setInterval(look, 5000);
  setInterval(() => {
    const reads = document.querySelector("details[open]") || String(document.getSelection());
    if (!document.hidden && navigator.onLine && !reads) location.reload();
  }, 60000);
  document.addEventListener("visibilitychange", look);
})();
