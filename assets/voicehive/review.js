// What people say of a call: score, tags and notes, drawn here and sent as they are changed.
(function () {
  "use strict";
  const MOST_TAGS = 50;

  // Elements with text only: nothing that somebody wrote is read as HTML.
  function make(name, props, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(props || {})) {
      if (key.startsWith("aria-") || key === "role" || key === "for") element.setAttribute(key, value);
      else element[key] = value;
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  function cross() {
    return make("span", { className: "vh-i vh-i-x", "aria-hidden": "true" });
  }

  async function send(box, method, path, body) {
    const complaint = box.querySelector(".vh-field-error");
    complaint.textContent = "";
    box.toggleAttribute("aria-busy", true);
    try {
      const answer = await fetch(box.dataset.href + path, {
        method,
        headers: { "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
      const content = await answer.json();
      if (!answer.ok) throw new Error((content.error || {}).message || "Status " + answer.status + ".");
      draw(box, content);
      return true;
    } catch (error) {
      complaint.textContent = "Not saved. " + error.message;
      return false;
    } finally {
      box.removeAttribute("aria-busy");
    }
  }

  // Who may only read sees what others said, and no controls that would be refused.
  const mayWrite = () => document.getElementById("vh-root").classList.contains("vh-may-operate");

  function score(box, state, may) {
    const stars = [1, 2, 3, 4, 5].map((value) =>
      make(
        "button",
        {
          type: "button",
          className: "vh-star" + (state.score >= value ? " vh-on" : ""),
          role: "radio",
          "aria-checked": String(state.score === value),
          "aria-label": value + " of 5",
          disabled: !may,
          onclick: () => send(box, "POST", "", { score: state.score === value ? null : value }),
        },
        make("span", { className: "vh-i vh-i-star", "aria-hidden": "true" }),
      ),
    );
    const label = make("span", { className: "vh-note", textContent: state.score ? state.score + " of 5" : "not scored" });
    return make("div", { className: "vh-stars", role: "radiogroup", "aria-label": "Score" }, ...stars, label);
  }

  function tags(box, state, may) {
    const set = (list) => send(box, "POST", "", { tags: list });
    const label = (tag) => make("span", { className: "vh-chip-label", textContent: tag });
    if (!may) return make("div", { className: "vh-review-tags" }, ...state.tags.map((tag) => make("span", { className: "vh-chip" }, label(tag))));
    const chips = state.tags.map((tag) =>
      make("button", { type: "button", className: "vh-chip", "aria-label": "Remove tag " + tag, onclick: () => set(state.tags.filter((each) => each !== tag)) }, label(tag), cross()),
    );
    const field = make("input", { className: "form-control form-control-sm", placeholder: "Add a tag", maxLength: 100, "aria-label": "Add a tag" });
    field.addEventListener("keydown", async (event) => {
      const tag = field.value.trim();
      if ((event.key !== "Enter" && event.key !== ",") || !tag) return;
      event.preventDefault();
      if (state.tags.length >= MOST_TAGS || !(await set([...state.tags, tag]))) return;
      box.querySelector("input").focus();
    });
    return make("div", { className: "vh-review-tags" }, ...chips, field);
  }

  function notes(box, state, may) {
    const field = make("textarea", { className: "form-control", rows: 2, maxLength: 10000, placeholder: "Write a note", "aria-label": "Note" });
    const save = make("button", { type: "button", className: "vh-button vh-primary", textContent: "Add note" });
    save.addEventListener("click", () => field.value.trim() && send(box, "POST", "", { note: field.value }));
    field.addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && save.click());
    const list = state.notes.map((note) => {
      const at = new Date(note.at);
      const when = at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
      const remove = make("button", { type: "button", className: "vh-note-remove", "aria-label": "Delete this note", onclick: () => send(box, "DELETE", "/" + note.id) }, cross());
      const head = make("div", { className: "vh-turn-head" }, make("span", { textContent: note.owner || "Note" }), make("time", { className: "vh-note", dateTime: note.at, textContent: when }), may ? remove : "");
      return make("li", {}, head, make("div", { className: "vh-note-text", textContent: note.text }));
    });
    const written = make("ul", { className: "vh-notes" }, ...list);
    if (!may) return make("div", { className: "vh-review-notes" }, written, make("p", { className: "vh-note", textContent: "You may read reviews; operators write them." }));
    return make("div", { className: "vh-review-notes" }, written, field, save);
  }

  function draw(box, state) {
    const complaint = make("p", { className: "vh-field-error", role: "alert" });
    const may = mayWrite();
    box.replaceChildren(score(box, state, may), tags(box, state, may), notes(box, state, may), complaint);
  }

  document.addEventListener("voicehive:page", () => {
    const box = document.getElementById("vh-review");
    if (box && !box.childElementCount) draw(box, JSON.parse(box.dataset.review));
  });
})();
