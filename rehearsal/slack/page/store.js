// What the page knows, kept live by the workspace's stream of changes.

const listeners = new Map();

export const store = {
  state: null,
  me: localStorage.getItem("me") ?? "U0ANN",

  user: (id) => store.state.users.find((user) => user.id === id),
  userName: (id) => store.user(id)?.real_name ?? (id === "USLACKBOT" ? "Slackbot" : id),
  channel: (id) => store.state.channels.find((channel) => channel.id === id),
  channelName: (id) => store.channel(id)?.name,
  groupName: (id) => "@" + (store.state.groups.find((group) => group.id === id)?.handle ?? id),
  directChannel: () => store.state.channels.find((channel) => channel.user === store.me),
  messages: (channel) => store.state.messages[channel].filter((message) => [null, store.me].includes(message.visible_to)),
  message: (channel, ts) => store.state.messages[channel].find((message) => message.ts === ts),

  setUser(id) {
    store.me = id;
    localStorage.setItem("me", id);
    tell("reset");
  },
};

// Kinds: reset (everything changed), message, removed, modals, home, channel, connections, faults, lost.
export function on(kind, call) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), call]);
}

function tell(kind, data) {
  for (const call of listeners.get(kind) ?? []) call(data);
}

const APPLY = {
  message(message) {
    const list = store.state.messages[message.channel];
    const at = list.findIndex((each) => each.ts === message.ts);
    if (at < 0) list.push(message);
    else list[at] = message;
  },
  removed({ channel, ts }) {
    store.state.messages[channel] = store.state.messages[channel].filter((message) => message.ts !== ts);
  },
  modals({ user, views }) {
    store.state.modals[user] = views;
  },
  home({ user, view }) {
    store.state.homes[user] = view;
  },
  channel(channel) {
    store.state.channels = store.state.channels.map((each) => (each.id === channel.id ? channel : each));
  },
  connections({ connections }) {
    store.state.connections = connections;
  },
  faults(faults) {
    store.state.faults = faults;
  },
};

export function connect() {
  const stream = new EventSource("/workspace/events");
  // The stream tells only of changes, so each (re)connection begins with everything.
  stream.addEventListener("ready", async () => {
    store.state = await (await fetch("/workspace/state")).json();
    tell("reset");
  });
  stream.addEventListener("error", () => tell("lost"));
  for (const [kind, apply] of Object.entries(APPLY)) {
    stream.addEventListener(kind, (event) => {
      if (!store.state) return;
      const data = JSON.parse(event.data);
      apply(data);
      tell(kind, data);
    });
  }
}

// Answers {ok, …} also where the workspace cannot be reached.
export async function send(verb, body) {
  try {
    const response = await fetch(`/workspace/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.me, ...body }),
    });
    return await response.json();
  } catch {
    return { ok: false, notice: "You are offline: the workspace does not answer." };
  }
}
