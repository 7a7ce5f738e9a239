// The shell of the visual editor: brings together the page in its frame, the left column and the queue. The server
// owns the document and draws it; what lives here is the selection, the caret and what was not sent yet.
import { Acts } from "./acts.js";
import { Answers } from "./answers.js";
import { Bubble } from "./bubble.js";
import { Canvas } from "./canvas.js";
import { listenToConditions } from "./conditions.js";
import { Drag } from "./drag.js";
import { InsertMenu, Plus } from "./insert.js";
import { listenToLabels, markLabels } from "./labels.js";
import { MoreMenu } from "./menu.js";
import { MoveDialog } from "./moving.js";
import { Panel } from "./panel.js";
import { Queue } from "./queue.js";
import { listenToUploads } from "./uploads.js";
import { announce, link, one, status, toast, words } from "./said.js";

const { body } = document;
const { address, rev, token } = body.dataset;
const frame = one("iframe[name=canvas]");
// `designs`: whether the person may change how the page is built, and not only what its blocks say.
const shell = { frame, address, designs: "designs" in body.dataset };

// Sends an operation; the answer brings the options of what is selected then, unless they are being filled in.
shell.send = (op, about = {}) => {
  const at = shell.canvas.selected;
  const draws = (about.field && !about.refresh) || about.typed ? {} : { draws: at ?? "" };
  if ("draws" in draws) shell.panel.expect(at);
  return shell.queue.push(op, { ...about, ...draws, at });
};

shell.select = (id, { focus = "" } = {}) => {
  shell.canvas.select(id, { silent: true, focus: focus === "canvas" });
  shell.panel.outline(undefined, id);
};

// A block of the library. Whoever was in a text has left it for this.
function added(op) {
  shell.canvas.leave();
  return shell.send(op, { focus: "panel" });
}

const acts = new Acts(shell);
const act = (name, data) => acts.do(name, data);
const answers = new Answers(shell, Number(rev));
shell.queue = new Queue(address, Number(rev), token, {
  state: status,
  answer: (answer, entry) => answers.take(answer, entry),
  refused: (code, told, entry) => answers.refused(code, told, entry),
});

shell.canvas = new Canvas(frame, body.dataset.text, {
  select(id) {
    shell.panel.show(id);
    shell.panel.outline(undefined, id);
  },
  clicked: () => shell.panel.open("block"),
  isUnsent: (id) => shell.queue.unsent(id) !== null,
  owed: (owed) => answers.owed(owed),
  typed(id, form) {
    shell.queue.push({ op: "set", id, form }, { typed: true });
    if (id === shell.panel.shown) for (const [name, value] of Object.entries(form)) shell.panel.fill(name, value);
  },
  act,
  opened() {
    const { canvas } = shell;
    drag.listenToFiles(canvas.doc, shell.designs && !canvas.isPreview);
    if (shell.designs && !canvas.isPreview) {
      drag.listen(canvas.doc);
      plus.listen(canvas.doc);
    }
    body.toggleAttribute("data-previewing", canvas.isPreview);
    one(".editor-panel").inert = canvas.isPreview;
  },
  seen(anchor) {
    if (anchor) toast(words.leads.replace("{where}", new URL(anchor.href).pathname));
  },
  failed: () => toast(words.noText),
  selected: () => bubble.update(),
  moved: () => bubble.update(),
  drawn: () => markLabels(shell.canvas),
  slash: (parts) => acts.slash(parts),
  pasted: (dropped) => acts.said(dropped),
  pastedBlocks: (data) => acts.paste(data),
  pictures: (files) => pictures(files),
});

shell.panel = new Panel(one(".editor-panel"), address, {
  set(form, about) {
    const id = shell.panel.shown;
    for (const [name, value] of Object.entries(form)) {
      if (typeof value === "string") shell.canvas.echo(id, name, value);
    }
    return shell.send({ op: "set", id, form }, about);
  },
  items: (op, about) => shell.send({ op: "items", id: shell.panel.shown, ...op }, about),
  settled: () => shell.queue.settled(),
  unsent: (id) => shell.queue.unsent(id),
  style: (values) => shell.send({ op: "style", id: shell.panel.shown, values }, { field: Object.keys(values)[0] }),
  act,
  add: (type) => added({ op: "insert", type, near: acts.near }),
  select(id) {
    shell.select(id);
    shell.panel.show(id, { focus: ".panel-head h2" });
  },
  run: (command) => (shell.canvas.editing?.text ? bubble.run(command) : toast(words.chooseText)),
  canLink() {
    const { text } = shell.canvas.editing ?? {};
    if (text && (text.hasWords() || text.linked())) return true;
    toast(words.chooseText);
    return false;
  },
  async textLink(chosen, form) {
    const answer = await shell.queue.ask("link", { method: "POST", body: JSON.stringify(chosen) }).catch(() => null);
    const told = (await answer?.json().catch(() => null)) ?? { sentence: words.failed };
    if (answer?.ok) return told.attributes;
    const [[path, sentence] = ["", told.sentence]] = Object.entries(told.errors ?? {});
    shell.panel.picker.wrong(form, path, sentence);
    return null;
  },
  linkText: (attributes) => shell.canvas.editing?.text?.link(attributes) ?? false,
});

listenToConditions(one(".editor-panel"), shell);
listenToLabels(one(".editor-panel"), shell);
const take = listenToUploads(one(".editor-panel"), shell);

// Pictures from outside, pulled onto the page or pasted there: the first one becomes a block, and is uploaded into it.
async function pictures(files, place = null) {
  if (!shell.designs) return acts.refuse();
  const file = [...files].find((each) => each.type.startsWith("image/"));
  if (!file) return toast(words.noPicture);
  const { near } = acts;
  const isAdded = await added({ op: "insert", type: "core/image", ...(place ? { place } : { near }) });
  return isAdded && take(one("[data-options] [data-media]"), file);
}

const bubble = new Bubble(shell.canvas, { link: (kind) => acts.textLink(kind), unlink: () => shell.canvas.editing?.text?.link(null) });
const drag = new Drag(shell.canvas, {
  move: (id, place) => shell.send({ op: "move", id, place }, { focus: "canvas" }),
  insert: (type, place) => added({ op: "insert", type, place }),
  files: (files, place) => pictures(files, place),
});
shell.bubble = bubble;
shell.menu = new MoreMenu(shell.canvas, { closed: () => acts.back() });
shell.insert = new InsertMenu(frame, {
  chosen: (type, context) => acts.chosen(type, context),
  closed: (context, written) => acts.back(context, written),
});
const plus = new Plus(shell.canvas, drag, { pressed: (place, at, allow) => shell.insert.open({ place, allow }, at) });
shell.moving = new MoveDialog(shell.queue, {
  move: (id, place) => shell.send({ op: "move", id, place }, { focus: "canvas" }),
  closed: () => acts.back(),
});

one(".editor-panel").addEventListener("pointerdown", (event) => {
  const button = event.target.closest("[data-add]");
  const { add, type } = button?.dataset ?? {};
  if (button && !event.button && event.pointerType !== "touch") drag.hold(event, { add, kind: type });
});
one("[data-undo]").addEventListener("click", () => act("undo"));
one("[data-redo]").addEventListener("click", () => act("redo"));
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  if (isTyping || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.preventDefault();
  act(event.shiftKey ? "redo" : "undo");
});

for (const button of document.querySelectorAll("[data-width]")) {
  button.addEventListener("click", () => {
    one("[data-stage]").dataset.stage = button.dataset.width;
    for (const each of document.querySelectorAll("[data-width]")) {
      each.setAttribute("aria-pressed", String(each === button));
    }
  });
}

one("[data-preview]").addEventListener("change", async (event) => {
  const as = event.target.value;
  shell.canvas.leave();
  await shell.queue.settled();
  frame.src = `${address}/canvas${as ? `?as=${as}` : ""}`;
  announce(as ? words.preview : "");
});

one("[data-publish]")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  shell.canvas.leave();
  await shell.queue.settled();
  try {
    const answer = await shell.queue.ask("publish", { method: "POST", body: "{}" });
    const told = await answer.json();
    if (!answer.ok) return toast([told.sentence, ...(told.findings ?? []).slice(1)].join(" "));
    one("[data-state]").hidden = true;
    toast([words.published, ...told.findings].join(" "), link(words.view, told.path));
  } catch {
    toast(words.failed);
  } finally {
    button.removeAttribute("aria-busy");
  }
  return undefined;
});

addEventListener("resize", () => bubble.update());
addEventListener("beforeunload", (event) => {
  if (!shell.queue.isEmpty) event.preventDefault();
});

shell.canvas.start();
shell.queue.watch();
