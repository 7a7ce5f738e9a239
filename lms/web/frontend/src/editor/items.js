// Lists of things that are alike: adding, removing and moving them. What is in one is filled in like any other field.

export class Items {
  // `told` hears: items(op, about).
  constructor(panel, told) {
    Object.assign(this, { panel, told });
    panel.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-item-act]");
      if (button) this.act(button, button.dataset.itemAct, `[data-item-act="${button.dataset.itemAct}"]`);
    });
    panel.root.addEventListener("keydown", (event) => this.pressed(event));
    panel.root.addEventListener("input", (event) => this.named(event));
  }

  // Keys that move blocks on the page move an entry here.
  pressed(event) {
    const act = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const title = event.target.closest("[data-item] summary");
    if (!act || !event.altKey || !title) return;
    event.preventDefault();
    this.act(title, act, "summary");
  }

  act(element, act, focus) {
    const field = element.closest("[data-items]").dataset.items;
    const item = element.closest("[data-item]")?.dataset.item;
    if (act === "add") return this.add(field);
    if (act === "remove") return this.told.items({ field, remove: item }, { panel: `[data-items="${field}"] > [data-item-act]` });
    return this.told.items({ field, move: item, by: act }, { panel: `[data-item="${item}"] ${focus}` });
  }

  add(field) {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (each) => (each % 36).toString(36)).join("");
    this.panel.folds.set(`${field}.${id}`, true);
    return this.told.items({ field, add: id }, { panel: `[data-item="${id}"] .panel-body :is(input, select, textarea, button)` });
  }

  // An entry is called by its first words.
  named({ target }) {
    const item = target.closest("[data-item]");
    if (!item || target !== item.querySelector(":is(input.input, textarea)[data-field]") || !target.value.trim()) return;
    item.querySelector("[data-item-name]").textContent = target.value;
  }
}
