// Dynamic labels: put into words where the caret stands, and marked on the page, where they stand as they are written.
import { Chooser } from "./chooser.js";
import { toast, words } from "./said.js";

const LABEL = /\{\{\s*[a-z0-9_-]+\/[a-z0-9-]+[^{}]*\|[^{}]*\}\}/g;

export function listenToLabels(root, shell) {
  const chooser = new Chooser(root, shell.panel, "label", {
    // In a formatted text there has to be a caret.
    async opens(box) {
      if (!("inText" in box.dataset)) return true;
      const { canvas, panel } = shell;
      if (canvas.editing?.id === panel.shown && canvas.editing.text) return true;
      if (!canvas.edit(canvas.find(panel.shown), { at: "end" })) return false;
      await canvas.writing.load();
      return true;
    },
    async inserted(box, { name, form: args }, form) {
      const sent = JSON.stringify({ key: name, form: args, fallback: form.elements.fallback.value });
      const answer = await shell.queue.ask("label", { method: "POST", body: sent }).catch(() => null);
      const told = (await answer?.json().catch(() => null)) ?? { sentence: words.failed };
      if (!answer?.ok) {
        const [[path, sentence] = ["", told.sentence]] = Object.entries(told.errors ?? {});
        shell.panel.picker.wrong(form, path, sentence);
        return;
      }
      if (write(box, told.token)) chooser.cancel(box);
      else toast(words.failed);
    },
  });

  function write(box, token) {
    if ("inText" in box.dataset) {
      const { text } = shell.canvas.editing ?? {};
      text?.type(token);
      return Boolean(text);
    }
    const control = root.querySelector(`[data-field="${CSS.escape(box.dataset.of)}"]`);
    if (!control) return false;
    if (shell.canvas.editing) shell.canvas.leave();
    control.setRangeText(token, control.selectionStart, control.selectionEnd, "end");
    control.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }
}

// Show on the page which words are labels. Nothing is put into the text for that.
export function markLabels({ doc, view }) {
  if (!view.CSS?.highlights || !view.Highlight) return;
  const found = [];
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    if (!node.data.includes("{{") || !node.parentElement.closest("[data-inline]")) continue;
    for (const each of node.data.matchAll(LABEL)) {
      const range = doc.createRange();
      range.setStart(node, each.index);
      range.setEnd(node, each.index + each[0].length);
      found.push(range);
    }
  }
  view.CSS.highlights.set("labels", new view.Highlight(...found));
}
