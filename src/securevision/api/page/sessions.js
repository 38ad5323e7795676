// The part of the account page about the browsers that are signed in.

import { browserName } from "/page/agents.js";
import { fill, momentOf, row } from "/page/rows.js";
import { signOut } from "/page/session.js";
import { call } from "/page/step-up.js";

const SESSIONS = "/api/v1/sessions";

const at = (id) => document.getElementById(id);
const fault = at("sessions-fault");

/** Show one's own sessions. */
export async function showSessions() {
  const { sessions } = await call("GET", SESSIONS);
  fill(at("sessions-list"), sessions.map(sessionRow));
}

function sessionRow({ id, current, level, agent, network, created_ms, seen_ms }) {
  const marks = current ? ["this browser"] : level === "full" ? [] : ["not fully signed in"];
  const lines = [`From ${network}, since ${momentOf(created_ms)}`, `Last used ${momentOf(seen_ms)}`];
  const acts = [current ? { label: "Sign out", work: signOut } : { label: "End", work: () => end(id) }];
  return row({ name: browserName(agent), marks, lines, acts, fault });
}

async function end(id) {
  await call("DELETE", `${SESSIONS}/${id}`);
  await showSessions();
}
