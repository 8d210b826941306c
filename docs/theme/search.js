// Search without a server: search/index.js holds all sections as [page, title, address, text].
// A section is found when it has all the words; a word in its title, or as a whole, counts more.
"use strict";

const field = document.getElementById("search");
const list = document.getElementById("found");
const root = document.body.dataset.root;

function weight(section, words) {
  const [, title, , text] = section;
  const head = title.toLowerCase(), body = text.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const at = body.indexOf(word), inHead = head.includes(word);
    if (at < 0 && !inHead) return 0;
    const before = body[at - 1] || " ", behind = body[at + word.length] || " ";
    sum += 1 + (inHead ? 10 : 0) + (at >= 0 && !/\w/.test(before + behind) ? 3 : 0);
    sum += Math.min(body.split(word).length - 1, 5) / 5;
  }
  return sum;
}

function part(text, word) {
  const at = Math.max(0, text.toLowerCase().indexOf(word)), from = Math.max(0, at - 60);
  const line = document.createElement("p"), mark = document.createElement("mark");
  mark.textContent = text.slice(at, at + word.length);
  line.append((from ? "... " : "") + text.slice(from, at), mark, text.slice(at + word.length, at + 100));
  return line;
}

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter((word) => word.length > 1);
  list.hidden = words.length === 0;
  list.replaceChildren();
  if (list.hidden) return;
  const found = book_index.map((section) => [weight(section, words), section]).filter(([sum]) => sum > 0);
  found.sort((a, b) => b[0] - a[0]);
  for (const [, [page, title, address, text]] of found.slice(0, 15)) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = root + "/" + address;
    link.textContent = title === page ? page : page + ": " + title;
    item.append(link, part(text, words[0]));
    list.append(item);
  }
  if (found.length === 0) list.append("Nothing found.");
}

field.addEventListener("input", show);
list.addEventListener("click", (event) => {
  if (event.target.closest("a")) list.hidden = true;
});
