// Browsers by the names that people know.

const BROWSERS = [["Firefox", /Firefox\//], ["Edge", /Edg\//], ["Opera", /OPR\//], ["Chrome", /Chrom(e|ium)\//], ["Safari", /Safari\//]];
const SYSTEMS = [["Android", /Android/], ["iPhone", /iPhone/], ["iPad", /iPad/], ["Windows", /Windows/], ["Mac", /Mac OS X/], ["Linux", /Linux|X11/]];

/** Return a browser and its system, such as "Firefox on Linux". */
export function browserName(agent) {
  const find = (known) => known.find(([, sign]) => sign.test(agent))?.[0];
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)];
  return browser && system ? `${browser} on ${system}` : browser ?? "Unknown browser";
}
