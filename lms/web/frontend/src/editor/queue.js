// Sends what people do, one request at a time. What was not answered is sent again under the same key, so that it
// happens once; typing that waits for its turn is merged.

const RETRY = [1000, 2000, 5000, 10000];
const LOOK = 5000;

const isTyping = (op) => op.op === "set" && Object.values(op.form).every((value) => typeof value === "string");

export class Queue {
  // `told` hears: state(name), answer(body, entry), refused(status, body, entry).
  constructor(address, rev, token, told) {
    Object.assign(this, { address, rev, token, told });
    this.waiting = [];
    this.running = false;
    this.failures = 0;
    for (const name of ["online", "focus"]) addEventListener(name, () => this.wake());
  }

  get isEmpty() {
    return !this.waiting.length;
  }

  // What is on its way to the block's fields; null for nothing.
  unsent(id) {
    const sets = this.waiting.flatMap((entry) => entry.ops).filter((op) => op.op === "set" && op.id === id);
    return sets.length ? Object.assign({}, ...sets.map((op) => op.form)) : null;
  }

  // One operation, or several that are done together or not at all. With `about.draws` the answer brings the options
  // of the block that is selected then, or of the one it names.
  push(op, about = {}) {
    const ops = Array.isArray(op) ? op : [op];
    const last = this.waiting.at(-1);
    const goesOn =
      last && !last.sent && isTyping(ops[0]) && isTyping(last.ops[0]) && last.ops[0].id === op.id &&
      Object.keys(op.form).join() === Object.keys(last.ops[0].form).join();
    if (goesOn) {
      last.ops[0].form = op.form;
      return last.done;
    }
    const entry = { ops, key: crypto.randomUUID?.() ?? `k${Date.now()}${Math.random()}`, about, sent: false };
    entry.done = new Promise((resolve) => (entry.resolve = resolve));
    this.waiting.push(entry);
    this.run();
    return entry.done;
  }

  // Resolves when everything was answered.
  async settled() {
    while (this.waiting.length) await this.waiting[0].done;
  }

  wake() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length) this.run();
    else this.catchUp();
  }

  async run() {
    if (this.running || this.timer) return;
    this.running = true;
    while (this.waiting.length && !this.timer) await this.send(this.waiting[0]);
    this.running = false;
    if (!this.waiting.length) this.told.state("saved");
  }

  async send(entry) {
    entry.sent = true;
    this.told.state("saving");
    const { about } = entry;
    const body = JSON.stringify({
      base_rev: this.rev, key: entry.key, ops: entry.ops, ...(about.draws === undefined ? {} : { panel: about.draws }),
    });
    let answer;
    try {
      answer = await this.ask("ops", { method: "POST", body });
    } catch {
      return this.later("offline");
    }
    if (answer.type === "opaqueredirect" || answer.status === 401) return this.later("signedOut");
    if (answer.status === 400 && (entry.renewed = (entry.renewed ?? 0) + 1) < 3) {
      // The token belonged to a session that has ended.
      if (await this.renew()) return undefined;
      entry.renewed = 0;
      return this.later("signedOut");
    }
    if (answer.status >= 500 || answer.status === 429) return this.later("offline");
    this.failures = 0;
    this.waiting.shift();
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      this.take(told);
      this.told.answer(told, entry);
    } else {
      this.told.refused(answer.status, told, entry);
    }
    entry.resolve(answer.ok ? told : null);
  }

  take(told) {
    this.rev = told.rev;
    this.token = told.token;
  }

  later(state) {
    this.told.state(state);
    const wait = RETRY[Math.min(this.failures++, RETRY.length - 1)];
    this.timer = setTimeout(() => this.wake(), wait);
  }

  // A token of the session that is open now; whether there is one.
  async renew() {
    const told = await this.changes();
    if (told) this.token = told.token;
    return Boolean(told);
  }

  // Look now and then what others do, while the window is looked at.
  watch() {
    setTimeout(async () => {
      if (document.visibilityState === "visible" && !this.waiting.length && !this.timer) await this.catchUp();
      this.watch();
    }, LOOK);
  }

  // What others did since.
  async catchUp() {
    const told = await this.changes();
    // When something of ours was sent meanwhile, its answer says more.
    if (!told || this.waiting.length || told.rev < this.rev) return;
    const isNews = told.rev !== this.rev;
    this.take(told);
    if (!isNews) return;
    this.told.answer(told, { about: {}, ops: [] });
  }

  async changes() {
    try {
      const answer = await this.ask(`changes?since=${this.rev}`);
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  ask(path, options = {}) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token, Accept: "application/json" };
    return fetch(`${this.address}/${path}`, { redirect: "manual", headers, ...options });
  }
}
