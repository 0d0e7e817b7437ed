/**
 * Runs in the search worker of the theme, before the theme's own code, and rewrites what a visitor asks.
 *
 * The theme takes each word for the beginning of a word. So "how do I" finds everything that begins with "do" or "i", and
 * "squats" does not find "squat". Here stop words are left out and the others are reduced to their stems.
 */
const SEARCH_QUERY = 2; // SearchMessageType.QUERY of the theme

function rewrite(query) {
  const stems = query.split(/[\s?!,;:]+/).map((word) => {
    if (!/^[a-z]+$/i.test(word)) return word; // other scripts, "3.10", "+quoted"
    const token = new lunr.Token(word.toLowerCase());
    return lunr.stopWordFilter(token) ? lunr.stemmer(token).toString() : "";
  });
  return stems.filter(Boolean).join(" ");
}

addEventListener("message", (event) => {
  if (event.data.type !== SEARCH_QUERY) return;
  const data = rewrite(event.data.data);
  if (!data || data === event.data.data) return;
  event.stopImmediatePropagation();
  dispatchEvent(new MessageEvent("message", { data: { type: SEARCH_QUERY, data } }));
});
