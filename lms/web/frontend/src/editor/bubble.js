// Formats of the words that are selected on the page, in a bar above them. Alt F10 leads into it, Esc back.
import { one, placeBeside, rove } from "./said.js";

export class Bubble {
  // `told` hears: link(kind), unlink().
  constructor(canvas, told) {
    Object.assign(this, { canvas, told });
    this.root = one("[data-bubble]");
    // A press must not take the selection away from the text.
    this.root.addEventListener("mousedown", (event) => event.preventDefault());
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    this.root.addEventListener("focusout", (event) => this.root.contains(event.relatedTarget) || this.update());
  }

  get text() {
    return this.canvas.editing?.text ?? null;
  }

  get buttons() {
    return [...this.root.querySelectorAll("button:not([hidden])")];
  }

  update() {
    const { text } = this;
    const isHere = document.activeElement === this.canvas.frame || this.root.contains(document.activeElement);
    const linked = text?.linked() ?? null;
    if (!text || !isHere || !(text.hasWords() || linked || this.root.contains(document.activeElement))) {
      this.root.hidden = true;
      return;
    }
    for (const each of this.root.querySelectorAll("[data-run]")) {
      const [name, level] = formatOf(each.dataset.run);
      each.setAttribute("aria-pressed", String(text.isActive(name, level ? { level } : undefined)));
    }
    for (const each of this.root.querySelectorAll("[data-text-link]")) {
      const isDynamic = Boolean(linked?.["data-link"]);
      each.setAttribute("aria-pressed", String(Boolean(linked) && isDynamic === (each.dataset.textLink === "dynamic")));
    }
    one("[data-unlink]").hidden = !linked;
    placeBeside(this.root, this.canvas.frame, { ...text.box(), isAbove: true });
  }

  focus() {
    const { text } = this;
    if (!text) return;
    this.root.hidden = false;
    this.buttons[0].focus();
    this.update();
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { run, textLink } = button.dataset;
    const hadFocus = this.root.contains(document.activeElement);
    if (run) this.run(run);
    else if (textLink) this.told.link(textLink);
    else this.told.unlink();
    if (run && hadFocus) button.focus();
    this.update();
  }

  run(command) {
    const [, level] = formatOf(command);
    this.text?.run(command.split(":")[0], ...(level ? [{ level }] : []));
  }

  pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.canvas.frame.focus();
      this.text?.focus();
      return;
    }
    const keys = document.dir === "rtl" ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
    rove(event, this.buttons, keys);
  }
}

// "toggleHeading:2" is about "heading" of level 2.
function formatOf(command) {
  const [run, level] = command.split(":");
  const name = run.replace("toggle", "");
  return [name.charAt(0).toLowerCase() + name.slice(1), level ? Number(level) : 0];
}
