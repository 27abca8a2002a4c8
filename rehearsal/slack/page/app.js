// Puts the page together: which place is open, and what a change redraws.

import { renderBlocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { summary } from "./labels.js";
import { MessageList } from "./messages.js";
import { showModals } from "./modal.js";
import { drawSidebar } from "./sidebar.js";
import { connect, on, send, store } from "./store.js";
import { Surface } from "./surface.js";

const sidebar = document.getElementById("sidebar");
const pane = document.getElementById("pane");
const threadPane = document.getElementById("thread");
const banner = document.getElementById("banner");
const announcer = document.getElementById("announcer");

const page = {
  place: "C0CIOPS",
  tab: "home",
  list: null,
  thread: null,
  home: null,
};

const places = {
  unread: new Set(),
  current: () => page.place,
  open(id) {
    page.place = id;
    page.tab = "home";
    places.unread.delete(id);
    sidebar.classList.remove("open");
    closeThread();
    drawPane();
    drawSidebar(sidebar, places);
    document.getElementById("composer-main")?.focus();
  },
};

// The conversation that is shown, undefined on the home tab.
function conversation() {
  if (page.place !== "app") return page.place;
  return page.tab === "messages" ? store.directChannel().id : undefined;
}

function drawPane() {
  page.list = null;
  page.home = null;
  const channel = store.channel(page.place);
  const head = h(
    "header",
    { class: "pane-head" },
    h("button", { type: "button", class: "tool burger", "aria-label": "Show channels", onclick: () => sidebar.classList.toggle("open") }, "☰"),
    h("h1", {}, channel ? `# ${channel.name}` : store.state.app.name),
    channel && h("span", { class: "members" }, `${channel.num_members} members`),
    !channel && tabs(),
  );
  const body = conversation() ? conversationPane(conversation()) : homePane();
  pane.replaceChildren(head, ...body);
  page.list?.fill(store.messages(conversation()).filter(page.list.belongs));
}

function conversationPane(id) {
  const channel = store.channel(id);
  const name = channel.is_im ? store.state.app.name : `#${channel.name}`;
  page.list = new MessageList((message) => standsIn(message, id), openThread, `Messages in ${name}`);
  if (channel.is_archived) return [page.list.node, h("p", { class: "archived" }, "This channel is archived.")];
  return [page.list.node, new Composer("composer-main", `Message ${name}`, () => ({ channel: id })).node];
}

// A reply shows in its thread only; the parent names itself as its thread once it has replies.
function standsIn(message, channel) {
  return message.channel === channel && (!message.thread_ts || message.thread_ts === message.ts);
}

function tabs() {
  const tab = (id, label) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        "aria-selected": String(page.tab === id),
        "data-testid": `tab-${id}`,
        onclick: () => {
          page.tab = id;
          drawPane();
        },
      },
      label,
    );
  return h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages"));
}

function homePane() {
  page.home = h("div", { class: "home", "data-testid": "home" });
  send("home", {});
  drawHome();
  return [page.home];
}

let homeSurface = null;

function drawHome() {
  if (!page.home) return;
  const view = store.state.homes[store.me];
  if (!view) {
    page.home.replaceChildren(h("p", { class: "empty" }, `${store.state.app.name} has not shown anything here yet.`));
    return;
  }
  if (homeSurface?.identity.view_id !== view.id) homeSurface = new Surface({ view_id: view.id }, send);
  homeSurface.redraw();
  page.home.replaceChildren(renderBlocks(view.blocks, homeSurface));
}

function openThread(message) {
  const { channel, ts } = message;
  const belongs = (each) => each.channel === channel && (each.ts === ts || each.thread_ts === ts);
  const list = new MessageList(belongs, null, "Messages in the thread");
  const composer = new Composer("composer-thread", "Reply…", () => ({ channel, thread_ts: ts }));
  page.thread = { channel, ts, list };
  threadPane.hidden = false;
  threadPane.replaceChildren(
    h(
      "header",
      { class: "pane-head" },
      h("h2", {}, "Thread"),
      h("button", { type: "button", class: "tool", "aria-label": "Close thread", "data-testid": "close-thread", onclick: closeThread }, "✕"),
    ),
    list.node,
    composer.node,
  );
  list.fill(store.messages(channel).filter(belongs));
  composer.focus();
}

function closeThread() {
  page.thread = null;
  threadPane.hidden = true;
  threadPane.replaceChildren();
}

function drawBanner(text) {
  banner.hidden = !text;
  banner.textContent = text;
}

on("reset", () => {
  drawBanner(store.state.faults.outage ? OUTAGE : "");
  drawSidebar(sidebar, places);
  const thread = page.thread;
  drawPane();
  closeThread();
  const parent = thread && store.message(thread.channel, thread.ts);
  if (parent) openThread(parent);
});
on("message", (message) => {
  if (message.visible_to !== null && message.visible_to !== store.me) return;
  page.list?.show(message);
  page.thread?.list.show(message);
  if (message.user !== store.me) announcer.replaceChildren(h("p", {}, summary(message, store.userName(message.user))));
  markUnread(message.channel);
});
on("removed", ({ channel, ts }) => {
  if (conversation() === channel) page.list?.remove(ts);
  page.thread?.list.remove(ts);
  if (page.thread?.ts === ts) closeThread();
});
on("home", drawHome);
on("channel", () => {
  drawSidebar(sidebar, places);
  drawPane();
});
on("connections", () => drawSidebar(sidebar, places));
on("faults", (faults) => drawBanner(faults.outage ? OUTAGE : ""));
on("lost", () => drawBanner("Connection lost. Reconnecting…"));

const OUTAGE = "A Slack outage is being rehearsed: apps cannot reach this workspace.";

function markUnread(channelId) {
  const channel = store.channel(channelId);
  if (channel.is_im && channel.user !== store.me) return;
  const place = channel.is_im ? "app" : channelId;
  if (place === page.place) return;
  places.unread.add(place);
  drawSidebar(sidebar, places);
}

showModals();
connect();
