// Typing on the page. Plain words are typed into their element itself; formatted ones into a text editor, whose script
// is loaded into the frame when it is first needed.

const BLOCK = "[data-block]";

export class Writing {
  // `told` hears: typed(id, form), left(), act(name), failed(), selected(), slash(parts), pasted(dropped).
  constructor(canvas, source, told) {
    Object.assign(this, { canvas, source, told });
    this.now = null;
  }

  // Another document stands in the frame.
  opened() {
    const { doc } = this.canvas;
    this.now = null;
    this.loading = null;
    doc.addEventListener("input", () => this.typed());
    doc.addEventListener("compositionend", () => this.typed());
    doc.addEventListener("paste", (event) => this.pasted(event));
  }

  // The element of the block in which words are typed: the one that was pointed at, else the first; null for none.
  place(target) {
    const block = target?.closest(BLOCK);
    if (!block) return null;
    const own = (each) => each?.matches("[data-inline]") && each.closest(BLOCK) === block;
    const wanted = target.closest("[data-inline]");
    return own(wanted) ? wanted : [block, ...block.querySelectorAll("[data-inline]")].find(own) ?? null;
  }

  // Type there from now on. Whether there is something to type.
  open(target, { at = "" } = {}) {
    const element = this.place(target);
    if (!element) return false;
    if (this.now?.element === element) return true;
    this.leave();
    const id = element.closest(BLOCK).dataset.block;
    this.canvas.select(id);
    const isRich = element.hasAttribute("data-rich");
    this.now = { id, name: element.dataset.inline, element, isRich, text: null, keys: [] };
    if (isRich) this.openText(this.now, at);
    else this.openWords(element);
    return true;
  }

  openWords(element) {
    element.contentEditable = "plaintext-only";
    // Older browsers know no plain text; then our own paste and keys keep formats out.
    if (element.contentEditable !== "plaintext-only") element.contentEditable = "true";
    element.tabIndex = 0;
    element.focus();
    const range = this.canvas.doc.createRange();
    range.selectNodeContents(element);
    const selection = this.canvas.view.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  // What is typed while the script is on its way is kept, and typed afterwards.
  async openText(now, at) {
    const loaded = await this.load();
    if (this.now !== now) return;
    if (!loaded) {
      this.now = null;
      this.told.failed();
      return;
    }
    now.text = loaded.open(now.element, {
      changed: () => this.typed(),
      selected: () => this.told.selected(),
      slash: (parts) => this.told.slash(parts),
      pasted: (dropped) => this.told.pasted(dropped),
    }, at);
    for (const key of now.keys.splice(0)) now.text.press(key);
    this.told.selected();
  }

  load() {
    const { doc, view } = this.canvas;
    this.loading ??= new Promise((resolve) => {
      const script = Object.assign(doc.createElement("script"), { type: "module", src: this.source });
      script.addEventListener("load", () => resolve(view.stoaText));
      script.addEventListener("error", () => {
        this.loading = null;
        resolve(null);
      });
      doc.head.append(script);
    });
    return this.loading;
  }

  leave({ focus = false } = {}) {
    const { now } = this;
    if (!now) return;
    this.now = null;
    if (now.text) now.text.close();
    now.element.removeAttribute("contenteditable");
    now.element.blur();
    this.canvas.quieten();
    if (focus) this.canvas.find(now.id)?.focus();
    this.told.left();
  }

  pressed(event) {
    const { now } = this;
    if (event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Escape" || (event.key === "Enter" && !now.isRich)) {
      event.preventDefault();
      this.leave({ focus: true });
    } else if (now.isRich && command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.told.act("link");
    } else if (now.isRich && event.altKey && event.key === "F10") {
      event.preventDefault();
      this.told.act("bubble");
    } else if (now.isRich && !now.text && canWait(event)) {
      event.preventDefault();
      now.keys.push(event);
    }
  }

  typed() {
    const { now } = this;
    if (!now || (now.isRich && !now.text)) return;
    const words = now.isRich ? now.text.html() : now.element.textContent.replace(/\s+/g, " ").trim();
    if (words === now.said) return;
    now.said = words;
    this.told.typed(now.id, { [now.name]: words });
    this.canvas.mark();
  }

  // Words only; formatted texts have a paste of their own.
  pasted(event) {
    if (!this.now || this.now.isRich) return;
    event.preventDefault();
    const words = event.clipboardData.getData("text/plain").replace(/\s+/g, " ");
    this.canvas.doc.execCommand("insertText", false, words);
  }
}

// Whether a key can be pressed later just as well: letters, what parts words, formats.
function canWait(event) {
  const isCommand = (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");
  return isCommand ? /^[bieusz]$/i.test(event.key) : event.key.length === 1 || ["Enter", "Backspace"].includes(event.key);
}
