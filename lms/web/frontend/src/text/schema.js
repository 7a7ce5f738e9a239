// What formatted words are made of: what the server keeps (`TAGS` in lms/content/richtext.py), and nothing else. A tag
// that stands there must stand here, or opening a text would lose it.
import { Extension, Mark } from "@tiptap/core";
import { Blockquote } from "@tiptap/extension-blockquote";
import { Bold } from "@tiptap/extension-bold";
import { Code } from "@tiptap/extension-code";
import { CodeBlock } from "@tiptap/extension-code-block";
import { Document } from "@tiptap/extension-document";
import { HardBreak } from "@tiptap/extension-hard-break";
import { Heading } from "@tiptap/extension-heading";
import { HorizontalRule } from "@tiptap/extension-horizontal-rule";
import { Italic } from "@tiptap/extension-italic";
import { BulletList, ListItem, ListKeymap, OrderedList } from "@tiptap/extension-list";
import { Paragraph } from "@tiptap/extension-paragraph";
import { Strike } from "@tiptap/extension-strike";
import { Text } from "@tiptap/extension-text";
import { UndoRedo } from "@tiptap/extensions";

const LINK = ["href", "title", "target", "data-link", "data-args", "data-unavailable", "data-fallback"];

const kept = (name) => ({
  default: null,
  parseHTML: (element) => element.getAttribute(name),
  renderHTML: (attributes) => (attributes[name] === null ? {} : { [name]: attributes[name] }),
});

// An address, or a dynamic link: then there is no address, and the rest says which.
const Link = Mark.create({
  name: "link",
  priority: 1000,
  inclusive: false,
  addAttributes: () => Object.fromEntries(LINK.map((name) => [name, kept(name)])),
  parseHTML: () => [{ tag: "a" }],
  renderHTML: ({ HTMLAttributes }) => ["a", HTMLAttributes, 0],
});

// Rarely typed, often met.
const small = ["u", "sub", "sup", "small", "mark"].map((tag) =>
  Mark.create({
    name: tag,
    parseHTML: () => [{ tag }],
    renderHTML: () => [tag, 0],
    addKeyboardShortcuts() {
      return tag === "u" ? { "Mod-u": () => this.editor.commands.toggleMark("u") } : {};
    },
  }),
);

// The language and the direction of a part stay as they are.
const Language = Extension.create({
  name: "language",
  addGlobalAttributes: () => [
    {
      types: ["paragraph", "heading", "blockquote", "listItem", "bulletList", "orderedList", "codeBlock"],
      attributes: { lang: kept("lang"), dir: kept("dir") },
    },
  ],
});

// A letter goes by a transaction: where the browser removes the last one of a node itself it keeps the letter's looks as a
// style, which the policy stops and reports. What is more than one unit (an emoji, a letter with marks) is the browser's.
const Letters = Extension.create({
  name: "letters",
  priority: 1,
  addKeyboardShortcuts() {
    return { Backspace: () => remove(this.editor, -1), Delete: () => remove(this.editor, 1) };
  },
});

function remove(editor, step) {
  const { selection, storedMarks, tr } = editor.state;
  const { $from, empty, from } = selection;
  const node = step < 0 ? $from.nodeBefore : $from.nodeAfter;
  if (!empty || !node?.isText) return false;
  const letters = [...new Intl.Segmenter().segment(node.text)];
  if (letters.at(step < 0 ? -1 : 0).segment.length > 1) return false;
  const marks = storedMarks ?? $from.marks();
  editor.view.dispatch(tr.delete(Math.min(from, from + step), Math.max(from, from + step)).ensureMarks(marks).scrollIntoView());
  return true;
}

export const extensions = [
  Document, Paragraph, Text, HardBreak, Heading.configure({ levels: [2, 3, 4] }), Blockquote, CodeBlock, HorizontalRule,
  BulletList, OrderedList, ListItem, ListKeymap, Bold, Italic, Strike, Code.extend({ excludes: "" }), Link, ...small, Language,
  Letters, UndoRedo,
];
