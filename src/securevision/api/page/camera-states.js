// What each state of a camera is called, and how it is coloured.

const CAMERA_STATES = {
  live: ["good", "live"],
  connecting: ["wait", "connecting"],
  stalled: ["bad", "sends nothing"],
  backing_off: ["bad", "not reachable"],
  refused: ["bad", "refused us"],
  ended: ["wait", "ended"],
  disabled: ["wait", "switched off"],
};

/** Return the tone and the words of a state. */
export function describeState(state) {
  return CAMERA_STATES[state] ?? ["wait", state];
}
