/**
 * Runs in the search worker of the theme, before the theme's own code, and rewrites what a visitor asks.
 *
 * The theme takes each word for the beginning of a word. So "how do I" finds everything that begins with "do" or "i", and
 * "squats" does not find "squat". Here stop words are left out, and the others are cut to the beginning that they share with
 * their stem: "squats" becomes "squat", "privacy" (stem "privaci") "privac".
 */
const SEARCH_QUERY = 2; // SearchMessageType.QUERY of the theme
const MIN_LENGTH = 4;

function beginning(word) {
  if (!/^[a-z]+$/i.test(word)) return word; // other scripts, "3.10", "+quoted"
  const whole = word.toLowerCase();
  if (!lunr.stopWordFilter(new lunr.Token(whole))) return "";
  const stem = lunr.stemmer(new lunr.Token(whole)).toString();
  let shared = 0;
  while (shared < stem.length && stem[shared] === whole[shared]) shared += 1;
  return shared === stem.length || shared >= MIN_LENGTH ? whole.slice(0, shared) : whole;
}

function rewrite(query) {
  return query.split(/[\s?!,;:]+/).map(beginning).filter(Boolean).join(" ");
}

addEventListener("message", (event) => {
  if (event.data.type !== SEARCH_QUERY) return;
  const data = rewrite(event.data.data);
  if (!data || data === event.data.data) return;
  event.stopImmediatePropagation();
  dispatchEvent(new MessageEvent("message", { data: { type: SEARCH_QUERY, data } }));
});
