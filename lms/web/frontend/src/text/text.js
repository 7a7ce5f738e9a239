// The editor of formatted words. It runs in the frame, on the very element that visitors get, so that what is typed
// looks as it will; the shell talks to it through `stoaText`. The server cleans whatever comes out of it.
import { Editor, resolveFocusPosition } from "@tiptap/core";
import { DOMParser, Slice } from "@tiptap/pm/model";

import { cleaned } from "./paste.js";
import { extensions } from "./schema.js";
import { readSelection } from "./selection.js";
import { written } from "./written.js";

// `told` hears: changed(), selected(), slash({before, after}), pasted(dropped).
function open(element, told, at) {
  const classes = element.className;
  const label = element.closest("[data-block]").dataset.label;
  let isQuiet = true;
  const editor = new Editor({
    element: { mount: element },
    content: element.innerHTML,
    extensions,
    injectCSS: false,
    enableContentCheck: false,
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-label": label, tabindex: "0" },
      // Before any key is understood: which one joins two paragraphs depends on where the caret is.
      handleKeyDown(view, event) {
        readSelection(view);
        return slash(editor, event, told);
      },
      handleDOMEvents: {
        drop: (_view, event) => event.preventDefault() ?? true,
        // Before the editor reads it in its own way: it would apply styles, and the policy would report them.
        paste(_view, event) {
          const isDone = paste(editor, event, told);
          if (isDone) event.preventDefault();
          return isDone;
        },
      },
    },
    onUpdate: () => isQuiet || told.changed(),
    onSelectionUpdate: () => told.selected(),
    onBlur: () => told.selected(),
  });
  editor.view.dispatch(editor.state.tr.setSelection(resolveFocusPosition(editor.state.doc, at || "start")).scrollIntoView());
  focus(editor);
  isQuiet = false;
  return {
    html: () => written(editor.getHTML()),
    press: (event) => press(editor, event),
    type: (words) => type(editor, words),
    // The focus stays where it is: in the words, or on the button that was pressed by a key.
    run: (name, ...given) => editor.chain()[name](...given).run(),
    isActive: (name, attributes) => editor.isActive(name, attributes),
    linked: () => (editor.isActive("link") ? editor.getAttributes("link") : null),
    link: (attributes) => link(editor, attributes),
    hasWords: () => !editor.state.selection.empty,
    box: () => box(editor),
    focus: () => focus(editor),
    close() {
      const html = written(editor.getHTML());
      editor.destroy();
      element.innerHTML = html;
      element.className = classes;
      for (const name of ["role", "aria-multiline", "aria-label", "translate", "contenteditable"]) {
        element.removeAttribute(name);
      }
      delete element.editor;
    },
  };
}

// At once: its own command takes the focus with the next frame, and a key that is pressed before would go nowhere.
function focus({ view }) {
  view.focus();
}

// A key that was pressed before the editor was there, as if it were pressed now.
function press(editor, event) {
  const isDone = editor.view.someProp("handleKeyDown", (handle) => handle(editor.view, event));
  if (!isDone && event.key.length === 1) type(editor, event.key);
}

// Words as if they were typed: "## " makes a heading then too.
function type({ view }, words) {
  const { from, to } = view.state.selection;
  const insert = () => view.state.tr.insertText(words, from, to);
  const isDone = view.someProp("handleTextInput", (handle) => handle(view, from, to, words, insert));
  if (!isDone) view.dispatch(insert());
}

// Make the selected words a link, or change the one that the caret stands in; with null the link goes.
function link(editor, attributes) {
  focus(editor);
  const chain = editor.chain();
  if (editor.isActive("link")) chain.extendMarkRange("link");
  if (attributes) chain.unsetMark("link").setMark("link", attributes);
  else chain.unsetMark("link");
  return chain.run();
}

// The selected words, or the caret, in the frame's pixels.
function box(editor) {
  const { from, to } = editor.state.selection;
  const [start, end] = [editor.view.coordsAtPos(from), editor.view.coordsAtPos(to, -1)];
  const left = Math.min(start.left, end.left);
  return { left, top: Math.min(start.top, end.top), bottom: Math.max(start.bottom, end.bottom), right: Math.max(start.right, end.right) };
}

// "/" at the start of an empty paragraph asks which block comes there. What stands before and after it goes along, so
// that the text is cut at this place.
function slash(editor, event, told) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.isComposing) return false;
  const { $from, empty } = editor.state.selection;
  if (!empty || $from.depth !== 1 || $from.parent.type.name !== "paragraph" || $from.parent.content.size) return false;
  const { doc } = editor.state;
  const part = (from, to) => (from < to ? written(htmlOf(editor, doc.slice(from, to))) : "");
  event.preventDefault();
  told.slash({ before: part(0, $from.before()), after: part($from.after(), doc.content.size) });
  return true;
}

function htmlOf(editor, slice) {
  const holder = editor.view.serializeForClipboard(slice).dom;
  for (const each of holder.querySelectorAll("[data-pm-slice]")) each.removeAttribute("data-pm-slice");
  return holder.innerHTML;
}

function paste(editor, event, told) {
  readSelection(editor.view);
  const html = event.clipboardData.getData("text/html");
  const plain = event.clipboardData.getData("text/plain");
  if (/^https?:\/\/\S+$/.test(plain.trim()) && !editor.state.selection.empty) {
    link(editor, { href: plain.trim() });
    return true;
  }
  if (!html) return false;
  if (editor.isActive("codeBlock")) {
    editor.view.dispatch(editor.state.tr.insertText(plain).scrollIntoView());
    return true;
  }
  const found = cleaned(html);
  const parser = DOMParser.fromSchema(editor.schema);
  const whole = parser.parseSlice(found.body, { preserveWhitespace: false });
  const slice = whole.content.childCount === 1 ? whole : new Slice(whole.content, 0, 0);
  editor.view.dispatch(editor.state.tr.replaceSelection(slice).scrollIntoView().setMeta("paste", true));
  told.pasted(found.dropped);
  return true;
}

window.stoaText = { open, cleaned: (html) => ({ ...cleaned(html), html: written(cleaned(html).body.innerHTML) }) };
