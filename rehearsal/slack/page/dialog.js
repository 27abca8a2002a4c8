// The confirm dialog of Block Kit, inside the page.

import { h } from "./dom.js";
import { textObject } from "./mrkdwn.js";

// Resolves to true when the person agrees.
export function confirm(object) {
  if (!object) return Promise.resolve(true);
  return new Promise((resolve) => {
    const agree = h(
      "button",
      { class: object.style === "danger" ? "button danger filled" : "button primary filled", value: "yes", "data-testid": "confirm-yes" },
      textObject(object.confirm),
    );
    const dialog = h(
      "dialog",
      { class: "dialog", "data-testid": "confirm-dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "confirm-title" }, textObject(object.title)),
        h("div", { id: "confirm-text", class: "dialog-text" }, textObject(object.text)),
        h(
          "div",
          { class: "dialog-buttons" },
          h("button", { class: "button", value: "no", "data-testid": "confirm-no" }, textObject(object.deny)),
          agree,
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    agree.focus();
  });
}
