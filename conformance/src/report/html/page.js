"use strict";
// Hides the rules that are not looked for. A box that is ticked narrows its own field; none ticked, all are shown.
const form = document.querySelector("form.filters");
if (form) {
  const fields = ["verdict", "level", "area"];
  const apply = () => {
    const chosen = new FormData(form);
    const text = String(chosen.get("text") || "").toLowerCase();
    for (const rule of document.querySelectorAll("details.rule")) {
      const fits = fields.every((field) => {
        const wanted = chosen.getAll(field);
        return wanted.length === 0 || rule.dataset[field].split(" ").some((value) => wanted.includes(value));
      });
      rule.hidden = !fits || !rule.id.includes(text);
    }
    for (const group of document.querySelectorAll("section.group")) {
      group.hidden = !group.querySelector("details.rule:not([hidden])");
    }
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
}
// A square of the overview opens the rule that it leads to.
const reveal = () => {
  const rule = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (rule instanceof HTMLDetailsElement) rule.open = true;
};
addEventListener("hashchange", reveal);
reveal();
