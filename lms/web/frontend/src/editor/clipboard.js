// Copying blocks, to other pages and tabs too: the clipboard holds their words, and the blocks themselves as JSON in an
// attribute. The server checks what is pasted like everything that it stores.
import { read } from "../quiet.js";

const HOLDER = "data-stoa-blocks";

// Put the blocks on the clipboard. Resolves to whether that was possible.
export async function copy(frame, ask) {
  const blob = (async () => new Blob([await asHtml(frame, ask)], { type: "text/html" }))();
  try {
    // Given as a promise, so that the press still counts when the answer is there.
    await navigator.clipboard.write([new ClipboardItem({ "text/html": blob })]);
    return true;
  } catch {
    // Without https there is no such clipboard.
  }
  try {
    const html = await (await blob).text();
    return byCommand(html);
  } catch {
    return false;
  }
}

async function asHtml(frame, ask) {
  const { blocks } = await ask();
  const holder = document.implementation.createHTMLDocument("").createElement("div");
  holder.setAttribute(HOLDER, JSON.stringify(blocks));
  const words = blocks.map((block) => frame.contentDocument.querySelector(`[data-block="${CSS.escape(block.id)}"]`)?.innerText ?? "");
  holder.textContent = words.join("\n").trim() || " ";
  return holder.outerHTML;
}

function byCommand(html) {
  let isDone = false;
  const put = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData.setData("text/html", html);
    isDone = true;
  };
  document.addEventListener("copy", put, { capture: true, once: true });
  document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true });
  return isDone;
}

// The blocks that were copied; null where the clipboard holds something else.
export function copied(html) {
  const found = read(html).querySelector(`[${HOLDER}]`);
  try {
    return found ? JSON.parse(found.getAttribute(HOLDER)) : null;
  } catch {
    return null;
  }
}
