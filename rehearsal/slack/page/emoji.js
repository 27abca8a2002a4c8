// The emoji short codes that operations messages use most. An unknown code stays as it was written.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const TABLE = `
+1👍 -1👎 alarm_clock⏰ arrow_backward◀️ arrow_down⬇️ arrow_forward▶️ arrow_left⬅️ arrow_right➡️ arrow_up⬆️
arrows_counterclockwise🔄 back🔙 ballot_box_with_check☑️ bar_chart📊 bell🔔 black_circle⚫ black_large_square⬛
black_square_button🔲 blue_book📘 blue_heart💙 bomb💣 boom💥 broom🧹 bug🐛 bulb💡 calendar📅
chart_with_downwards_trend📉 chart_with_upwards_trend📈 checkered_flag🏁 clap👏 clipboard📋 clock1🕐 clock3🕒
closed_lock_with_key🔐 cloud☁️ construction🚧 eyes👀 fast_forward⏩ file_folder📁 fire🔥 fire_engine🚒 floppy_disk💾
gear⚙️ globe_with_meridians🌐 green_apple🍏 green_book📗 green_heart💚 hammer🔨 hammer_and_wrench🛠️ hand✋ heart❤️
heavy_check_mark✔️ heavy_minus_sign➖ heavy_plus_sign➕ hourglass⌛ hourglass_flowing_sand⏳ information_source ℹ️
information_source_alt ℹ️ key🔑 label🏷️ large_blue_circle🔵 large_blue_square🟦 large_green_circle🟢
large_green_square🟩 large_orange_circle🟠 large_orange_square🟧 large_red_square🟥 leftwards_arrow_with_hook↩️ large_yellow_circle🟡 large_yellow_square🟨 link🔗 lock🔒
loudspeaker📢 mag🔍 mega📣 memo📝 moneybag💰 mute🔇 new🆕 no_entry⛔ no_entry_sign🚫 octagonal_sign🛑 ok🆗 ok_hand👌
package📦 page_facing_up📄 parachute🪂 pause_button⏸️ paperclip📎 play_or_pause_button⏯️ point_down👇 point_right👉
pray🙏 purple_heart💜 pushpin📌 question❓ radio_button🔘 raised_hand✋ raised_hands🙌 recycle♻️ red_circle🔴
repeat🔁 rewind⏪ rocket🚀 rotating_light🚨 satellite📡 scales⚖️ scroll📜 shield🛡️ skull💀 slightly_smiling_face🙂
small_blue_diamond🔹 small_orange_diamond🔸 smile😄 snail🐌 snowflake❄️ sos🆘 sparkles✨ speech_balloon💬 star⭐
stop_button⏹️ stop_sign🛑 stopwatch⏱️ straight_ruler📏 tada🎉 test_tube🧪 thinking_face🤔 thread🧵 thumbsdown👎
thumbsup👍 timer_clock⏲️ traffic_light🚥 triangular_flag_on_post🚩 twisted_rightwards_arrows🔀 unlock🔓
vertical_traffic_light🚦 warning⚠️ wastebasket🗑️ watch⌚ wave👋 white_check_mark✅ white_circle⚪
white_large_square⬜ wrench🔧 x❌ zap⚡ zzz💤
`;

const EMOJI = new Map(
  [...TABLE.matchAll(/([a-z0-9_+-]+) ?([^\sa-z0-9_+-]+)/g)].map(([, name, symbol]) => [name, symbol]),
);

// The name of a symbol that is written as itself, for those that have one.
const NAMES = new Map([...EMOJI].map(([name, symbol]) => [symbol, name]).reverse());
const WRITTEN = new RegExp([...NAMES.keys()].sort((a, b) => b.length - a.length).join("|"), "g");

// As a node: drawn where there is a drawing, else as the symbol; the code itself when it is unknown.
export function emoji(name) {
  const symbol = EMOJI.get(name);
  if (!symbol) return icon(name, spoken(name)) ?? `:${name}:`;
  return icon(name, spoken(name)) ?? h("span", { class: "emoji", title: `:${name}:` }, symbol);
}

// Text in which symbols stand as themselves.
export function withEmoji(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(WRITTEN)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    nodes.push(emoji(NAMES.get(match[0])));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

function spoken(name) {
  return name.replaceAll("_", " ");
}
