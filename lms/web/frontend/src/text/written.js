// The text as documents store it. The editor puts a paragraph into every list item; where an item is one paragraph,
// its words stand in it alone, as people and templates write lists.
export function written(html) {
  const holder = new DOMParser().parseFromString(html, "text/html").body;
  for (const item of holder.querySelectorAll("li")) {
    const [first, ...others] = item.children;
    if (first?.tagName === "P" && !first.attributes.length && !others.some((each) => each.tagName === "P")) {
      first.replaceWith(...first.childNodes);
    }
  }
  for (const each of holder.querySelectorAll("[class], [tabindex], [rel], [type]")) {
    for (const name of ["class", "tabindex", "rel", "type"]) each.removeAttribute(name);
  }
  return holder.innerHTML;
}
