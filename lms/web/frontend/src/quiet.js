// HTML from elsewhere is read in documents without a window: nothing in it runs or loads. But the policy of the page
// reports each style and handler in it all the same, so they are put aside first. What comes out is cleaned afterwards.
const TAG = /<[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi;

// The document; what was `style` is `data-style` in it.
export function read(html) {
  const quiet = html
    .replace(/<style\b[\s\S]*?(<\/style\s*>|$)/gi, "")
    .replace(/<base\b/gi, "<br data-base")
    .replace(TAG, (tag) => tag.replace(/([\s"'/])style\s*=/gi, "$1data-style=").replace(/([\s"'/])on(\w+)\s*=/gi, "$1data-on$2="));
  const read = new DOMParser().parseFromString(`<body>${quiet}`, "text/html");
  // Forms and documents give their parts out under these names, and would hide their own properties behind them.
  for (const each of Document.prototype.querySelectorAll.call(read, "[id], [name]")) {
    for (const name of ["id", "name"]) Element.prototype.removeAttribute.call(each, name);
  }
  return read;
}
