// What becomes of the server's answers: pieces into the page, options into the left column, words to who listens. An
// answer never takes the selection, the caret or the field away from somebody who has gone on meanwhile.
import { announce, linkButton, one, toast, words } from "./said.js";

// Others who type are told of once in a while, not with each letter of theirs.
const SILENCE = 60_000;

export class Answers {
  constructor(shell, rev) {
    Object.assign(this, { shell, rev });
    this.told = -SILENCE;
  }

  take(answer, { about, ops }) {
    const { canvas, panel } = this.shell;
    this.bar(answer, ops);
    if (!canvas.isPreview && !canvas.patch(answer)) canvas.view.location.reload();
    if (about.field) panel.right(about.field);
    const hasStayed = !ops.length || about.at === canvas.selected;
    const isElsewhere = canvas.editing && canvas.editing.id !== answer.select;
    if (answer.select && hasStayed && !isElsewhere) this.shell.select(answer.select, { focus: canvas.editing ? "" : about.focus });
    this.options(answer, about, hasStayed);
    if (about.edit && answer.select === canvas.selected) this.edit(answer.select);
    if (answer.outline !== undefined) panel.outline(answer.outline, canvas.selected);
    announce(answer.announce);
    this.others(answer.others);
  }

  options(answer, about, hasStayed) {
    const { canvas, panel } = this.shell;
    const isGone = canvas.selected && !canvas.isPreview && !canvas.find(canvas.selected);
    if (isGone && !answer.select) {
      canvas.select(null, { silent: true });
      panel.show(null);
    } else if (answer.panel !== undefined && hasStayed) {
      const focus = about.focus === "panel" ? ".panel-head h2" : about.panel;
      panel.draw(answer.panel, answer.select ?? about.at, { focus: canvas.editing ? "" : focus, isNew: about.refresh });
    } else if (answer.others && Object.keys(answer.html).length && !canvas.editing && !panel.isChoosing) {
      panel.show(canvas.selected, { opens: false });
    }
  }

  // A block that was just added: whoever chose it wants to write, or to say what it is.
  edit(id) {
    const { canvas, panel } = this.shell;
    canvas.frame.focus();
    if (!canvas.edit(canvas.find(id))) panel.options.querySelector(".panel-head h2")?.focus();
  }

  bar(answer, ops) {
    const badge = one("[data-state]");
    if (answer.rev !== this.rev && badge.hidden && ops.length) {
      badge.hidden = false;
      badge.textContent = words.changed;
    }
    one("[data-undo]").setAttribute("aria-disabled", String(!answer.canUndo));
    one("[data-redo]").setAttribute("aria-disabled", String(!answer.canRedo));
  }

  others(sentence) {
    if (!sentence || performance.now() - this.told < SILENCE) return;
    this.told = performance.now();
    announce(sentence);
    toast(sentence);
  }

  // What a block missed while it was typed in.
  owed(owed) {
    const { canvas } = this.shell;
    const answer = { html: {}, slots: {}, ...owed, hasTitle: canvas.hasTitle };
    if (!canvas.patch(answer)) canvas.view.location.reload();
  }

  refused(code, told, { about, ops }) {
    const { panel } = this.shell;
    const [[path, sentence] = ["", told.sentence]] = Object.entries(told.errors ?? {});
    if (code === 409 && told.gone) return this.rescue(told, ops);
    if (about.picker) return panel.picker.wrong(about.picker, path, sentence);
    if (about.field && panel.wrong(about.field, sentence)) return announce(told.sentence);
    announce(told.sentence ?? words.failed);
    return toast(told.sentence ?? words.failed);
  }

  // The block is gone: what was typed into it is not.
  async rescue(told, ops) {
    await this.shell.queue.catchUp();
    const holder = new DOMParser().parseFromString(
      ops.flatMap((op) => Object.values(op.form ?? {})).filter((value) => typeof value === "string").join("\n"), "text/html",
    );
    const lost = holder.body.textContent;
    const copy = linkButton(words.copy, () => navigator.clipboard.writeText(lost));
    toast(lost ? `${words.gone} ${lost}` : told.sentence, ...(lost ? [copy] : []));
  }
}
