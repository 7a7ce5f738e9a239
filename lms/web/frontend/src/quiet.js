// HTML from elsewhere is read in documents without a window: nothing in it runs or loads. But the policy of the page
// reports each style and handler in it all the same, so they are put aside first. What comes out is cleaned afterwards.
const TAG = /<[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi;

// The document; what was `style` is `data-style` in it.
export function read(html) {
  const quiet = html
    .replace(/<style\b[\s\S]*?(<\/style\s*>|$)/gi, "")
    .replace(/<base\b/gi, "<br data-base")
    .replace(TAG, (tag) => tag.replace(/([\s"'/])style\s*=/gi, "$1data-style=").replace(/([\s"'/])on(\w+)\s*=/gi, "$1data-on$2="));
  return new DOMParser().parseFromString(`<body>${quiet}`, "text/html");
}
