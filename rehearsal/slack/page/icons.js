// The symbols that operations messages use most, drawn, so that they look the same where no emoji font is installed.
// Each is a list of [path, fill] or [path, "none", stroke] in a 16 by 16 box.

const RED = "#d64541";
const AMBER = "#f0a92e";
const GREEN = "#2a9d6f";
const BLUE = "#3b78c9";
const DARK = "#3a4152";
const GREY = "#aab1be";
const WHITE = "#ffffff";
const BROWN = "#b07a3c";

const CIRCLE = "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2z";
const SQUARE = "M3.5 2h9A1.5 1.5 0 0 1 14 3.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12.5v-9A1.5 1.5 0 0 1 3.5 2z";
const DIAMOND = "M8 4l4 4-4 4-4-4z";
const TRIANGLE = "M8 1.5L15 14H1z";
const CLOCK = [[CIRCLE, WHITE, DARK], ["M8 5v3.2l2.2 1.4", "none", DARK]];
const LOCK = ["M3.5 7h9v7h-9z", AMBER];

const ICONS = {
  white_check_mark: [[SQUARE, GREEN], ["M4.8 8.2l2.3 2.3 4.2-4.8", "none", WHITE]],
  heavy_check_mark: [["M3 8.5l3.3 3.3L13 4.5", "none", DARK]],
  x: [["M3.5 3.5l9 9m0-9l-9 9", "none", RED]],
  warning: [[TRIANGLE, AMBER], ["M8 6v3.6m0 1.9v.3", "none", DARK]],
  no_entry: [[CIRCLE, RED], ["M5 8h6", "none", WHITE]],
  octagonal_sign: [["M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5z", RED]],
  no_entry_sign: [[CIRCLE, WHITE, RED], ["M4 4l8 8", "none", RED]],
  question: [["M5.5 5.5a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7m0 2.8v.3", "none", RED]],
  information_source: [[SQUARE, BLUE], ["M8 7v4.5M8 4.5v.3", "none", WHITE]],
  hourglass_flowing_sand: [["M4 2h8c0 3-2 4-3 6 1 2 3 3 3 6H4c0-3 2-4 3-6-1-2-3-3-3-6z", "#f6e3bf", BROWN], ["M6 5.5h4L8 8zM5.5 13l2.5-2 2.5 2z", AMBER]],
  stopwatch: [...CLOCK, ["M8 2V.8M6.5.8h3", "none", DARK]],
  alarm_clock: [...CLOCK, ["M2 3.5L4 2m10 1.5L12 2", "none", RED]],
  clock1: CLOCK,
  large_green_circle: [[CIRCLE, GREEN]],
  large_yellow_circle: [[CIRCLE, "#f4cf3d"]],
  large_orange_circle: [[CIRCLE, AMBER]],
  red_circle: [[CIRCLE, RED]],
  large_blue_circle: [[CIRCLE, BLUE]],
  white_circle: [[CIRCLE, WHITE, GREY]],
  black_circle: [[CIRCLE, DARK]],
  radio_button: [[CIRCLE, WHITE, BLUE], ["M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 1 0 0-5z", BLUE]],
  large_green_square: [[SQUARE, GREEN]],
  large_yellow_square: [[SQUARE, "#f4cf3d"]],
  large_red_square: [[SQUARE, RED]],
  large_orange_square: [[SQUARE, AMBER]],
  large_blue_square: [[SQUARE, BLUE]],
  white_large_square: [[SQUARE, WHITE, GREY]],
  black_large_square: [[SQUARE, DARK]],
  small_blue_diamond: [[DIAMOND, BLUE]],
  small_orange_diamond: [[DIAMOND, AMBER]],
  arrow_forward: [[SQUARE, BLUE], ["M6 4.5l5.5 3.5L6 11.5z", WHITE]],
  arrow_right: [[SQUARE, BLUE], ["M4 8h7.5M8.5 5l3 3-3 3", "none", WHITE]],
  fast_forward: [[SQUARE, BLUE], ["M4 4.5L8 8l-4 3.5zM8 4.5L12 8l-4 3.5z", WHITE]],
  rewind: [[SQUARE, BLUE], ["M12 4.5L8 8l4 3.5zM8 4.5L4 8l4 3.5z", WHITE]],
  leftwards_arrow_with_hook: [[SQUARE, BLUE], ["M6.5 4.5L4 7l2.5 2.5M4 7h5.5a2.3 2.3 0 0 1 0 4.5H7", "none", WHITE]],
  pause_button: [[SQUARE, BLUE], ["M6 5v6m4-6v6", "none", WHITE]],
  stop_button: [[SQUARE, BLUE], ["M5 5h6v6H5z", WHITE]],
  arrows_counterclockwise: [[SQUARE, BLUE], ["M11.5 6A4 4 0 0 0 4.3 7M4.5 10a4 4 0 0 0 7.2-1M4.3 4.5V7h2.4m5 4.5V9H9.3", "none", WHITE]],
  twisted_rightwards_arrows: [[SQUARE, BLUE], ["M4 10.5h2l4-5h2m-8 0h2l4 5h2M10.8 4l1.5 1.5L10.8 7m0 2l1.5 1.5-1.5 1.5", "none", WHITE]],
  lock: [LOCK, ["M5.5 7V5a2.5 2.5 0 0 1 5 0v2", "none", DARK]],
  unlock: [LOCK, ["M5.5 7V4.5a2.5 2.5 0 0 1 4.8-1", "none", DARK]],
  key: [["M5 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 1 0 0-5zM7.5 8H14v2.5M11.5 8v2", "none", BROWN]],
  shield: [["M8 1.5l5.5 2v4.2c0 3.3-2.3 5.6-5.5 6.8-3.2-1.2-5.5-3.5-5.5-6.8V3.5z", BLUE]],
  bell: [["M8 2a4 4 0 0 1 4 4v3.5l1.5 2h-11l1.5-2V6a4 4 0 0 1 4-4zM6.5 12.5h3a1.5 1.5 0 0 1-3 0z", AMBER]],
  rotating_light: [["M3 12.5h10V14H3z", DARK], ["M4.5 12V8a3.5 3.5 0 0 1 7 0v4z", RED], ["M8 3V1.5M3.5 4L2.3 3m10.2 1l1.2-1", "none", RED]],
  rocket: [["M8 1c2.6 2.2 3 5.5 2.5 9h-5C5 6.5 5.4 3.2 8 1z", GREY], ["M5.5 7.5L3 11.5l2.6-.6m4.9-3.4l2.5 4-2.6-.6", RED], ["M6.5 11h3L8 15z", AMBER]],
  tada: [["M2 14l3.5-8L10 10.5z", AMBER], ["M9 6.5c2-.5 2-2 1.5-3.5M11 9c1-.8 2.3-.8 3.3-.2M12 5.5l1.5-1.5", "none", RED]],
  checkered_flag: [["M3 15V2", "none", DARK], ["M3.5 2h3v3h-3zm6 0h3v3h-3zm-3 3h3v3h-3z", DARK], ["M3.5 2h9v6h-9z", "none", DARK]],
  package: [["M2 4.5L8 2l6 2.5v7L8 14l-6-2.5z", BROWN], ["M2 4.5L8 7l6-2.5M8 7v7", "none", "#7d5325"]],
  floppy_disk: [[SQUARE, DARK], ["M5 2h6v4H5zM4.5 9h7v5h-7z", WHITE]],
  wrench: [["M13.5 4.5a3.2 3.2 0 0 1-4.3 3.6l-4.7 5-1.6-1.6 5-4.7a3.2 3.2 0 0 1 3.6-4.3l-1.8 1.8.3 1.7 1.7.3z", GREY]],
  gear: [[CIRCLE, GREY], ["M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 1 0 0-4.4z", WHITE]],
  broom: [["M13 2L8.5 7.5", "none", BROWN], ["M6.5 6l4 3.5-3.5 5L2 10z", AMBER]],
  test_tube: [["M10 2l4 4-7.5 7.5a2.8 2.8 0 0 1-4-4z", "#d9efe6", DARK], ["M5 7.5h6L6.5 12.5a1.8 1.8 0 0 1-3-2z", GREEN]],
  bar_chart: [["M2.5 9h3v5h-3z", GREEN], ["M6.5 4h3v10h-3z", BLUE], ["M10.5 7h3v7h-3z", RED]],
  chart_with_upwards_trend: [[SQUARE, WHITE, GREY], ["M4 11l2.5-3 2 1.5L12 5", "none", RED]],
  chart_with_downwards_trend: [[SQUARE, WHITE, GREY], ["M4 5l2.5 3 2-1.5L12 11", "none", BLUE]],
  scales: [["M8 2v12M4.5 14h7M3 4.5h10M3 4.5L1.5 9h3zm10 0L11.5 9h3z", "none", DARK]],
  memo: [["M3 2h8v12H3z", WHITE, GREY], ["M5 5h4M5 7.5h4", "none", GREY], ["M9 11.5l4.5-5 1.5 1.3-4.5 5-2 .6z", AMBER]],
  mag: [["M7 3a4 4 0 1 0 0 8 4 4 0 1 0 0-8z", "#dcebfa", DARK], ["M10 10l4 4", "none", DARK]],
  eyes: [["M4.5 3C1.5 3 1.5 13 4.5 13s3-10 0-10zM11.5 3c-3 0-3 10 0 10s3-10 0-10z", WHITE, DARK], ["M5 7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 1 0 0-3zM12 7a1.5 1.5 0 1 0 0 3 1.5 1.5 0 1 0 0-3z", DARK]],
  eye: [["M1.5 8C4 4 12 4 14.5 8 12 12 4 12 1.5 8z", "none", "currentColor"], ["M8 6.3a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 1 0 0-3.4z", "currentColor"]],
  speech_balloon: [["M2.5 3h11v8H8l-3 2.8V11H2.5z", "none", "currentColor"]],
  link: [["M6.5 9.5l3-3M7 5l1.8-1.8a2.5 2.5 0 0 1 3.6 3.6L10.5 8.5M9 11l-1.8 1.8a2.5 2.5 0 0 1-3.6-3.6L5.5 7.5", "none", DARK]],
  fire: [["M8 1c1 3 4.5 4.5 4.5 8.5a4.5 4.5 0 0 1-9 0C3.5 7 5 6.5 5.5 4.5 7 5.5 8 3.5 8 1z", RED], ["M8 8c1 1.5 2 2 2 3.5a2 2 0 0 1-4 0C6 10 7.5 9.5 8 8z", AMBER]],
  star: [["M8 1.5l2 4.3 4.7.6-3.4 3.2.8 4.7L8 12l-4.1 2.3.8-4.7L1.3 6.4l4.7-.6z", AMBER]],
  zap: [["M9 1L3 9h4l-1 6 7-8.5H8.5z", AMBER]],
  raised_hand: [["M4 8V5h1.5V3H7V2h1.5v1H10v1h1.5v6c0 3-1.5 4.5-4 4.5S3.5 12 2.5 9z", "#f3c677", BROWN]],
  thumbsup: [["M2 7.5h2.5v6H2zM5 7.5L8 2c1.5 0 1.5 1.5 1 4h4.5l-1 7.5H5z", "#f3c677", BROWN]],
  heart: [["M8 14L2.3 8.2a3.4 3.4 0 0 1 5.7-3.5 3.4 3.4 0 0 1 5.7 3.5z", RED]],
};

const ALIASES = {
  "+1": "thumbsup",
  hand: "raised_hand",
  hourglass: "hourglass_flowing_sand",
  stop_sign: "octagonal_sign",
  clock3: "clock1",
  recycle: "arrows_counterclockwise",
  repeat: "arrows_counterclockwise",
  green_heart: "heart",
};

const NAMESPACE = "http://www.w3.org/2000/svg";

// null when there is no drawing of that name. label is for screen readers; without one the icon is decoration.
export function icon(name, label) {
  const paths = ICONS[ALIASES[name] ?? name];
  if (!paths) return null;
  const svg = document.createElementNS(NAMESPACE, "svg");
  const attributes = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  for (const [key, value] of Object.entries({ class: "icon", viewBox: "0 0 16 16", ...attributes })) svg.setAttribute(key, value);
  for (const [data, fill, stroke] of paths) {
    const path = document.createElementNS(NAMESPACE, "path");
    path.setAttribute("d", data);
    path.setAttribute("fill", fill);
    if (stroke) path.setAttribute("stroke", stroke);
    svg.append(path);
  }
  return svg;
}
