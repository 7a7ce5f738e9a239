// More for the selected block: turn into, put into, move, copy. It stands in the head of the options; a right click or
// Shift F10 on the page opens it beside the block.
import { one, placeBeside, rove } from "./said.js";

export class MoreMenu {
  // `told` hears: closed(isOnPage).
  constructor(canvas, told) {
    Object.assign(this, { canvas, told });
    this.isOnPage = false;
    addEventListener("click", (event) => this.clicked(event));
    addEventListener("keydown", (event) => this.pressed(event), true);
    addEventListener("focusin", (event) => {
      if (this.root && !this.root.hidden && !this.root.contains(event.target)) this.close();
    });
  }

  get root() {
    return one("[data-more-menu]");
  }

  open(at = null) {
    const { root } = this;
    if (!root) return;
    this.isOnPage = Boolean(at);
    if (at) placeBeside(root, this.canvas.frame, at);
    else {
      const button = one("[data-more]").getBoundingClientRect();
      root.hidden = false;
      root.style.left = `${Math.max(button.right - root.offsetWidth, 8)}px`;
      root.style.top = `${button.bottom + 4}px`;
    }
    one("[data-more]").setAttribute("aria-expanded", "true");
    root.querySelector("button").focus();
  }

  close({ back = false } = {}) {
    if (!this.root || this.root.hidden) return;
    this.root.hidden = true;
    one("[data-more]").setAttribute("aria-expanded", "false");
    if (!back) return;
    if (this.isOnPage) this.told.closed();
    else one("[data-more]").focus();
  }

  clicked(event) {
    if (event.target.closest("[data-more]")) this.root.hidden ? this.open() : this.close();
    else if (event.target.closest("[data-more-menu] [data-act]")) this.close();
  }

  pressed(event) {
    if (!this.root || this.root.hidden || !this.root.contains(event.target)) return;
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      this.close({ back: true });
    } else rove(event, [...this.root.querySelectorAll("button")], ["ArrowUp", "ArrowDown"]);
  }
}
