// Search without a server: search/index.js holds all sections as [page, title, address, text].
// A section's score is the sum over the words of the query: a rare word counts more than a common one,
// and a word in a title more than one in the text (the formula is known as BM25). Chapters come before labs and the like.
"use strict";

const field = document.getElementById("search");
const list = document.getElementById("found");
const root = document.body.dataset.root;
const COMMON = new Set(("a an and are as at be by can do does for from has have how i if in into is it its not of on " +
  "or that the their then there this to was what when where which who why will with").split(" "));
const TITLE = 3, PAGE_TITLE = 3, FLATNESS = 1.2, LENGTH_MATTERS = 0.5, CHAPTER = 1.4;

// "pages", "paged" and "paging" are one word to the search.
function stem(word) {
  if (word.length < 4 || /[\d_]/.test(word)) return word;
  return word.replace(/(ies|ing|ed|es|s|e)$/, "").replace(/([^aeiouls])\1$/, "$1").replace(/[iy]$/, "");
}

// [stem, start, end] of each word of a text. A name with underscores is found by its parts, too.
function words_of(text, parts = true) {
  const found = [];
  for (const match of text.matchAll(/\w+/g)) {
    const word = match[0].toLowerCase(), start = match.index;
    found.push([stem(word), start, start + word.length]);
    if (parts && word.includes("_")) {
      for (const part of word.matchAll(/[^_]+/g)) {
        found.push([stem(part[0]), start + part.index, start + part.index + part[0].length]);
      }
    }
  }
  return found;
}

function counts_of(text, counts, weight) {
  const words = words_of(text);
  for (const [word] of words) counts.set(word, (counts.get(word) || 0) + weight);
  return words.length;
}

let index = null;  // made when the first key is pressed

function make_index() {
  const holders = new Map();
  let total = 0;
  const sections = book_index.map(([page, title, address, text]) => {
    const counts = new Map();
    const length = counts_of(text, counts, 1);
    counts_of(title, counts, TITLE);
    counts_of(page, counts, PAGE_TITLE);
    for (const word of counts.keys()) holders.set(word, (holders.get(word) || 0) + 1);
    total += length;
    return { page, title, address, text, counts, length };
  });
  return { sections, holders, average: total / sections.length };
}

// The words of a query: without the common ones, unless there are no others.
function query_words(text) {
  const words = words_of(text, false).filter(([word], at, all) => all.findIndex(([other]) => other === word) === at);
  const rare = words.filter(([, start, end]) => !COMMON.has(text.slice(start, end).toLowerCase()));
  return (rare.length ? rare : words).map(([word]) => word);
}

// The last word may still be being typed: then it stands for all words that begin with it.
function spread(words) {
  return words.map((word, at) => {
    if (index.holders.has(word) || at + 1 < words.length || word.length < 2) return [word];
    return [...index.holders.keys()].filter((other) => other.startsWith(word));
  });
}

function score(section, wanted) {
  let sum = 0, missing = 0;
  for (const forms of wanted) {
    const count = forms.reduce((most, form) => Math.max(most, section.counts.get(form) || 0), 0);
    const holders = forms.reduce((most, form) => Math.max(most, index.holders.get(form) || 0), 0);
    if (count === 0) missing += 1;
    const rarity = Math.log(1 + (index.sections.length - holders + 0.5) / (holders + 0.5));
    const length = 1 - LENGTH_MATTERS + LENGTH_MATTERS * section.length / index.average;
    sum += rarity * count * (FLATNESS + 1) / (count + FLATNESS * length);
  }
  return sum * (1 - missing / wanted.length) ** 2 * (/^\d\d-/.test(section.address) ? CHAPTER : 1);
}

// The text with its words of the query marked; of a long one the part that has most of them.
function marked(text, forms, most) {
  const places = words_of(text).filter(([word]) => forms.has(word));
  let from = 0;
  if (text.length > most) {
    let best = -1;
    for (const [, start] of places) {
      const near = places.filter(([, other, end]) => other >= start && end <= start + most - 60);
      const kinds = new Set(near.map(([word]) => word)).size;
      if (kinds > best) [best, from] = [kinds, Math.max(0, start - 40)];
    }
    while (from > 0 && /\S/.test(text[from - 1])) from -= 1;
  }
  const to = Math.min(text.length, from + most), parts = [from > 0 ? "... " : ""];
  let at = from;
  for (const [, start, end] of places) {
    if (start < at || end > to) continue;
    const mark = document.createElement("mark");
    mark.textContent = text.slice(start, end);
    parts.push(text.slice(at, start), mark);
    at = end;
  }
  return [...parts, text.slice(at, to), to < text.length ? " ..." : ""];
}

function show() {
  const query = query_words(field.value);
  list.hidden = query.length === 0;
  list.replaceChildren();
  if (list.hidden) return;
  index ??= make_index();
  const wanted = spread(query), forms = new Set(wanted.flat());
  const found = index.sections.map((section) => [score(section, wanted), section]).filter(([sum]) => sum > 0);
  found.sort((a, b) => b[0] - a[0]);
  for (const [, { page, title, address, text }] of found.slice(0, 15)) {
    const item = document.createElement("li"), link = document.createElement("a"), line = document.createElement("p");
    link.href = root + "/" + address;
    link.append(...marked(title === page ? title : page + ": " + title, forms, 200));
    line.append(...marked(text, forms, 200));
    item.append(link, line);
    list.append(item);
  }
  if (found.length === 0) list.append("Nothing found.");
}

field.addEventListener("input", show);
list.addEventListener("click", (event) => {
  if (event.target.closest("a")) list.hidden = true;
});
