// "Move to …": all places of the page in one list, for whoever does not pull.
import { one } from "./said.js";

export class MoveDialog {
  // `told` hears: move(id, place), closed().
  constructor(queue, told) {
    Object.assign(this, { queue, told });
    this.root = one("[data-move]");
    this.root.addEventListener("close", () => this.closed());
  }

  async open(id) {
    await this.queue.settled();
    const answer = await this.queue.ask(`places?block=${encodeURIComponent(id)}`);
    if (!answer.ok) return;
    this.id = id;
    one("[data-move-places]").innerHTML = await answer.text();
    this.root.returnValue = "";
    this.root.showModal();
    this.root.querySelector("select")?.focus();
  }

  closed() {
    const place = this.root.querySelector("select")?.value;
    if (this.root.returnValue !== "move" || !place) return this.told.closed();
    const [parent, slot, after] = place.split(" ");
    return this.told.move(this.id, { parent, slot, after: after || null });
  }
}
