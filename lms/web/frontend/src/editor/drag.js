// Moving blocks with the pointer: those of the page by holding them, those of the library by pulling them onto it.
// Nothing but a line moves until the drop. Up and Down, and the outline, do the same without a pointer.

const START = 6;
const EDGE = 8;
const SCROLL = 48;
const LONG = 400;
const BLOCK = "[data-block]";
const PICTURE = "core/image";

export const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

export class Drag {
  // `told` hears: move(id, place), insert(type, place), files(files, place).
  constructor(canvas, told) {
    Object.assign(this, { canvas, told });
    this.held = null;
  }

  // Blocks of the page. Called for each document that the frame shows.
  listen(doc) {
    doc.addEventListener("pointerdown", (event) => {
      const block = event.target.closest(BLOCK);
      if (!block || event.button || this.canvas.editing?.element.contains(event.target)) return;
      const what = { id: block.dataset.block, kind: block.dataset.type, element: block };
      if (event.pointerType === "touch") this.press(event, what);
      else this.hold(event, what);
    });
    doc.addEventListener("touchmove", (event) => this.held?.isOn && event.preventDefault(), { passive: false });
    doc.addEventListener("lms:patched", () => (this.slots = null));
    this.slots = null;
    doc.addEventListener("dragstart", (event) => event.preventDefault());
  }

  // A finger that moves at once scrolls; one that rests on a block takes it up.
  press(event, what) {
    const { view } = this;
    const stop = new AbortController();
    const options = { signal: stop.signal, capture: true };
    const timer = setTimeout(() => {
      stop.abort();
      this.hold(event, what);
      this.begin(event);
    }, LONG);
    const give = () => {
      clearTimeout(timer);
      stop.abort();
    };
    const isFar = (moved) => Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) > START;
    view.addEventListener("pointermove", (moved) => isFar(moved) && give(), options);
    for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, give, options);
  }

  // Files that somebody pulls onto the page. The browser would leave the editor for them, also where none `isTaken`.
  listenToFiles(doc, isTaken) {
    doc.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (!isTaken) return;
      this.held ??= { kind: PICTURE };
      if (!this.line) this.show();
      this.aim(this.point(event));
    });
    // It has left the window, or was given up.
    doc.addEventListener("dragleave", (event) => event.relatedTarget || this.end());
    doc.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const { target } = this;
      this.end();
      if (target) this.told.files(event.dataTransfer.files, target.place);
    });
  }

  // A block of the page or of the library: `kind` is its type, `add` what the server inserts.
  hold(event, what) {
    const view = event.target.ownerDocument.defaultView;
    this.held = { ...what, x: event.clientX, y: event.clientY, view, isOn: false };
    const stop = new AbortController();
    this.held.stop = stop;
    const options = { signal: stop.signal, capture: true };
    const hear = (name, heard) => {
      view.addEventListener(name, heard, options);
      if (view !== this.view) this.view.addEventListener(name, heard, options);
      if (view !== window) window.addEventListener(name, heard, options);
    };
    hear("pointermove", (moved) => this.moved(moved));
    hear("pointerup", (up) => this.drop(up));
    hear("pointercancel", () => this.end());
    hear("keydown", (key) => {
      if (key.key !== "Escape" || !this.held?.isOn) return;
      key.preventDefault();
      key.stopPropagation();
      this.end();
    });
  }

  get view() {
    return this.canvas.frame.contentWindow;
  }

  // Where the pointer is in the frame's own pixels.
  point(event) {
    if (event.view === this.view) return { x: event.clientX, y: event.clientY };
    const frame = this.canvas.frame.getBoundingClientRect();
    const scale = frame.width / this.canvas.frame.offsetWidth;
    return { x: (event.clientX - frame.left) / scale, y: (event.clientY - frame.top) / scale };
  }

  moved(event) {
    const { held } = this;
    if (!held) return;
    if (!held.isOn) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < START) return;
      this.begin(event);
    }
    event.preventDefault();
    this.aim(this.point(event));
  }

  begin(event) {
    const { held } = this;
    held.isOn = true;
    // The pointer stays ours when it leaves the window it was pressed in.
    event.target.setPointerCapture?.(event.pointerId);
    this.canvas.doc.getSelection().removeAllRanges();
    this.show();
  }

  show() {
    this.line = Object.assign(this.canvas.doc.createElement("div"), { className: "editor-line" });
    this.canvas.doc.body.append(this.line);
    this.canvas.doc.body.classList.add("editor-dragging");
    this.slots = this.read();
  }

  read() {
    return [...this.canvas.slots()].map(([place, marks]) => ({ place, ...marks }));
  }

  // The place between blocks at the point, and its line.
  spot(point) {
    this.slots ??= this.read();
    return this.find(point);
  }

  aim(point) {
    const height = this.view.innerHeight;
    if (point.y < SCROLL) this.view.scrollBy(0, -16);
    else if (point.y > height - SCROLL) this.view.scrollBy(0, 16);
    this.target = this.find(point);
    this.line.hidden = !this.target;
    if (!this.target) return;
    const { box } = this.target;
    const style = this.line.style;
    style.left = `${box.x + this.view.scrollX}px`;
    style.top = `${box.y + this.view.scrollY}px`;
    style.width = `${box.width}px`;
    style.height = `${box.height}px`;
  }

  // The deepest slot under the pointer that takes the block, never one in the block that is moved; near the edge of a
  // box the slot around.
  find(point) {
    const inside = (box, edge = 0) =>
      point.x >= box.left + edge && point.x <= box.right - edge && point.y >= box.top + edge && point.y <= box.bottom - edge;
    let found = null;
    for (const slot of this.slots) {
      const element = slot.start.parentElement;
      if (this.held?.element?.contains(element)) continue;
      if (this.held && slot.allow && !slot.allow.includes(this.held.kind)) continue;
      const owner = element.closest(BLOCK);
      const box = element.getBoundingClientRect();
      const isRoot = !owner;
      if (isRoot || (inside(box) && inside(owner.getBoundingClientRect(), EDGE))) found = { slot, box };
    }
    return found && this.between(found.slot, found.box, point);
  }

  between({ place, start, end, allow }, box, point) {
    const blocks = [];
    for (let next = start.nextSibling; next !== end; next = next.nextSibling) {
      if (next.nodeType === Node.ELEMENT_NODE && next !== this.held?.element) blocks.push(next);
    }
    const at = place.indexOf(":");
    const made = (after, line) => ({
      place: { parent: place.slice(0, at), slot: place.slice(at + 1), after: after?.dataset.block ?? null }, box: line, allow,
    });
    let before = null;
    for (const block of blocks) {
      const own = block.getBoundingClientRect();
      const isInRow = this.view.getComputedStyle(block).display.startsWith("inline");
      const isRtl = this.canvas.doc.dir === "rtl";
      const isBeside = isInRow && point.y >= own.top && point.y <= own.bottom;
      const isBefore = isBeside
        ? (point.x < own.left + own.width / 2) !== isRtl
        : point.y < own.top + own.height / 2;
      if (isBefore) {
        return isBeside
          ? made(before, { x: own.left - 7, y: own.top, width: 3, height: own.height })
          : made(before, { x: box.left, y: own.top - 8, width: box.width, height: 3 });
      }
      before = block;
    }
    const last = before?.getBoundingClientRect();
    return made(before, { x: box.left, y: last ? last.bottom + 6 : box.top + 6, width: box.width, height: 3 });
  }

  drop(event) {
    const { held } = this;
    if (held?.isOn) {
      // The last position counts, also while the pointer still moves.
      this.aim(this.point(event));
      const { target } = this;
      this.swallow(held.view);
      if (target && held.add) this.told.insert(held.add, target.place);
      else if (target) this.told.move(held.id, target.place);
    }
    this.end();
  }

  // The click that follows a drop is none.
  swallow(view) {
    const stop = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    view.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => view.removeEventListener("click", stop, { capture: true }));
  }

  end() {
    this.held?.stop?.abort();
    this.held = null;
    this.line?.remove();
    this.line = null;
    this.target = null;
    this.canvas.doc.body.classList.remove("editor-dragging");
  }
}
