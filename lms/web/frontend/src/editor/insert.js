// The menu of all blocks: at "/" in a text or on a block, and at the "+" between blocks. Typing finds, the arrows
// choose, Enter adds, Esc goes back.
import { announce, one, placeBeside, words } from "./said.js";

export class InsertMenu {
  // `told` hears: chosen(type, context), closed(context, { isDropped }).
  constructor(frame, told) {
    Object.assign(this, { frame, told });
    this.root = one("[data-insert]");
    this.search = this.root.querySelector("input");
    this.list = this.root.querySelector("[role=listbox]");
    this.context = null;
    this.search.addEventListener("input", () => this.draw());
    this.search.addEventListener("keydown", (event) => this.pressed(event));
    this.root.addEventListener("mousedown", (event) => event.target === this.search || event.preventDefault());
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
    this.search.addEventListener("blur", () => this.close(false));
  }

  // `context` comes back with the choice; its `allow` are the types that may stand there, all without it. `at` is where
  // it opens, in the frame's pixels.
  open(context, at) {
    this.context = context;
    this.search.value = "";
    this.draw();
    placeBeside(this.root, this.frame, at);
    this.search.focus();
  }

  draw() {
    const wanted = this.search.value.trim().toLowerCase();
    const { allow } = this.context;
    const found = [...document.querySelectorAll("[data-add]")].filter(
      ({ textContent, dataset: { add, type } }) =>
        (!allow || allow.includes(type)) && `${textContent} ${add}`.toLowerCase().includes(wanted),
    );
    this.list.replaceChildren(...found.map((each, index) => option(each, index)));
    this.mark(this.list.firstElementChild);
    if (!this.list.firstElementChild) {
      this.list.append(Object.assign(document.createElement("li"), { className: "hint", textContent: words.noBlock }));
    }
    announce(found.length ? words.found.replace("{count}", found.length) : words.noBlock);
  }

  mark(item) {
    for (const each of this.list.children) each.setAttribute("aria-selected", String(each === item));
    if (item?.id) this.search.setAttribute("aria-activedescendant", item.id);
    else this.search.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }

  pressed(event) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && options.length) this.mark(options[(at + by + options.length) % options.length]);
    else if (event.key === "Enter") this.choose(options[at]);
    else if (event.key === "Escape") this.close(true);
    else if (event.key === "Backspace" && !this.search.value) this.close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(item) {
    if (!item?.dataset.type || !this.context) return;
    const { context } = this;
    this.context = null;
    this.root.hidden = true;
    this.told.chosen(item.dataset.type, context);
  }

  close(goesBack) {
    const { context } = this;
    if (!context) return;
    const written = this.search.value;
    this.context = null;
    this.root.hidden = true;
    if (goesBack) this.told.closed(context, written);
  }
}

function option(button, index) {
  const item = document.createElement("li");
  Object.assign(item, { id: `insert-${index}`, role: "option" });
  item.setAttribute("role", "option");
  item.dataset.type = button.dataset.add;
  item.append(...[...button.childNodes].map((each) => each.cloneNode(true)));
  return item;
}

// The "+" on the line between two blocks, where the pointer comes near it.
export class Plus {
  // `told` hears: pressed(place, at, allow).
  constructor(canvas, drag, told) {
    Object.assign(this, { canvas, drag, told });
  }

  listen(doc) {
    this.button = doc.createElement("button");
    Object.assign(this.button, { type: "button", className: "editor-plus", textContent: "+", tabIndex: -1, hidden: true });
    // Keys have "/" instead.
    this.button.setAttribute("aria-hidden", "true");
    doc.body.append(this.button);
    doc.addEventListener("pointermove", (event) => event.pointerType === "touch" || this.near(event));
    doc.addEventListener("pointerleave", () => (this.button.hidden = true));
    this.button.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const box = this.button.getBoundingClientRect();
      this.told.pressed(this.place, { left: box.left, top: box.top, bottom: box.bottom }, this.allow);
    });
  }

  near(event) {
    if (event.buttons || event.target === this.button || this.canvas.editing) return;
    const found = this.drag.spot({ x: event.clientX, y: event.clientY });
    const distance = found ? Math.abs(found.box.y + found.box.height / 2 - event.clientY) : Infinity;
    this.button.hidden = distance > 12 || found.box.height > 8;
    if (this.button.hidden) return;
    const { view } = this.canvas;
    this.place = found.place;
    this.allow = found.allow;
    this.button.style.left = `${found.box.x + found.box.width / 2 + view.scrollX}px`;
    this.button.style.top = `${found.box.y + view.scrollY}px`;
    this.button.style.setProperty("--room", `${found.box.width}px`);
  }
}
