// The page in its frame: which block is selected, and what keys and clicks on it mean.
import { patch, slotsOf } from "./patch.js";
import { Writing } from "./writing.js";

const BLOCK = "[data-block]";

export class Canvas {
  // `told` hears: select(id), clicked(), act(name), opened(), seen(element), owed(what), moved(), isUnsent(id),
  // pastedBlocks(data), pictures(files), and what `Writing` tells. `source` is the address of the script for formatted
  // texts.
  constructor(frame, source, told) {
    Object.assign(this, { frame, told });
    this.selected = null;
    this.owed = null;
    this.writing = new Writing(this, source, { ...told, left: () => this.left() });
  }

  // The frame may have loaded before this script did.
  start() {
    this.frame.addEventListener("load", () => this.opened());
    const { doc } = this;
    if (doc?.readyState === "complete" && doc.body?.children.length) this.opened();
  }

  get doc() {
    return this.frame.contentDocument;
  }

  get view() {
    return this.frame.contentWindow;
  }

  // Where words are typed now; null for nowhere.
  get editing() {
    return this.writing.now;
  }

  get isPreview() {
    return this.view.location.search.includes("as=");
  }

  find(id) {
    return id ? this.doc.querySelector(`[data-block="${CSS.escape(id)}"]`) : null;
  }

  opened() {
    const { doc } = this;
    if (!doc?.body || doc.body.dataset.opened) return;
    doc.body.dataset.opened = "1";
    this.owed = null;
    doc.addEventListener("click", (event) => this.clicked(event), true);
    doc.addEventListener("submit", (event) => event.preventDefault(), true);
    doc.addEventListener("dblclick", (event) => this.isPreview || this.edit(event.target));
    if (!this.isPreview) {
      doc.addEventListener("keydown", (event) => this.pressed(event), true);
      doc.addEventListener("focusin", (event) => this.focused(event));
      doc.addEventListener("contextmenu", (event) => this.asked(event));
      doc.addEventListener("paste", (event) => this.pasted(event));
      doc.addEventListener("paste", (event) => this.pastedFiles(event), true);
      this.writing.opened();
      this.tag = Object.assign(doc.createElement("div"), { className: "editor-tag" });
      this.tag.setAttribute("aria-hidden", "true");
      doc.body.append(this.tag);
      this.view.addEventListener("resize", () => {
        this.mark();
        this.find(this.selected)?.scrollIntoView({ block: "nearest" });
      });
      this.view.addEventListener("scroll", () => this.told.moved(), { passive: true });
      this.hasTitle = [...doc.querySelectorAll("h1")].some((title) => title.closest(BLOCK));
    }
    this.quieten();
    this.mark();
    this.told.opened();
  }

  // Nothing of the page is a stop for the keyboard but its blocks: one of them, the arrows lead to the others.
  quieten() {
    for (const each of this.doc.querySelectorAll("a, button, input, select, textarea, summary, iframe")) {
      // The text editor watches what it holds.
      if (!this.editing?.element.contains(each)) each.tabIndex = -1;
    }
    if (this.isPreview) return;
    const blocks = [...this.doc.querySelectorAll(BLOCK)];
    const current = this.find(this.selected) ?? blocks[0];
    for (const each of blocks) each.tabIndex = each === current ? 0 : -1;
  }

  clicked(event) {
    event.preventDefault();
    if (this.isPreview) return this.told.seen(event.target.closest("a[href]"));
    if (this.editing?.element.contains(event.target)) return undefined;
    const block = event.target.closest(BLOCK);
    if (block) {
      this.select(block.dataset.block, { focus: true });
      this.told.clicked();
    }
    return undefined;
  }

  focused(event) {
    if (event.target.matches?.(BLOCK) && event.target.dataset.block !== this.selected) {
      this.select(event.target.dataset.block);
    }
  }

  select(id, { focus = false, silent = false } = {}) {
    if (this.editing && this.editing.id !== id) this.leave();
    const changed = id !== this.selected;
    this.selected = id;
    const block = this.find(id);
    this.quieten();
    if (block && focus && !this.editing) block.focus({ preventScroll: false });
    if (block) block.scrollIntoView({ block: "nearest" });
    this.mark();
    if (changed && !silent) this.told.select(id);
  }

  mark() {
    if (!this.isPreview) this.told.drawn();
    for (const old of this.doc.querySelectorAll("[data-selected]")) old.removeAttribute("data-selected");
    const block = this.find(this.selected);
    if (!this.tag) return;
    this.tag.hidden = !block;
    if (!block) return;
    // Not a class: those of a text belong to its editor while it is open.
    block.setAttribute("data-selected", "");
    this.tag.textContent = [block.dataset.label, block.dataset.badge].filter(Boolean).join(" · ");
    const box = block.getBoundingClientRect();
    const { view } = this;
    // On the line around the block.
    this.tag.style.top = `${Math.max(box.top + view.scrollY - 8 - this.tag.offsetHeight, 0)}px`;
    this.tag.style.left = `${box.left + view.scrollX - 8}px`;
    this.told.moved();
  }

  pressed(event) {
    const { key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (this.editing) return this.writing.pressed(event);
    const acts = {
      ArrowDown: event.altKey ? "down" : "next", ArrowUp: event.altKey ? "up" : "previous",
      Delete: "delete", Backspace: "delete", Enter: "edit", "/": "insertAfter",
      F10: event.shiftKey ? "more" : "", ContextMenu: "more",
    };
    const name = command
      ? { z: event.shiftKey ? "redo" : "undo", y: "redo", d: "duplicate", c: "copy", x: "cut" }[key.toLowerCase()]
      : acts[key];
    if (!name || (command && "cx".includes(key.toLowerCase()) && !this.view.getSelection().isCollapsed)) return undefined;
    event.preventDefault();
    if (name === "next" || name === "previous") return this.step(name === "next" ? 1 : -1);
    if (name === "edit") return this.edit(this.find(this.selected), { at: "end" }) || this.told.act("options");
    return this.told.act(name);
  }

  // A right click: more for the block that it meets.
  asked(event) {
    const block = event.target.closest(BLOCK);
    if (!block || this.editing || event.pointerType === "touch") return;
    event.preventDefault();
    this.select(block.dataset.block, { focus: true });
    this.told.act("more", { at: { left: event.clientX, top: event.clientY, bottom: event.clientY } });
  }

  pasted(event) {
    if (this.editing) return;
    event.preventDefault();
    this.told.pastedBlocks(event.clipboardData);
  }

  // A picture without words, as screenshots are: before a text editor looks for words in it.
  pastedFiles(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.told.pictures(files);
  }

  step(by) {
    const blocks = [...this.doc.querySelectorAll(BLOCK)];
    const at = blocks.findIndex((each) => each.dataset.block === this.selected);
    const next = blocks[Math.min(Math.max(at + by, 0), blocks.length - 1)];
    if (next) this.select(next.dataset.block, { focus: true });
  }

  // Type on the page. Whether there is something to type.
  edit(target, options) {
    return !this.isPreview && this.writing.open(target, options);
  }

  leave(options) {
    this.writing.leave(options);
  }

  // What the block missed while it was typed in is put in place now.
  left() {
    const { owed } = this;
    this.owed = null;
    this.told.selected();
    if (owed) this.told.owed(owed);
  }

  // The block that was typed in is gone.
  lost() {
    this.writing.now = null;
    this.owed = null;
    this.told.selected();
  }

  // Words that are typed in the left column are shown at once; the answer follows.
  echo(id, name, text) {
    const block = this.find(id);
    const places = block ? [block, ...block.querySelectorAll("[data-inline]")] : [];
    const element = places.find((each) => each.dataset.inline === name && each.closest(BLOCK) === block);
    if (element && !element.hasAttribute("data-rich")) element.textContent = text;
  }

  // Put the answer's pieces in place; false where the whole page has to be asked for.
  patch(answer) {
    return patch(this, answer, this.told.isUnsent);
  }

  slots() {
    return slotsOf(this.doc);
  }
}
