/** What the theme leaves out: the name of the search dialog, and tables that the keyboard can scroll. */
function complete() {
  const dialog = document.querySelector("[data-md-component=search]");
  dialog?.setAttribute("aria-label", document.querySelector(".md-search__input")?.placeholder ?? "Search");
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) wrap.tabIndex = 0;
}

complete();
new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
