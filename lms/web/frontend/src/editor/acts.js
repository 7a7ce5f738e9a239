// What keys, buttons and menus do with the selected block.
import { copied, copy } from "./clipboard.js";
import { announce, one, toast, words } from "./said.js";

// What somebody does who may only write.
const WRITING = new Set(["undo", "redo", "options", "link", "bubble"]);

export class Acts {
  constructor(shell) {
    this.shell = shell;
  }

  get isOnPage() {
    return document.activeElement === this.shell.frame;
  }

  // After which block something new comes; null for the end of the page.
  get near() {
    const { canvas } = this.shell;
    return canvas.find(canvas.selected) ? canvas.selected : null;
  }

  do(name, data = {}) {
    const { shell, isOnPage } = this;
    const { canvas, panel, send } = shell;
    const id = canvas.selected;
    const focus = isOnPage ? "canvas" : "";
    const own = {
      undo: () => this.step(name), redo: () => this.step(name),
      options: () => panel.show(id, { focus: ".panel-head h2" }),
      link: () => this.textLink("dynamic"),
      bubble: () => shell.bubble.focus(),
      insertAfter: () => this.insert(),
      more: () => this.more(data.at),
    };
    if (!shell.designs && !WRITING.has(name)) return this.refuse();
    if (own[name]) return own[name]();
    if (!id || !canvas.find(id)) return undefined;
    const ofBlock = {
      up: () => send({ op: "move", id, by: name }, { focus, panel: isOnPage ? "" : `[data-act="${name}"]` }),
      down: () => send({ op: "move", id, by: name }, { focus, panel: isOnPage ? "" : `[data-act="${name}"]` }),
      transform: () => send({ op: name, id, type: data.type }, { focus: "canvas" }),
      wrap: () => send({ op: name, id, type: data.type }, { focus: "canvas" }),
      unwrap: () => send({ op: name, id }, { focus: "canvas" }),
      moveTo: () => shell.moving.open(id),
      copy: () => this.copy(id, false),
      cut: () => this.copy(id, true),
    };
    if (ofBlock[name]) return ofBlock[name]();
    return send({ op: name, id }, { focus: isOnPage ? "canvas" : "panel" });
  }

  refuse() {
    announce(words.onlyWords);
    toast(words.onlyWords);
  }

  step(name) {
    if (one(`[data-${name}]`).getAttribute("aria-disabled") === "false") this.shell.send({ op: name }, { focus: "" });
  }

  async more(at) {
    const { canvas, panel, menu } = this.shell;
    if (!canvas.selected) return;
    if (panel.shown !== canvas.selected) await panel.show(canvas.selected);
    // The menu stands in the head of the options.
    panel.open("block");
    menu.open(at ?? this.below());
  }

  // Just below the selected block, in the frame's pixels.
  below() {
    const { canvas } = this.shell;
    const box = canvas.find(canvas.selected)?.getBoundingClientRect();
    return box ? { left: box.left, top: box.top, bottom: Math.min(box.bottom, canvas.view.innerHeight) } : { left: 24, top: 24, bottom: 24 };
  }

  insert() {
    this.shell.insert.open({ near: this.near }, this.below());
  }

  // "/" in an empty paragraph of a text: the block that is chosen comes there, and the text is cut at this place.
  slash(parts) {
    const { canvas, insert } = this.shell;
    const { id, name, text } = canvas.editing;
    if (!this.shell.designs) return this.back({ id, text });
    return insert.open({ id, name, parts, text }, text.box());
  }

  chosen(type, { place, near, id, name, parts }) {
    const { canvas, panel, send, frame } = this.shell;
    if (!parts) return send({ op: "insert", type, ...(place ? { place } : { near }) }, { edit: true });
    canvas.leave();
    frame.focus();
    // Each comes directly after the text, the last one first.
    const rest = { op: "paste", near: id, blocks: [{ type: "core/text", props: { html: parts.after } }] };
    const isText = panel.shown === id && panel.type === "core/text";
    const old = parts.before || !isText ? { op: "set", id, form: { [name]: parts.before } } : { op: "delete", id };
    return send([...(parts.after ? [rest] : []), { op: "insert", type, near: id }, old], { edit: true });
  }

  // Back to where somebody came from.
  back({ id, text } = {}, written = "") {
    const { canvas, frame } = this.shell;
    frame.focus();
    if (id && text && canvas.editing?.text === text) {
      text.focus();
      for (const letter of `/${written}`) text.type(letter);
    } else canvas.find(canvas.selected)?.focus();
  }

  // The picker of the left column, for the words that are selected in the text.
  textLink(kind) {
    const { canvas, panel } = this.shell;
    const { text } = canvas.editing ?? {};
    if (!text || !(text.hasWords() || text.linked())) return toast(words.chooseText);
    panel.open("block");
    return one(`[data-in-text] [data-picker="${kind}"]`)?.click();
  }

  async copy(id, isCut) {
    const { frame, queue, send } = this.shell;
    const ask = async () => {
      await queue.settled();
      const answer = await queue.ask(`copy?block=${encodeURIComponent(id)}`);
      if (!answer.ok) throw new Error("gone");
      return answer.json();
    };
    const isDone = await copy(frame, ask);
    const said = isDone ? words[isCut ? "cut" : "copied"] : words.notCopied;
    announce(said);
    toast(said);
    if (isDone && isCut) send({ op: "delete", id }, { focus: "canvas" });
  }

  // Something is pasted on the page, not into words: blocks, or words that become a text.
  async paste(data) {
    const { canvas, send } = this.shell;
    if (!this.shell.designs) return this.refuse();
    const [html, plain] = [data.getData("text/html"), data.getData("text/plain")];
    const { near } = this;
    const blocks = html ? copied(html) : null;
    if (blocks) return send({ op: "paste", near, blocks }, { focus: "canvas" });
    const text = await canvas.writing.load();
    const lines = plain.split(/\n{2,}/).map((line) => line.trim()).filter(Boolean);
    const holder = document.createElement("div");
    holder.append(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    const found = html && text ? text.cleaned(html) : { html: holder.innerHTML, dropped: {} };
    if (!found.html.trim()) return toast(words.nothingToPaste);
    await send({ op: "paste", near, blocks: [{ type: "core/text", props: { html: found.html } }] }, { focus: "canvas" });
    return this.said(found.dropped);
  }

  // What of the clipboard has no place in a text.
  said(dropped) {
    const left = Object.entries(dropped).map(([kind, count]) => words[kind].replace("{count}", count));
    if (!left.length) return;
    const sentence = `${words.leftOut} ${left.join(", ")}.`;
    announce(sentence);
    toast(sentence);
  }
}
