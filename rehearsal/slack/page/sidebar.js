// Channels, the app, and who one is.

import { h, refill } from "./dom.js";
import { avatar } from "./message.js";
import { store } from "./store.js";

// places: {current(): id, open(id), unread: Set}. The app's own place is called "app".
export function drawSidebar(container, places) {
  const { app, channels, users, connections } = store.state;
  const me = store.user(store.me);
  refill(
    container,
    h("div", { class: "workspace-name" }, h("img", { src: "icon.svg", alt: "", width: 28, height: 28 }), "Rehearsal"),
    h("h2", {}, "Channels"),
    h(
      "ul",
      {},
      channels
        .filter((channel) => channel.is_channel)
        .map((channel) => place(places, channel.id, h("span", {}, h("span", { class: "hash", "aria-hidden": "true" }, "#"), channel.name, channel.is_archived && " (archived)"), `channel-${channel.id}`)),
    ),
    h("h2", {}, "Apps"),
    h(
      "ul",
      {},
      place(
        places,
        "app",
        h(
          "span",
          {},
          h("span", { class: connections ? "presence on" : "presence", role: "img", "aria-label": connections ? "connected" : "not connected", title: connections ? "connected" : "not connected" }),
          app.name,
        ),
        "app-home",
      ),
    ),
    h(
      "label",
      { class: "me" },
      avatar(store.me),
      h("span", {}, h("small", {}, "You are"), h("strong", {}, me.real_name)),
      h(
        "select",
        { "aria-label": "Switch user", "data-testid": "user-switch", data: { focusKey: "me" }, onchange: (event) => store.setUser(event.target.value) },
        users.filter((user) => !user.is_bot).map((user) => h("option", { value: user.id, selected: user.id === store.me }, user.real_name)),
      ),
    ),
  );
}

function place(places, id, label, testId) {
  const unread = places.unread.has(id);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: unread ? "place unread" : "place",
        "aria-current": places.current() === id ? "page" : null,
        "data-testid": testId,
        data: { focusKey: id },
        onclick: () => places.open(id),
      },
      label,
      unread && h("span", { class: "visually-hidden" }, "unread messages"),
    ),
  );
}
