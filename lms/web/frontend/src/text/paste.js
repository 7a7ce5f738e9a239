// What other programs put on the clipboard, as words that a text can hold. It is read in a document without a window:
// nothing in it runs or loads. What has no place in a text is left out, and counted, so that people can be told.
import { read } from "../quiet.js";

const KEPT = new Set([
  "P", "BR", "HR", "H2", "H3", "H4", "UL", "OL", "LI", "BLOCKQUOTE", "PRE", "CODE",
  "STRONG", "B", "EM", "I", "U", "S", "SUB", "SUP", "SMALL", "MARK", "A",
]);
const RENAMED = { H1: "h2", H5: "h4", H6: "h4", DEL: "s", STRIKE: "s", KBD: "code", SAMP: "code", TT: "code", CITE: "em", DT: "p", DD: "p", FIGCAPTION: "p", CAPTION: "p" };
const DROPPED = {
  IMG: "pictures", PICTURE: "pictures", SVG: "pictures", CANVAS: "pictures", VIDEO: "media", AUDIO: "media", IFRAME: "media",
  OBJECT: "media", EMBED: "media", FRAME: "media", FORM: "forms", INPUT: "forms", BUTTON: "forms", SELECT: "forms",
  TEXTAREA: "forms", SCRIPT: "scripts", MATH: "formulas",
};
const SILENT = new Set(["STYLE", "META", "LINK", "TITLE", "HEAD", "TEMPLATE", "NOSCRIPT", "XML", "BASE", "COL", "COLGROUP"]);
const BLOCKS = /^(P|DIV|H[1-6]|UL|OL|LI|BLOCKQUOTE|PRE|TABLE|TR|SECTION|ARTICLE|MAIN|HEADER|FOOTER|ASIDE|NAV|FIGURE|DL|DT|DD)$/;
const LINK = ["href", "title", "data-link", "data-args", "data-unavailable", "data-fallback"];
const SAFE = /^(https?:|mailto:|tel:|#|\/(?![/\\])|\?)/i;

// The words of the clipboard's HTML as an element, and how many of which kind were left out.
export function cleaned(html) {
  const source = read(fragmentOf(html));
  const dropped = {};
  const body = source.createElement("div");
  wordLists(source.body);
  const found = [...source.body.childNodes].flatMap((child) => walk(child, dropped, source));
  body.append(...found.filter((each) => each.nodeName !== "BR"));
  return { body, dropped };
}

function fragmentOf(html) {
  const found = html.match(/<!--StartFragment-->([\s\S]*)<!--EndFragment-->/);
  return found ? found[1] : html;
}

function count(dropped, kind) {
  dropped[kind] = (dropped[kind] ?? 0) + 1;
}

// The node as nodes of a text.
function walk(node, dropped, doc) {
  if (node.nodeType === Node.TEXT_NODE) return [doc.createTextNode(node.data.replace(/[\u200b\ufeff]/g, ""))];
  if (node.nodeType !== Node.ELEMENT_NODE) return [];
  const tag = node.tagName.toUpperCase();
  if (tag in DROPPED) {
    count(dropped, DROPPED[tag]);
    return [];
  }
  if (SILENT.has(tag) || tag.includes(":") || isHidden(node)) return [];
  if (tag === "TABLE") count(dropped, "tables");
  const inside = [...node.childNodes].flatMap((child) => walk(child, dropped, doc));
  if (tag === "TR") return [paragraph(cells(node, dropped, doc), doc)];
  // Google Docs wraps everything in a bold element that is not bold.
  const isPlain = tag === "B" && /font-weight:\s*normal/i.test(node.dataset.style ?? "");
  const name = RENAMED[tag] ?? (KEPT.has(tag) && !isPlain ? tag.toLowerCase() : "");
  const styled = name ? inside : marked(node, inside, doc);
  if (name === "p" && !styled.some((each) => each.textContent.trim())) return [];
  if (name) return [made(name, node, styled, dropped, doc)];
  if (BLOCKS.test(tag) && !styled.some((each) => each.nodeType === Node.ELEMENT_NODE && BLOCKS.test(each.tagName))) {
    return styled.some((each) => each.textContent.trim()) ? [paragraph(styled, doc)] : [];
  }
  return styled;
}

function made(name, node, inside, dropped, doc) {
  const element = doc.createElement(name);
  if (name === "a") {
    for (const each of LINK) if (node.hasAttribute(each)) element.setAttribute(each, node.getAttribute(each));
    const href = element.getAttribute("href")?.replace(/[\x00-\x20]+/g, "");
    if (href && !SAFE.test(href)) {
      element.removeAttribute("href");
      count(dropped, "links");
    }
    if (!element.attributes.length) return wrap("span", inside, doc);
  }
  if (name === "ol" && node.hasAttribute("start")) element.setAttribute("start", node.getAttribute("start"));
  element.append(...inside);
  return element;
}

function wrap(name, inside, doc) {
  const element = doc.createElement(name);
  element.append(...inside);
  return element;
}

const paragraph = (inside, doc) => wrap("p", inside, doc);

// A row of a table becomes a line: its cells one after the other.
function cells(row, dropped, doc) {
  return [...row.children].flatMap((cell, index) => [
    ...(index ? [doc.createTextNode(" · ")] : []),
    ...[...cell.childNodes].flatMap((child) => walk(child, {}, doc)).flatMap((each) => (BLOCKS.test(each.tagName ?? "") ? [...each.childNodes] : [each])),
  ]);
}

function isHidden(node) {
  return /display:\s*none|mso-hide:\s*all/i.test(node.dataset?.style ?? "");
}

// Bold, italic and so on that are told as styles.
function marked(node, inside, doc) {
  const style = node.dataset?.style ?? "";
  if (!style || !inside.some((each) => each.textContent.trim())) return inside;
  if (inside.some((each) => BLOCKS.test(each.tagName ?? ""))) return inside;
  const names = [
    [/font-weight:\s*(bold|[6-9]00)/i, "strong"], [/font-style:\s*italic/i, "em"],
    [/text-decoration[^;]*line-through/i, "s"], [/vertical-align:\s*super/i, "sup"], [/vertical-align:\s*sub/i, "sub"],
  ];
  return names.filter(([how]) => how.test(style)).reduce((words, [, name]) => [wrap(name, words, doc)], inside);
}

// Word writes a list as paragraphs that say in their style which list and level they belong to.
function wordLists(root) {
  let open = [];
  for (const item of [...root.querySelectorAll("p, h1, h2, h3, h4, h5, h6")]) {
    const [, id, depth] = item.dataset.style?.match(/mso-list:\s*(\S+)\s+level(\d)/i) ?? [];
    const level = Number(depth ?? 0);
    const goesOn = open.length && item.previousElementSibling === open[0] && open[0].dataset.list === id;
    if (!level || !goesOn) open = [];
    if (!level) continue;
    const sign = [...item.querySelectorAll("span")].find((each) => /mso-list:\s*ignore/i.test(each.dataset.style ?? ""));
    const kind = /^[\s(]*([0-9]+|[a-z]|[ivxlc]+)[.)]/i.test(sign?.textContent ?? "") ? "ol" : "ul";
    sign?.remove();
    open.length = Math.min(open.length, level);
    while (open.length < level) {
      const list = root.ownerDocument.createElement(kind);
      if (open.length) (open.at(-1).lastElementChild ?? open.at(-1).appendChild(root.ownerDocument.createElement("li"))).append(list);
      else item.before(list);
      list.dataset.list = id;
      open.push(list);
    }
    const line = root.ownerDocument.createElement("li");
    line.append(...item.childNodes);
    open.at(-1).append(line);
    item.remove();
  }
}
