// The pieces that the server drew again, put in place around whatever somebody types in: that block is neither
// replaced nor moved, so that no word and no caret is lost. What it missed is owed to it until it is left.

const BLOCK = "[data-block]";

// Put the answer's pieces in place; false where the whole page has to be asked for. `isUnsent(id)` says whether words
// of the block are still on their way: what was drawn before them would only flash.
export function patch(canvas, answer, isUnsent) {
  const typing = canvas.editing?.element.closest(BLOCK) ?? null;
  if (answer.reload || answer.hasTitle !== canvas.hasTitle) {
    if (typing) canvas.owed = { ...canvas.owed, reload: true };
    return Boolean(typing);
  }
  const focused = focusedBlock(canvas);
  const made = new Map();
  for (const [id, html] of Object.entries(answer.html)) {
    const element = drawn(canvas, id, html);
    if (!element) return false;
    const old = canvas.find(id);
    made.set(id, element);
    if (old?.contains(typing)) owe(canvas, "html", id, html);
    else if (!(old && isUnsent(id))) {
      keepUnsent(canvas, element, isUnsent);
      old?.replaceWith(element);
    }
  }
  const slots = slotsOf(canvas.doc);
  const stays = new Set(Object.values(answer.slots).flat());
  for (const [place, ids] of Object.entries(answer.slots)) {
    const order = { place, ids, made, typing, stays };
    if (slots.has(place) && !arrange(canvas, slots.get(place), order)) return false;
  }
  if (canvas.editing && !canvas.editing.element.isConnected) canvas.lost();
  canvas.quieten();
  canvas.mark();
  // What was replaced or moved has lost the focus.
  if (focused && !canvas.doc.activeElement?.closest(BLOCK)) canvas.find(focused)?.focus();
  canvas.doc.dispatchEvent(new CustomEvent("lms:patched", { detail: { ids: [...made.keys()] } }));
  return true;
}

function focusedBlock(canvas) {
  const isHere = document.activeElement === canvas.frame && !canvas.editing;
  return isHere ? canvas.doc.activeElement?.closest(BLOCK)?.dataset.block : null;
}

function owe(canvas, kind, name, what) {
  canvas.owed = { ...canvas.owed, [kind]: { ...canvas.owed?.[kind], [name]: what } };
}

function drawn(canvas, id, html) {
  const holder = canvas.doc.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector(`[data-block="${CSS.escape(id)}"]`);
}

// A box that is drawn again may hold blocks whose newest words the server has not got yet.
function keepUnsent(canvas, element, isUnsent) {
  for (const inside of element.querySelectorAll(BLOCK)) {
    const live = isUnsent(inside.dataset.block) ? canvas.find(inside.dataset.block) : null;
    if (live) inside.replaceWith(live);
  }
}

// Where the blocks of each slot stand: between two comments, under the slot's name. `allow` are the types of blocks
// that it takes; null for all.
export function slotsOf(doc) {
  const found = new Map();
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_COMMENT);
  while (walker.nextNode()) {
    const [, isEnd, place, allow] = walker.currentNode.data.match(/^(\/?)slot:(\S+)(?: (.+))?$/) ?? [];
    if (place && !isEnd) found.set(place, { start: walker.currentNode, allow: allow?.split(" ") ?? null });
    else if (place) found.get(place).end = walker.currentNode;
  }
  return found;
}

// Bring the slot's blocks into this order. Moving an element takes the caret out of it, so the others move around the
// one that holds it.
function arrange(canvas, { start, end }, { place, ids, made, typing, stays }) {
  let elements = ids.map((id) => canvas.find(id) ?? made.get(id));
  if (elements.some((each) => !each)) return false;
  const holder = typing && elements.find((each) => each.contains(typing));
  if (holder && holder.parentNode !== start.parentNode) {
    owe(canvas, "slots", place, ids);
    elements = elements.filter((each) => each !== holder);
  }
  const pivot = elements.includes(holder) ? elements.indexOf(holder) : -1;
  for (const element of elements.slice(0, Math.max(pivot, 0))) holder.before(element);
  let at = pivot >= 0 ? holder : start;
  for (const element of elements.slice(pivot + 1)) {
    let next = at.nextSibling;
    while (next !== end && next.nodeType !== Node.ELEMENT_NODE) next = next.nextSibling;
    if (next !== element) start.parentNode.insertBefore(element, at.nextSibling);
    at = element;
  }
  const wanted = new Set(elements);
  for (let next = start.nextSibling; next !== end; ) {
    const gone = next;
    next = next.nextSibling;
    if (gone.nodeType !== Node.ELEMENT_NODE || wanted.has(gone)) continue;
    // What somebody types in was moved elsewhere, and follows when it is left.
    if (!(gone.contains(typing) && stays.has(gone.dataset.block))) gone.remove();
  }
  return true;
}
